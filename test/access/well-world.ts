// A world in which all is well, and questions that one of the rules allows, each with something left to chance. Instants stand on
// the edges of their windows more often than not.
import type {
  PlainCertificate,
  PlainCredential,
  PlainDeployment,
  PlainKey,
  PlainQuestion,
  PlainToken,
  PlainWorld,
} from './second-opinion.ts'
import type { Chance } from './seeded-random.ts'

export const NOW = 1_772_366_400
export const SERIALS = [`01${'a'.repeat(32)}`, `01${'b'.repeat(32)}`]
const FINGERPRINT = 'ab'.repeat(32)
const METHODS = ['mtls', 'jwt', 'oidc', 'api-key', 'passphrase']
const GROUPS = ['lab1', 'lab2']

export function wellWorld(chance: Chance): PlainWorld {
  const projects = ['fraud', 'churn', 'Fraud']
  const users = ['alice', 'bob', 'Alice', 'zoe']
  const methods = [...METHODS, ...(chance.once(2) ? ['none'] : [])]
  return {
    now: NOW,
    unconfirmedFor: chance.pick([0, 1, 4_999]),
    broken: false,
    quarantine: chance.once(8) ? ['on', 'off'] : [],
    loginAfterHours: chance.pick([-1, 1, 1, 24]),
    methods,
    groupsGuarded: true,
    adminSeesGroups: true,
    ownerMustHoldRole: false,
    superadmins: [{ issuer: 'users-1', profile: 'admin', dn: 'CN=root,OU=signet-admin' }],
    users: [
      ...users.map((name) => ({ name, status: 'active', role: 'user' })),
      { name: 'root', status: 'active', role: 'admin' },
    ],
    assignedRoles: [{ user: 'bob', roles: ['lab1'] }],
    signIns: users.map((user) => ({
      user,
      provider: 'idp',
      subject: `s-${user}`,
      groups: [...GROUPS],
      at: NOW - 3600,
    })),
    allAccess: null,
    projects: projects.map((name) => ({ name, status: 'active' })),
    // Zoe is a member of no project: to every deployment she is external.
    members: projects.flatMap((project) =>
      ['alice', 'bob', 'Alice'].map((user) => ({
        project,
        user,
        role: chance.pick(['owner', 'scientist']),
        status: 'active',
      })),
    ),
    accounts: projects.map((project) => ({ project, name: 'sa-etl', status: 'active' })),
    services: [
      { name: 'models.internal', systemUser: 'serving', status: 'active' },
      { name: 'batch.internal', systemUser: 'batch', status: 'active' },
      { name: 'other.internal', systemUser: 'other', status: 'active' },
    ],
    groups: [
      { id: 'g-public', owner: 'alice', access: 'public', roles: [], status: 'active' },
      { id: 'g-other', owner: 'bob', access: 'private', roles: [], status: 'active' },
    ],
    models: [
      model('m-1', 'scoring', { group: chance.pick([null, 'g-public', 'g-public']) }),
      model('m-2', 'churning', { group: 'g-other' }),
      model('m-hidden', 'm-hidden', { group: 'g-other', hidden: true }),
    ],
    deployments: [
      deployment('scorer', 'fraud', {
        hosts: ['scorer.internal', 'shared.internal'],
        model: 'm-1',
        paths: ['/v1/score'],
      }),
      deployment('churner', 'churn', {
        hosts: ['churner.internal', 'shared.internal'],
        model: 'm-2',
        paths: ['/v1/churn'],
      }),
      deployment('plain', 'fraud', { hosts: ['plain.internal'], model: 'm-1', credentialItself: true }),
    ],
    proxies: [],
    keys: [],
    revocations: [],
    revokedTokens: [],
    revocationsGoodUntil: [],
  }
}

function model(id: string, name: string, more: Partial<PlainWorld['models'][number]>): PlainWorld['models'][number] {
  return { id, name, group: null, creator: 'fraud__alice', hidden: false, enabled: true, status: 'active', ...more }
}

