// What the comparison of decide.property.test.ts is worth: decisions with one small mistake each, made by exchanging, moving or
// leaving out steps of the table. Each has to differ from the second opinion within the same random worlds.
import { describe, expect, it } from 'vitest'
import { checkCommonName, checkDelegation } from '../../src/access/acting-checks.ts'
import { checkFresh, checkHeldRoute, checkPath, checkPresent, checkUnprotected } from '../../src/access/call-checks.ts'
import {
  checkApiKeys,
  checkOnePrincipal,
  checkRevocation,
  checkSubject,
  checkTokens,
} from '../../src/access/credential-checks.ts'
import { decideBy } from '../../src/access/decide.ts'
import type { Question } from '../../src/access/decision.ts'
import { type Inquiry, principalIn, routed } from '../../src/access/inquiry.ts'
import {
  checkExternalAccess,
  checkExternalGroup,
  checkHidden,
  checkModelGroup,
  checkProject,
  checkQuota,
  checkScope,
  checkSignInAge,
  checkSuperadmin,
  servesHidden,
} from '../../src/access/right-checks.ts'
import type { Snapshot } from '../../src/access/snapshot.ts'
import { type Step, STEPS } from '../../src/access/steps.ts'
import { NO_QUARANTINE } from '../../src/domain/quarantine.ts'
import { momentOf, questionOf, snapshotOf } from './plain-as-facts.ts'
import { randomCase } from './random-world.ts'
import { secondOpinion } from './second-opinion.ts'

/** As many as decide.property.test.ts tries. */
const WORLDS = 100_000

type Check = Step['check']
type Mutant = readonly [what: string, steps: readonly Step[]]

const MUTANTS: readonly Mutant[] = [
  [
    'grants are looked at before external access is (15a and 15b swapped)',
    swapped(checkExternalAccess, checkExternalGroup),
  ],
  [
    'an old sign-in is told before the missing grant (15b and 15c swapped)',
    swapped(checkExternalGroup, checkSignInAge),
  ],
  ['a common name is compared without case', changed(checkCommonName, (check) => foldsCase(check))],
  ['members need not be current', changed(checkSubject, (check) => exceptFor(check, ofKind('member')))],
  ['a blocked user goes on', changed(checkSubject, (check) => forgiving(check, 'SUBJECT_BLOCKED'))],
  ['scopes are not looked at', without(checkScope)],
  ['a hidden model is called from every project', changed(checkProject, (check) => exceptFor(check, servesHidden))],
  [
    'a hidden model is called from outside without a group',
    changed(checkExternalGroup, (check) => exceptFor(check, servesHidden)),
  ],
  [
    'the group of a hidden model is looked at',
    changed(checkModelGroup, (check) => (inquiry) => check(unhidden(inquiry))),
  ],
  ['a hidden model is managed', without(checkHidden)],
  ['a sign-in ends a millisecond early', changed(checkSignInAge, (check) => (inquiry) => check(later(inquiry, 1)))],
  ['a sign-in ends a millisecond late', changed(checkSignInAge, (check) => (inquiry) => check(later(inquiry, -1)))],
  ['a token is not held to its certificate', changed(checkTokens, (check) => forgiving(check, 'TOKEN_BINDING'))],
  ['a certificate on hold is good', changed(checkRevocation, (check) => (inquiry) => check(withoutHolds(inquiry)))],
  ['unprotected paths take a POST', changed(checkUnprotected, (check) => (inquiry) => check(asGet(inquiry)))],
  ['a bad key is rescued by a certificate', changed(checkApiKeys, (check) => exceptFor(check, showsCertificate))],
  ['credentials of two principals are accepted', without(checkOnePrincipal)],
  ['a path that is not canonical goes on', without(checkPath)],
  ['a stranger is told that there is no such deployment', moved(checkHeldRoute, checkPresent)],
  ['whoever calls delegates', without(checkDelegation)],
  [
    'a superadmin is believed from what a proxy tells',
    changed(checkSuperadmin, (check) => (inquiry) => check(direct(inquiry))),
  ],
  ['a quarantine is not looked at', changed(checkFresh, (check) => (inquiry) => check(trusted(inquiry)))],
  ['a quota lets one more through', changed(checkQuota, (check) => (inquiry) => check(oneCallFewer(inquiry)))],
]

describe('a decision is caught in which', () => {
  it.each(MUTANTS)('%s', (_, steps) => {
    expect(firstDifference(steps)).toBeDefined()
  })
})

it('are caught by their mistakes: the decision itself is not', () => {
  for (let seed = 0; seed < 1_000; seed++) expect(differs(STEPS, seed), `seed ${seed}`).toBe(false)
})

function firstDifference(steps: readonly Step[]): number | undefined {
  for (let seed = 0; seed < WORLDS; seed++) if (differs(steps, seed)) return seed
  return undefined
}

