// Random worlds and questions: the decision and the slow second one must agree on every single answer, and every reason
// must come up. Worlds start from one in which all is well and have a few things spoilt, so that single faults, pairs of
// faults and their order are all common.
import { expect, it } from 'vitest'
import { decide, decideAsker, explain } from '../../src/access/decide.ts'
import type { Question, Route } from '../../src/access/decision.ts'
import type { CertificateFacts, VerifiedCertificate } from '../../src/access/facts.ts'
import { LiveSnapshot } from '../../src/access/live-snapshot.ts'
import { type Reason, REASONS } from '../../src/access/reasons.ts'
import type { Snapshot } from '../../src/access/snapshot.ts'
import type { Change } from '../../src/domain/change.ts'
import {
  type PlainCertificate,
  type PlainQuestion,
  type PlainWorld,
  secondOpinion,
  secondOpinionOnAsker,
} from './second-opinion.ts'
import * as made from './world.ts'
import { named, numbered } from './world.ts'

const WORLDS = 30_000
const SEED = 20260301
const MONOTONIC = 1_000_000
const NOW = 1_772_366_400

const PROJECTS = ['fraud', 'churn', 'Fraud']
const USERS = ['alice', 'bob', 'Alice']
const SERVICES = ['models.internal', 'batch.internal', 'other.internal']
const SYSTEM_USERS = ['batch', 'serving', 'fraud__alice', 'alice']
const NAMES = ['scorer', 'churner', 'nobody']
const HOSTS = ['scorer.internal', 'churner.internal', 'nobody.internal']
const SERIALS = [`01${'a'.repeat(32)}`, `01${'b'.repeat(32)}`]
const KINDS = ['project-user', 'project-user', 'job', 'service', 'service', 'admin', 'service-account', 'account-job']
const REFUSALS = ['CERT_MALFORMED', 'CERT_UNTRUSTED', 'CERT_EKU', 'CERT_AMBIGUOUS_CN']