function deployment(name: string, project: string, more: Partial<PlainDeployment>): PlainDeployment {
  return {
    name,
    project,
    hosts: [],
    paths: [],
    unprotected: ['/healthz'],
    model: null,
    modelMustBeNamed: false,
    service: 'models.internal',
    callers: ['batch.internal'],
    methods: [...METHODS],
    externalGroups: ['lab1'],
    passphrases: ['old', 'new'],
    credentialItself: false,
    delegates: ['fraud__sa-etl', 'batch.internal'],
    denied: [],
    callsPerMinute: null,
    status: 'active',
    ...more,
  }
}

export type Start = (chance: Chance, world: PlainWorld) => PlainQuestion

const ROUTES = (): readonly Partial<PlainQuestion>[] => [
  { name: 'scorer' },
  { host: 'scorer.internal', path: '/v1/score' },
  { host: 'SCORER.internal.:8443', path: '/v1/score/stream', models: ['m-1'] },
  { name: 'scorer', host: 'scorer.internal', models: ['m-1', 'm-1'] },
  { host: 'shared.internal', path: '/v1/score/x' },
  { name: 'scorer', host: 'shared.internal', path: '/v1/score' },
]

function ask(chance: Chance, more: Partial<PlainQuestion>): PlainQuestion {
  return {
    asker: 'self',
    ambiguous: false,
    method: chance.pick(['POST', 'POST', 'GET', null]),
    path: null,
    raw: null,
    name: null,
    host: null,
    models: [],
    action: chance.pick(['infer', 'infer', 'infer', 'infer', 'infer', 'run', 'read', 'new-version']),
    certificate: null,
    others: [],
    actingUser: null,
    delegatedFor: null,
    callsThisMinute: 0,
    ...chance.pick(ROUTES()),
    ...more,
  }
}

export function certificate(chance: Chance, kind: string, more: Partial<PlainCertificate> = {}): PlainCertificate {
  const ofAccount = kind === 'service-account' || kind === 'account-job'
  const [project, user] = ['fraud', kind === 'admin' ? 'root' : chance.pick(['alice', 'bob', 'Alice'])]
  const names: Record<string, Partial<PlainCertificate>> = {
    service: {
      cn: 'batch.internal',
      service: 'batch.internal',
      systemUser: 'batch',
      l: ['batch'],
      issuer: 'services-1',
    },
    admin: { cn: user, user, ou: ['signet-admin'] },
  }
  const ofProject = ofAccount
    ? { cn: 'fraud__sa-etl', project, account: 'sa-etl' }
    : { cn: `fraud__${user}`, project, user }
  return {
    refused: '',
    foreign: false,
    kind,
    issuer: 'users-1',
    serial: chance.pick(SERIALS),
    fingerprint: FINGERPRINT,
    direct: true,
    ou: kind.endsWith('job') ? ['j1'] : [],
    l: [],
    cn: '',
    project: '',
    user: '',
    account: '',
    service: '',
    systemUser: '',
    from: chance.pick([NOW, NOW - 60]),
    to: chance.pick([NOW, NOW + 60]),
    ...(names[kind] ?? ofProject),
    ...more,
  }
}

function token(chance: Chance, more: Partial<PlainToken>): PlainToken {
  return {
    refused: '',
    method: 'jwt',
    kind: 'member',
    project: '',
    user: '',
    account: '',
    service: '',
    idp: '',
    subject: '',
    groups: [],
    signedInAt: 0,
    audience: chance.pick([['scorer', 'plain'], ['other', 'scorer'], ['models.internal'], null]),
    id: chance.pick(['jti-1', 'jti-2', null]),
    from: chance.pick([NOW - 60, NOW, NOW + 60]),
    to: chance.pick([NOW - 59, NOW, NOW + 60]),
    boundTo: null,
    scopes: chance.pick([null, ['SERVING', 'MODELREGISTRY'], ['KAFKA', 'SERVING', 'MODELREGISTRY']]),
    ...more,
  }
}

