// The decision alone, in process and warm: a caller whose certificate was verified before, allowed and refused in turn.
import { DEFAULT_DEPLOYMENT_POLICY } from '../../src/domain/access-policy.ts'
import { decide as decideQuestion } from '../../src/access/decide.ts'
import { type DecisionTime, type Question, UNTOLD_CALL } from '../../src/access/decision.ts'
import { certificateAlone, type VerifiedCertificate } from '../../src/access/facts.ts'
import { LiveSnapshot } from '../../src/access/live-snapshot.ts'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import type { Change } from '../../src/domain/change.ts'
import { addSeconds, systemRandom } from '../../src/domain/clock.ts'
import { parseDeploymentName } from '../../src/domain/deployment-name.ts'
import { parseDnsName, parseServiceName } from '../../src/domain/dns-name.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import { parseProjectName } from '../../src/domain/project-name.ts'
import { makeSerialNumber } from '../../src/domain/serial-number.ts'
import { parseTrustDomain, userSpiffeId } from '../../src/domain/spiffe-id.ts'
import { parseSystemUser } from '../../src/domain/system-user.ts'
import { parseUserName } from '../../src/domain/user-name.ts'
import { OWN_POLICY_FOLDER } from '../../src/main/installation.ts'
import { type Benchmark, type Figure, median, quantile } from './figure.ts'

const SIZES = [100, 100_000] as const
const WARM_UP = 50_000
const DECISIONS = 100_000

/** Decisions that are timed as one: the clock is no finer than a decision is long. */
const TIMED_TOGETHER = 20

/** Callers that ask in turn, so that not one entry of the snapshot answers from the processor's cache. */
const CALLERS = 1_000

const { names } = loadPolicy(OWN_POLICY_FOLDER)
const NOW: DecisionTime = { wall: new Date(), monotonic: performance.now() }
const project = parseProjectName('bench', names)
const deployment = parseDeploymentName('resnet', names)

export const decide: Benchmark = {
  name: 'decide',
  measures: 'one decision in process, warm, over a snapshot of so many members',
  run: async () => SIZES.flatMap(figuresOf),
}

function figuresOf(members: number): readonly Figure[] {
  const snapshot = snapshotOf(members)
  const questions = Array.from({ length: CALLERS }, (_, number) => questionOf(number, members))
  ask(snapshot, questions, WARM_UP)
  const times = ask(snapshot, questions, DECISIONS)
  const over = `${members.toLocaleString('en')} members`
  return [
    { name: `${over}, median`, value: median(times), unit: 'µs', target: { kind: 'at-most', value: 50 } },
    { name: `${over}, 99 of 100`, value: quantile(times, 0.99), unit: 'µs' },
  ]
}

/** Microseconds of one decision, for each lot that was timed together. Throws when an answer is not the one that is due. */
function ask(snapshot: LiveSnapshot, questions: readonly Question[], count: number): readonly number[] {
  const times: number[] = []
  for (let asked = 0; asked < count; asked += TIMED_TOGETHER) {
    const began = performance.now()
    for (let number = asked; number < asked + TIMED_TOGETHER; number += 1) {
      const question = questions[number % questions.length]
      if (question === undefined) throw new Error('no questions')
      const due = number % 2 === 0 ? 'ALLOWED' : 'CERT_CN_MISMATCH'
      const { reason } = decideQuestion(snapshot, question, NOW)
      if (reason !== due) throw new Error(`${reason} instead of ${due}`)
    }
    times.push(((performance.now() - began) * 1000) / TIMED_TOGETHER)
  }
  return times
}

function snapshotOf(members: number): LiveSnapshot {
  const changes: Change[] = [
    { kind: 'project', name: project, status: 'active' },
    {
      kind: 'service',
      name: parseServiceName('model.internal', names),
      systemUser: parseSystemUser('kserve', names),
      dnsNames: [parseDnsName('model.internal', names)],
      roles: [],
      projects: [],
      status: 'active',
    },
    {
      kind: 'deployment',
      name: deployment,
      project,
      host: parseDnsName('resnet.internal', names),
      service: parseServiceName('model.internal', names),
      serviceCallers: [],
      policy: DEFAULT_DEPLOYMENT_POLICY,
      status: 'active',
    },
  ]
  for (let number = 0; number < members; number += 1) {
    const user = parseUserName(`member${number}`, names)
    changes.push({ kind: 'user', name: user, status: 'active', platformRole: 'user' })
    changes.push({ kind: 'member', project, user, role: 'scientist', status: 'active' })
  }
  const snapshot = new LiveSnapshot(Infinity)
  snapshot.load(changes, changes.length)
  snapshot.confirm(NOW.monotonic)
  return snapshot
}

/** Every second caller says that it is somebody else. */
function questionOf(number: number, members: number): Question {
  const user = parseUserName(`member${(number * 97) % members}`, names)
  const commonName = `${project}__${user}`
  const certificate: VerifiedCertificate = {
    kind: 'verified',
    profile: 'project-user',
    project,
    user,
    issuer: issuerId('users', 1),
    serial: makeSerialNumber(systemRandom),
    commonName,
    localities: [],
    organizationalUnits: [],
    spiffeId: userSpiffeId(parseTrustDomain('bench.internal'), project, user),
    validity: { notBefore: addSeconds(NOW.wall, -300), notAfter: addSeconds(NOW.wall, 86_400) },
    fingerprint: String(number).padStart(64, '0'),
  }
  return {
    asker: 'self',
    call: UNTOLD_CALL,
    route: { deployment, host: undefined, models: [] },
    action: 'infer',
    delegatedFor: undefined,
    callsThisMinute: 0,
    credentials: certificateAlone(certificate),
    actingUser: { kind: 'named', name: number % 2 === 0 ? commonName : `${project}__somebody-else` },
  }
}
