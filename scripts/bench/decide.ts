// The decision alone, in process and warm: a caller whose certificate was verified before, allowed and refused in turn.
import { DEFAULT_DEPLOYMENT_POLICY } from '../../src/domain/access-policy.ts'
import { decide as decideQuestion } from '../../src/access/decide.ts'
import type { DecisionTime, Question } from '../../src/access/decision.ts'
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

/** What there is little of, and much of: a decision has to take the same time. */
const [FEW, MANY] = [10, 100_000]
const GROWN = ['deployments', 'model groups', 'members'] as const
const WIDELY = ['deployments', 'members'] as const

const WARM_UP = 50_000
const ROUNDS = 5
const DECISIONS = 40_000

/** Decisions that are timed as one: the clock is no finer than a decision is long. */
const TIMED_TOGETHER = 20

/** Questions that are asked in turn. */
const QUESTIONS = 1_000

/**
 * How many of what there is much of are asked about: as many as the small world has, so that the worlds differ in size alone; and a
 * thousand, which the processor's nearer caches do not hold.
 */
const [ASKED, ASKED_WIDELY] = [FEW, QUESTIONS]

const PATH = '/v1/chat/completions'

const { names } = loadPolicy(OWN_POLICY_FOLDER)
const NOW: DecisionTime = { wall: new Date(), monotonic: performance.now() }
const project = parseProjectName('bench', names)

type Sizes = Readonly<Record<(typeof GROWN)[number], number>>

interface World {
  readonly name: string
  readonly snapshot: LiveSnapshot
  readonly questions: readonly Question[]
  /** Of one decision, in microseconds. */
  readonly times: number[]
}

export const decide: Benchmark = {
  name: 'decide',
  measures: `one decision in process, warm: ${FEW} deployments, model groups and members, and ${MANY.toLocaleString('en')} of each in turn`,
  run: async () => figures(),
}

/** The worlds take turns, so that what else the machine does meanwhile falls on all of them. */
function figures(): readonly Figure[] {
  const few: Sizes = { deployments: FEW, 'model groups': FEW, members: FEW }
  const worlds = [
    worldOf(`${FEW} of each`, few),
    ...GROWN.map((grown) => worldOf(`${MANY.toLocaleString('en')} ${grown}`, { ...few, [grown]: MANY })),
    ...WIDELY.map((grown) =>
      worldOf(`${MANY.toLocaleString('en')} ${grown}, a thousand asked about`, { ...few, [grown]: MANY }, ASKED_WIDELY),
    ),
  ]
  for (const { snapshot, questions } of worlds) ask(snapshot, questions, WARM_UP)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { snapshot, questions, times } of worlds) times.push(...ask(snapshot, questions, DECISIONS))
  }
  const base = median(worlds[0]?.times ?? [])
  return worlds.flatMap(({ name, times }, index) => [
    { name: `${name}, median`, value: median(times), unit: 'µs', target: { kind: 'at-most', value: 10 } },
    { name: `${name}, 99 of 100`, value: quantile(times, 0.99), unit: 'µs' },
    ...(index === 0 || index > GROWN.length
      ? []
      : [
          {
            name: `${name}, growth`,
            value: median(times) / base,
            unit: '',
            target: { kind: 'at-most', value: 1.5 } as const,
          },
        ]),
  ])
}

function worldOf(name: string, sizes: Sizes, asked = ASKED): World {
  const snapshot = snapshotOf(sizes)
  return {
    name,
    snapshot,
    questions: Array.from({ length: QUESTIONS }, (_, number) => questionOf(number, sizes, asked)),
    times: [],
  }
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

/** Each deployment serves a model of a restricted group, which every member may use by a role of theirs. */
function snapshotOf(sizes: Sizes): LiveSnapshot {
  const service = parseServiceName('model.internal', names)
  const systemUser = parseSystemUser('kserve', names)
  const changes: Change[] = [
    { kind: 'project', name: project, status: 'active' },
    { kind: 'service', name: service, systemUser, dnsNames: [], roles: [], projects: [], status: 'active' },
  ]
  for (let number = 0; number < sizes['model groups']; number += 1) {
    const [id, roles] = [`group${number}`, ['analyst', `role${number}`]]
    changes.push({ kind: 'model-group', id, name: id, owner: 'root', access: 'restricted', roles, status: 'active' })
  }
  for (let number = 0; number < sizes.deployments; number += 1) {
    const id = `model${number}`
    const group = `group${Math.floor((number * sizes['model groups']) / sizes.deployments)}`
    const model = { id, name: id, version: 1, group, creator: 'root', hidden: false, enabled: true } as const
    changes.push({ kind: 'model', ...model, status: 'active' })
    changes.push({
      kind: 'deployment',
      name: parseDeploymentName(`resnet-${number}`, names),
      project,
      host: parseDnsName(`resnet-${number}.internal`, names),
      service,
      serviceCallers: [],
      policy: { ...DEFAULT_DEPLOYMENT_POLICY, model: id, paths: ['/v1'] },
      status: 'active',
    })
  }
  for (let number = 0; number < sizes.members; number += 1) {
    const user = parseUserName(`member${number}`, names)
    changes.push({ kind: 'user', name: user, status: 'active', platformRole: 'user' })
    changes.push({ kind: 'member', project, user, role: 'scientist', status: 'active' })
    changes.push({ kind: 'user-roles', user, roles: ['analyst'] })
  }
  const snapshot = new LiveSnapshot(Infinity)
  snapshot.load(changes, changes.length)
  snapshot.confirm(NOW.monotonic)
  return snapshot
}

/** Every second caller says that it is somebody else. */
function questionOf(number: number, sizes: Sizes, asked: number): Question {
  // Spread over all that there are.
  const among = (size: number): number => ((number % asked) * Math.max(1, Math.floor(size / asked))) % size
  const user = parseUserName(`member${among(sizes.members)}`, names)
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
  const host = `resnet-${among(sizes.deployments)}.internal`
  return {
    asker: 'self',
    call: { reading: 'clear', method: 'POST', path: { kind: 'canonical', path: PATH, raw: PATH } },
    route: { deployment: undefined, host, models: [] },
    action: 'infer',
    delegatedFor: undefined,
    callsThisMinute: 0,
    credentials: certificateAlone(certificate),
    actingUser: { kind: 'named', name: number % 2 === 0 ? commonName : `${project}__somebody-else` },
  }
}