function keyOf(chance: Chance, world: PlainWorld, user: string, reach: string): PlainCredential {
  const key: PlainKey = {
    prefix: 'pre1',
    user,
    reach,
    scopes: chance.pick([
      ['SERVING', 'MODELREGISTRY'],
      ['JOB', 'SERVING', 'MODELREGISTRY'],
      ['ADMIN', 'SERVING', 'MODELREGISTRY'],
    ]),
    only: chance.pick([null, null, ['scorer', 'churner']]),
    expires: NOW + chance.pick([0.001, 1, 60]),
    status: 'active',
  }
  world.keys.push(key)
  return { is: 'api-key', prefix: key.prefix, rightSecret: true }
}

function tokenCredential(chance: Chance, more: Partial<PlainToken>): PlainCredential {
  return { is: 'token', token: token(chance, more) }
}

const memberToken = (chance: Chance, user: string, more: Partial<PlainToken> = {}): PlainCredential =>
  tokenCredential(chance, { kind: 'member', project: 'fraud', user, ...more })

/** A sign-in on the edge of the window, or well within. */
function signedInAt(chance: Chance, world: PlainWorld): number {
  const hours = Math.max(world.loginAfterHours, 1)
  return world.now - chance.pick([hours * 3600, hours * 3600 - 1, 60, 0, -60])
}

