// Random worlds and questions: the decision and the slow second one agree on every single answer, on the rule that allowed and
// on whom it allowed; every reason and every way to be allowed comes up, and how often is printed.
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { decide, decideAsker, explain } from '../../src/access/decide.ts'
import { ALLOW_RULES, type Allowed, type Decision } from '../../src/access/decision.ts'
import { REASONS } from '../../src/access/reasons.ts'
import { momentOf, questionOf, snapshotOf } from './plain-as-facts.ts'
import { type Case, randomCase } from './random-world.ts'
import { type Opinion, secondOpinion, secondOpinionOnAsker } from './second-opinion.ts'

const PAIRS = 100_000
const AT_LEAST = 200
/** Explaining takes as long as deciding twice: one of so many is compared. */
const EXPLAINED_OF = 10
/** Tokens may be this much over their time. */
const LEEWAY_SECONDS = 60
const TEN_YEARS_SECONDS = 315_360_000

it(`agrees with the second opinion on ${PAIRS} pairs of a world and a question`, { timeout: 300_000 }, () => {
  const hits = new Map<string, number>([
    ...Object.keys(REASONS).map((reason): [string, number] => [reason, 0]),
    ...ALLOW_RULES.map((rule): [string, number] => [`ALLOWED ${rule}`, 0]),
  ])
  const count = (what: string): void => void hits.set(what, (hits.get(what) ?? 0) + 1)
  const pairs = new Set<string>()
  const worlds = new Set<string>()
  for (let seed = 0; pairs.size < PAIRS; seed++) {
    const one = randomCase(seed)
    const world = digest(one.world)
    const pair = digest([world, one.question])
    if (pairs.has(pair)) continue
    pairs.add(pair)
    worlds.add(world)
    const decision = compared(seed, one)
    count(decision.reason)
    if (decision.decision === 'allow') count(`ALLOWED ${decision.matchedRule}`)
  }
  process.stdout.write(`${pairs.size} pairs, ${worlds.size} worlds\n${histogram(hits)}`)
  for (const [what, times] of hits) expect(times, what).toBeGreaterThanOrEqual(AT_LEAST)
})

function compared(seed: number, one: Case): Decision {
  const snapshot = snapshotOf(one.world)
  const [question, at] = [questionOf(one.question), momentOf(one.world)]
  const decision = decide(snapshot, question, at)
  const opinion = secondOpinion(one.world, one.question)
  if (JSON.stringify(answerOf(decision)) !== JSON.stringify(opinion)) {
    const { steps } = explain(snapshot, question, at)
    expect.fail(`seed ${seed}: ${JSON.stringify({ opinion, decision, last: steps.at(-1), ...one })}`)
  }
  if (seed % EXPLAINED_OF === 0) expect(explain(snapshot, question, at).decision, `seed ${seed}`).toEqual(decision)
  if (decision.decision === 'allow') expectToLast(seed, one, decision)

  const asker = decideAsker(snapshot, question.credentials.certificate, question.route, at)
  const reason = asker.kind === 'refused' ? asker.reason : ''
  if (reason !== secondOpinionOnAsker(one.world, one.question)) {
    expect.fail(`seed ${seed}: as an asker ${reason}, and not ${secondOpinionOnAsker(one.world, one.question)}`)
  }
  return decision
}

function answerOf(decision: Decision): Opinion {
  if (decision.decision === 'deny') return { reason: decision.reason, way: '', who: '' }
  return { reason: decision.reason, way: decision.matchedRule, who: decision.subject?.name ?? '' }
}

/** To the end that it names the answer stands, and not much longer; one without an end stands for good. */
function expectToLast(seed: number, { world, question }: Case, { validUntil, matchedRule }: Allowed): void {
  const wayAt = (now: number): string => secondOpinion({ ...world, now }, question).way
  if (validUntil === undefined) {
    if (wayAt(world.now + TEN_YEARS_SECONDS) !== matchedRule) expect.fail(`seed ${seed}: has an end, and names none`)
    return
  }
  const end = validUntil.getTime() / 1000
  if (end > world.now && wayAt(end - 0.001) !== matchedRule) expect.fail(`seed ${seed}: ends before its end`)
  if (wayAt(end + LEEWAY_SECONDS + 0.001) === matchedRule) expect.fail(`seed ${seed}: outlives its end`)
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64')
}

function histogram(hits: ReadonlyMap<string, number>): string {
  const rows = [...hits].map(([what, times]) => `${what.padEnd(28)}${String(times).padStart(7)}`)
  return `${rows.join('\n')}\n`
}