/** mulberry32: small, seeded, good enough to pick from lists. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const random = seeded(SEED)
const below = (bound: number): number => Math.floor(random() * bound)
function pick<Item>(items: readonly Item[]): Item {
  const item = items[below(items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

interface Case {
  world: PlainWorld
  question: PlainQuestion
}

function wellWorld(): PlainWorld {
  return {
    now: NOW,
    unconfirmedFor: pick([0, 1, 4_999]),
    broken: false,
    users: USERS.map((name) => ({ name, status: 'active', role: 'user' })),
    projects: PROJECTS.map((name) => ({ name, status: 'active' })),
    members: PROJECTS.flatMap((project) => USERS.map((user) => ({ project, user, status: 'active' }))),
    accounts: PROJECTS.map((project) => ({ project, name: 'sa-etl', status: 'active' })),
    services: SERVICES.map((name) => ({ name, systemUser: 'batch', status: 'active' })),
    deployments: [
      {
        name: 'scorer',
        project: 'fraud',
        host: 'scorer.internal',
        service: 'models.internal',
        callers: ['batch.internal'],
        status: 'active',
      },
      {
        name: 'churner',
        project: 'churn',
        host: 'churner.internal',
        service: 'other.internal',
        callers: [],
        status: 'active',
      },
    ],
    revocations: [],
  }
}

function wellCertificate(): PlainCertificate {
  const kind = pick(KINDS)
  const [project, user] = ['fraud', pick(USERS)]
  const service = kind === 'service' ? pick(['batch.internal', 'batch.internal', 'models.internal']) : ''
  const account = kind === 'service-account' || kind === 'account-job' ? 'sa-etl' : ''
  const cn = kind === 'service' ? service : kind === 'admin' ? user : `${project}__${account === '' ? user : account}`
  const l = kind === 'service' ? ['batch'] : []
  const issuer = kind === 'service' ? 'services-1' : 'users-1'
  const times = { from: pick([NOW, NOW - 60]), to: pick([NOW, NOW + 60]) }
  return {
    refused: '',
    kind,
    issuer,
    serial: pick(SERIALS),
    cn,
    project,
    user,
    account,
    service,
    systemUser: 'batch',
    l,
    ...times,
  }
}

function wellCase(): Case {
  const certificate = wellCertificate()
  const world = wellWorld()
  if (certificate.kind === 'admin') for (const user of world.users) user.role = 'admin'
  const actingUser = certificate.kind === 'service' ? 'batch' : certificate.cn
  const question = { certificate, otherCredentials: [], actingUser, ...pick(ROUTES) }
  return { world, question }
}

const ROUTES = [
  { name: 'scorer', host: null },
  { name: null, host: 'scorer.internal' },
  { name: null, host: 'SCORER.internal.:8443' },
  { name: 'scorer', host: 'scorer.internal' },
]

type Spoil = (spoilt: Case) => void
const SPOILS: readonly Spoil[] = [
  ({ world }) => (world.broken = below(4) === 0),
  ({ world }) => (world.unconfirmedFor = pick([5_000, 60_000])),
  ({ question }) => (question.name = pick([...NAMES, null, 'Scorer'])),
  ({ question }) => (question.host = pick([...HOSTS, null, '', 'scorer.internal..'])),
  ({ question }) => (question.certificate = below(2) === 0 ? null : wellCertificate()),
  ({ question }) => question.otherCredentials.push(pick(['token', 'api-key', 'passphrase'])),
  ({ question }) => {
    question.certificate = null
    question.otherCredentials = below(2) === 0 ? [] : ['token']
  },
  spoilCertificate((certificate) => (certificate.refused = pick(REFUSALS))),
  spoilCertificate((certificate) => (certificate.to = NOW - pick([1, 2, 100]))),
  spoilCertificate((certificate) => (certificate.from = NOW + pick([1, 2, 100]))),
  spoilCertificate((certificate) => (certificate.project = pick(PROJECTS))),
  spoilCertificate((certificate) => (certificate.cn = pick(['fraud__alice', 'churn__bob', 'alice', 'fraud__alice ']))),
  spoilCertificate(
    (certificate) => (certificate.l = pick([[], ['serving'], ['batch', 'batch'], ['batch', 'serving']])),
  ),
  spoilCertificate((certificate) => (certificate.service = pick(SERVICES))),
  spoilCertificate((certificate) => {
    certificate.systemUser = pick(SYSTEM_USERS)
    certificate.l = [pick([certificate.systemUser, 'batch'])]
  }),
  ({ world }) => {
    const entry = { issuer: pick(['users-1', 'services-1']), serial: pick(SERIALS) }
    for (const status of pick([['revoked'], ['held'], ['held', 'released'], ['held', 'revoked']])) {
      world.revocations.push({ ...entry, status })
    }
  },
  ({ world }) => (pick(world.users).status = pick(['blocked', 'deleted'])),
  ({ world }) => (pick(world.users).role = pick(['admin', 'user'])),
  ({ world }) => world.users.splice(below(world.users.length), 1),
  ({ world }) => (pick(world.projects).status = 'deleted'),
  ({ world }) => (pick(world.members).status = 'removed'),
  ({ world }) => world.members.splice(below(world.members.length), 1),
  ({ world }) => (pick(world.accounts).status = 'deleted'),
  ({ world }) => world.accounts.splice(below(world.accounts.length), 1),
  ({ world }) => (pick(world.services).status = 'deleted'),
  ({ world }) => (pick(world.services).systemUser = pick(SYSTEM_USERS)),
  ({ world }) => (pick(world.deployments).status = 'deleted'),
  ({ world }) => (pick(world.deployments).project = pick(PROJECTS)),
  ({ world }) => (pick(world.deployments).callers = pick([[], SERVICES, ['other.internal']])),
  ({ world }) => (pick(world.deployments).service = pick(SERVICES)),
  ({ question }) =>
    (question.actingUser = pick(['fraud__alice', 'fraud__bob', 'batch', 'alice', 'serving', '', 'FRAUD__alice', null])),
]

function spoilCertificate(spoil: (certificate: PlainCertificate) => unknown): Spoil {
  return ({ question }) => {
    if (question.certificate !== null) spoil(question.certificate)
  }
}

function randomCase(): Case {
  const one = wellCase()
  for (let faults = pick([0, 1, 1, 1, 1, 2, 2, 3, 4]); faults > 0; faults--) pick(SPOILS)(one)
  if (one.question.name === null && one.question.host === null) one.question.name = pick(NAMES)
  return one
}

function snapshotOf(world: PlainWorld): Snapshot {
  const snapshot = new LiveSnapshot()
  const changes: Change[] = [
    ...world.users.map(({ name, status, role }) =>
      made.user(name, { status: named(status), platformRole: named(role) }),
    ),
    ...world.projects.map(({ name, status }) => made.project(name, named(status))),
    ...world.members.map(({ project, user, status }) => made.member(project, user, named(status))),
    ...world.accounts.map(({ project, name, status }) => made.account(project, name, named(status))),
    ...world.services.map(({ name, systemUser, status }) => made.service(name, systemUser, { status: named(status) })),
    ...world.deployments.map(({ name, project, host, service, callers, status }) =>
      made.deployment(name, project, {
        host: named(host),
        service: named(service),
        serviceCallers: callers.map((caller) => named(caller)),
        status: named(status),
      }),
    ),
    ...world.revocations.map(({ serial, status, issuer }) =>
      made.revocation(serial, named(status), { issuer: named(issuer) }),
    ),
  ]
  snapshot.apply(numbered(changes))
  snapshot.confirm(MONOTONIC - world.unconfirmedFor)
  return world.broken ? new Proxy(snapshot, { get: broken }) : snapshot
}

function broken(): never {
  throw new Error('broken on purpose')
}

function factsOf(plain: PlainCertificate): CertificateFacts {
  const validity = { notBefore: new Date(plain.from * 1000), notAfter: new Date(plain.to * 1000) }
  switch (plain.refused) {
    case 'CERT_MALFORMED':
    case 'CERT_UNTRUSTED':
      return { kind: 'refused', reason: plain.refused, fault: 'issuer', validity: 'unproven' }
    case 'CERT_EKU':
    case 'CERT_AMBIGUOUS_CN':
      return { kind: 'refused', reason: plain.refused, fault: 'common-name', validity }
    default:
      return {
        ...certificateOf(plain),
        commonName: plain.cn,
        serial: named(plain.serial),
        localities: plain.l,
        validity,
      }
  }
}

function certificateOf({
  kind,
  project,
  user,
  account,
  service,
  systemUser,
  issuer,
}: PlainCertificate): VerifiedCertificate {
  const changed = { issuer: named<VerifiedCertificate['issuer']>(issuer) }
  if (kind === 'service') return { ...made.serviceCertificate(service, systemUser), ...changed }
  if (kind === 'admin') return { ...made.adminCertificate(user), ...changed }
  if (kind === 'job') return { ...made.jobCertificate(project, user), ...changed }
  if (kind === 'service-account') return { ...made.accountCertificate(project, account), ...changed }
  if (kind === 'account-job') return { ...made.accountJobCertificate(project, account), ...changed }
  return { ...made.memberCertificate(project, user), ...changed }
}

function routeOf({ name, host }: PlainQuestion): Route {
  return made.routeTo({ deployment: host === null ? (name ?? '') : (name ?? undefined), host: host ?? undefined })
}

function questionOf(plain: PlainQuestion): Question {
  const certificate = plain.certificate === null ? 'absent' : factsOf(plain.certificate)
  const others = plain.otherCredentials.map(() => ({ kind: 'unreadable' }) as const)
  return {
    ...made.question(),
    route: routeOf(plain),
    credentials: { certificate, certificateSeen: 'on-this-connection', others },
    actingUser: plain.actingUser === null ? { kind: 'credential-itself' } : { kind: 'named', name: plain.actingUser },
  }
}

it(`agrees with the second opinion on ${WORLDS} worlds (seed ${SEED})`, () => {
  const hits = new Map<string, number>(Object.keys(REASONS).map((reason) => [reason, 0]))
  const count = (reason: string): void => void hits.set(reason, (hits.get(reason) ?? 0) + 1)
  for (let i = 0; i < WORLDS; i++) {
    const { world, question } = randomCase()
    const snapshot = snapshotOf(world)
    const at = { wall: new Date(world.now * 1000), monotonic: MONOTONIC }
    const asked = questionOf(question)
    const decision = decide(snapshot, asked, at)
    expect(decision.reason, shown(world, question)).toBe(secondOpinion(world, question))
    expect(explain(snapshot, asked, at).decision).toEqual(decision)
    count(decision.reason)

    const asker = decideAsker(snapshot, asked.credentials.certificate, asked.route, at)
    const reason: Reason | '' = asker.kind === 'refused' ? asker.reason : ''
    expect(reason, shown(world, question)).toBe(secondOpinionOnAsker(world, question))
    if (reason === 'PEP_UNTRUSTED') count(reason)
  }
  process.stdout.write(histogram(hits))
  for (const [reason, times] of hits) if (times > 0) expect(times, reason).toBeGreaterThanOrEqual(50)
})

function shown(world: PlainWorld, question: PlainQuestion): string {
  return JSON.stringify({ world, question })
}

function histogram(hits: ReadonlyMap<string, number>): string {
  const rows = [...hits].map(([reason, times]) => `${reason.padEnd(24)}${String(times).padStart(7)}`)
  return `${rows.join('\n')}\n`
}