/** One way or more to each rule that allows. */
export const STARTS: readonly Start[] = [
  ...['project-user', 'project-user', 'job', 'service-account', 'account-job'].map((kind): Start => (chance) => {
    const shown = certificate(chance, kind)
    return ask(chance, { certificate: shown, actingUser: shown.cn })
  }),
  (chance) => ask(chance, { certificate: certificate(chance, 'service'), actingUser: 'batch' }),
  (chance) =>
    ask(chance, {
      certificate: certificate(chance, 'project-user'),
      actingUser: null,
      name: 'plain',
      host: null,
      path: null,
      models: [],
    }),
  (chance) => {
    const user = chance.pick(['alice', 'bob'])
    return ask(chance, { others: [memberToken(chance, user)], actingUser: `fraud__${user}` })
  },
  (chance) => {
    const account = { kind: 'account', project: 'fraud', account: 'sa-etl' }
    return ask(chance, { others: [tokenCredential(chance, account)], actingUser: 'fraud__sa-etl' })
  },
  (chance) => {
    const service = { kind: 'service', service: 'batch.internal' }
    return ask(chance, { others: [tokenCredential(chance, service)], actingUser: 'batch.internal' })
  },
  (chance) => {
    const shown = certificate(chance, 'project-user')
    const bound = memberToken(chance, shown.user, { boundTo: chance.pick([FINGERPRINT, null]) })
    return ask(chance, { certificate: shown, others: [bound], actingUser: shown.cn })
  },
  (chance, world) => {
    const user = chance.pick(['alice', 'bob'])
    const reach = chance.pick(['fraud', 'user'])
    return ask(chance, { others: [keyOf(chance, world, user, reach)], actingUser: `fraud__${user}` })
  },
  (chance, world) => {
    const shown = certificate(chance, 'job', { user: 'alice', cn: 'fraud__alice' })
    const both = [keyOf(chance, world, 'alice', 'fraud'), memberToken(chance, 'alice')]
    return ask(chance, { certificate: shown, others: both, actingUser: shown.cn })
  },
  ...[1, 2].map((): Start => (chance, world) => {
    const external = { method: 'oidc', kind: 'external', idp: 'corp', subject: 'ann', groups: ['lab1', 'x'] }
    const shown = tokenCredential(chance, { ...external, signedInAt: signedInAt(chance, world) })
    return ask(chance, { others: [shown], actingUser: 'corp|ann', action: 'infer' })
  }),
  ...[1, 2].map((): Start => (chance, world) => {
    for (const signIn of world.signIns) signIn.at = signedInAt(chance, world)
    return ask(chance, { others: [keyOf(chance, world, 'zoe', 'user')], actingUser: 'idp|s-zoe', action: 'infer' })
  }),
  ...[1, 2].map((): Start => (chance) => {
    const entry = chance.pick(['old', 'new'])
    const shown: PlainCredential = { is: 'passphrase', refused: '', deployment: 'scorer', entry }
    return ask(chance, { others: [shown], action: 'infer' })
  }),
  (chance) => {
    const host = chance.pick(['scorer.internal', 'plain.internal'])
    return ask(chance, { host, name: null, path: '/healthz', method: chance.pick(['GET', 'HEAD']), models: [] })
  },
  (chance, world) => {
    for (const open of world.deployments) open.methods = ['none']
    if (!chance.once(4)) world.methods.push('none')
    return ask(chance, {})
  },
  (chance) =>
    ask(chance, {
      certificate: certificate(chance, 'admin'),
      actingUser: 'root',
      action: chance.pick(['read', 'update', 'deploy', 'undeploy', 'delete', 'infer']),
    }),
  // A superadmin whose certificate is a member's or a service's: it opens no data.
  (chance, world) => {
    const shown = certificate(chance, chance.pick(['project-user', 'service', 'service-account']))
    const dn = [`CN=${shown.cn}`, ...shown.l.map((l) => `L=${l}`)].join(',')
    world.superadmins.push({ issuer: shown.issuer, profile: shown.kind, dn })
    const actingUser = shown.kind === 'service' ? 'batch' : shown.cn
    return ask(chance, { certificate: shown, actingUser })
  },
  (chance, world) => {
    world.superadmins = []
    const action = chance.pick(['read', 'update', 'deploy', 'delete', 'new-version', 'run'])
    if (chance.once(2)) return ask(chance, { certificate: certificate(chance, 'admin'), actingUser: 'root', action })
    return ask(chance, { others: [keyOf(chance, world, 'root', 'platform')], actingUser: 'root', action })
  },
  ...[1, 2].map((): Start => (chance, world) => {
    for (const hiding of world.deployments) hiding.model = 'm-hidden'
    const shown = certificate(chance, chance.pick(['project-user', 'service']))
    const actingUser = shown.kind === 'service' ? 'batch' : shown.cn
    return ask(chance, {
      certificate: shown,
      actingUser,
      action: chance.pick(['infer', 'infer', 'run', 'read']),
      models: [],
    })
  }),
  (chance, world) => {
    for (const hiding of world.deployments) hiding.model = 'm-hidden'
    const external = { method: 'oidc', kind: 'external', idp: 'corp', subject: 'ann', groups: ['lab1'] }
    const shown = tokenCredential(chance, { ...external, signedInAt: signedInAt(chance, world) })
    return ask(chance, { others: [shown], actingUser: 'corp|ann', action: 'infer', models: [] })
  },
  // Groups of models: by owner and by role.
  ...[1, 2].map((): Start => (chance, world) => {
    const access = chance.pick(['private', 'restricted', 'restricted'])
    const roles = access === 'private' ? [] : chance.pick([['lab1'], ['lab9'], []])
    world.groups.push({ id: 'g-kept', owner: chance.pick(['alice', 'bob']), access, roles, status: 'active' })
    for (const kept of world.models) if (kept.id === 'm-1') kept.group = 'g-kept'
    const shown = certificate(chance, chance.pick(['project-user', 'service-account', 'service', 'admin']))
    const actingUser = shown.kind === 'service' ? 'batch' : shown.cn
    return ask(chance, { certificate: shown, actingUser })
  }),
  // On behalf of a member.
  (chance) => {
    const shown = certificate(chance, chance.pick(['service-account', 'service', 'project-user']))
    const actingUser = shown.kind === 'service' ? 'batch' : shown.cn
    return ask(chance, {
      certificate: shown,
      actingUser,
      delegatedFor: chance.pick(['fraud__alice', 'fraud__bob', 'churn__alice', 'fraud__zoe']),
    })
  },
]