function differs(steps: readonly Step[], seed: number): boolean {
  const { world, question } = randomCase(seed)
  const decision = decideBy(steps, snapshotOf(world), questionOf(question), momentOf(world))
  const { reason, way } = secondOpinion(world, question)
  return decision.reason !== reason || (decision.decision === 'allow' && decision.matchedRule !== way)
}

/** A mutant of a step that is no longer there would be the decision itself. */
function indexOf(check: Check): number {
  const found = STEPS.filter((step) => step.check === check)
  if (found.length !== 1) throw new Error(`${check.name} is ${found.length} steps`)
  return STEPS.findIndex((step) => step.check === check)
}

function without(check: Check): readonly Step[] {
  return STEPS.toSpliced(indexOf(check), 1)
}

function changed(check: Check, change: (check: Check) => Check): readonly Step[] {
  indexOf(check)
  return STEPS.map((step) => (step.check === check ? { ...step, check: change(check) } : step))
}

function moved(check: Check, before: Check): readonly Step[] {
  const [taken] = STEPS.slice(indexOf(check))
  if (taken === undefined) throw new Error('nothing to move')
  return STEPS.flatMap((step) => (step.check === before ? [taken, step] : step.check === check ? [] : [step]))
}

function swapped(one: Check, other: Check): readonly Step[] {
  const steps = [...STEPS]
  const [first, second] = [steps[indexOf(one)], steps[indexOf(other)]]
  if (first === undefined || second === undefined) throw new Error('nothing to swap')
  return STEPS.map((step) => (step === first ? second : step === second ? first : step))
}

function exceptFor(check: Check, which: (inquiry: Inquiry) => boolean): Check {
  return (inquiry) => (which(inquiry) ? 'passed' : check(inquiry))
}

function forgiving(check: Check, reason: string): Check {
  return (inquiry) => {
    const outcome = check(inquiry)
    return outcome === reason ? 'passed' : outcome
  }
}

function ofKind(kind: string): (inquiry: Inquiry) => boolean {
  return (inquiry) => principalIn(inquiry).kind === kind
}

function showsCertificate({ question }: Inquiry): boolean {
  return question.credentials.certificate !== 'absent'
}

function foldsCase(check: Check): Check {
  return (inquiry) => {
    const { actingUser } = inquiry.question
    const name = principalIn(inquiry).name
    const isSame = actingUser.kind === 'named' && actingUser.name.toLowerCase() === name.toLowerCase()
    return isSame ? check(asking(inquiry, { actingUser: { kind: 'named', name } })) : check(inquiry)
  }
}

function asking(inquiry: Inquiry, more: Partial<Question>): Inquiry {
  return { ...inquiry, question: { ...inquiry.question, ...more } }
}

function asGet(inquiry: Inquiry): Inquiry {
  const { call } = inquiry.question
  return call.method === 'POST' ? asking(inquiry, { call: { ...call, method: 'GET' } }) : inquiry
}

function oneCallFewer(inquiry: Inquiry): Inquiry {
  return asking(inquiry, { callsThisMinute: inquiry.question.callsThisMinute - 1 })
}

function direct(inquiry: Inquiry): Inquiry {
  const { credentials } = inquiry.question
  return asking(inquiry, { credentials: { ...credentials, certificateSeen: 'on-this-connection' } })
}

function later(inquiry: Inquiry, milliseconds: number): Inquiry {
  const { wall, monotonic } = inquiry.at
  return { ...inquiry, at: { wall: new Date(wall.getTime() + milliseconds), monotonic } }
}

function withoutHolds(inquiry: Inquiry): Inquiry {
  return seeing(inquiry, {
    revocation: (issuer, serial) => {
      const status = inquiry.snapshot.revocation(issuer, serial)
      return status === 'held' ? undefined : status
    },
  })
}

/** Confirmed just now and never restored: what an answer would be built on if nobody asked. */
function trusted(inquiry: Inquiry): Inquiry {
  const { confirmedAtMilliseconds, quarantine } = inquiry.snapshot
  if (quarantine.kind === 'none') return inquiry
  const confirmed = Math.max(confirmedAtMilliseconds, inquiry.at.monotonic)
  return seeing(inquiry, { quarantine: NO_QUARANTINE, confirmedAtMilliseconds: confirmed })
}

function unhidden(inquiry: Inquiry): Inquiry {
  const id = routed(inquiry).policy.model ?? ''
  const model = inquiry.snapshot.model(id)
  return model === undefined ? inquiry : seeing(inquiry, { model: () => ({ ...model, hidden: false }) })
}

/** The snapshot with other answers in place of its own. */
function seeing(inquiry: Inquiry, answers: Partial<Snapshot>): Inquiry {
  const { snapshot } = inquiry
  const other = new Proxy(snapshot, {
    get(target, name): unknown {
      const from = name in answers ? answers : target
      const value: unknown = Reflect.get(from, name, from)
      return typeof value === 'function' ? (...given: unknown[]): unknown => Reflect.apply(value, from, given) : value
    },
  })
  return { ...inquiry, snapshot: other }
}
