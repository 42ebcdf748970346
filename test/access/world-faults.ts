// What may be wrong with a world or a question: each takes one thing from a case in which all was well, or puts it on the edge.
// A fault that meets nothing to spoil does nothing.
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
import { certificate, NOW, SERIALS } from './well-world.ts'

export type Fault = (spoilt: { world: PlainWorld; question: PlainQuestion }, chance: Chance) => void

const OTHERS = ['unreadable', 'token', 'api-key', 'passphrase']
const TOKEN_FAULTS = [
  'TOKEN_MALFORMED',
  'TOKEN_TYPE',
  'TOKEN_SIGNATURE',
  'TOKEN_ISSUER',
  'TOKEN_AUDIENCE',
  'TOKEN_EXPIRED',
  'TOKEN_KEY_UNKNOWN',
  'TOKEN_REVOKED',
  'TOKEN_BINDING',
  'PDP_UNAVAILABLE',
]
const CERTIFICATE_FAULTS = ['CERT_MALFORMED', 'CERT_UNTRUSTED', 'CERT_EKU', 'CERT_AMBIGUOUS_CN']
const NAMES = ['scorer', 'churner', 'plain', 'nobody', 'Scorer', null]
const HOSTS = ['scorer.internal', 'churner.internal', 'shared.internal', 'plain.internal', 'nobody.internal', '', null]
const PATHS = ['/v1/score', '/v1/scores', '/v1/churn', '/healthz', '/healthz/', '/', '', '', null]
const ACTORS = [
  'fraud__alice',
  'fraud__bob',
  'FRAUD__alice',
  'fraud__alice ',
  'batch',
  'batch.internal',
  'BATCH',
  'alice',
  'root',
  'corp|ann',
  'idp|s-zoe',
  '',
  null,
  null,
]

const ofQuestion: readonly Fault[] = [
  ({ question }) => (question.asker = 'untrusted'),
  ({ question }) => {
    question.asker = 'trusted'
    if (question.certificate !== null) question.certificate.direct = false
  },
  ({ question }) => (question.ambiguous = true),
  ({ question }) => (question.path = ''),
  ({ question }, { pick }) => (question.name = pick(NAMES)),
  ({ question }, { pick }) => (question.host = pick([...HOSTS, 'scorer.internal..', 'scorer.internal:x'])),
  ({ question }, { pick }) => {
    question.path = pick(PATHS)
    question.raw = pick([null, '//healthz', '/healthz?x', '/healthz'])
  },
  ({ question }, { pick }) => (question.method = pick(['GET', 'HEAD', 'get', 'POST', 'OPTIONS', null])),
  ({ question }, { pick }) => {
    question.path = '/healthz'
    question.host = pick(['scorer.internal', 'shared.internal', 'plain.internal'])
    question.raw = pick([null, null, '//healthz', '/healthz?x'])
    question.method = pick(['GET', 'HEAD', 'POST', 'get'])
  },
  ({ question }, { pick }) => question.models.push(pick(['m-1', 'm-2', 'scoring', 'churning', 'm-none', '', 'scorer'])),
  ({ question }) => (question.models = []),
  ({ question }, { pick }) =>
    (question.action = pick(['infer', 'run', 'read', 'new-version', 'update', 'deploy', 'undeploy', 'delete'])),
  ({ question }) => (question.action = 'infer'),
  ({ question }, { pick }) => (question.actingUser = pick(ACTORS)),
  ({ question }, { pick }) =>
    (question.delegatedFor = pick(['fraud__alice', 'churn__alice', 'fraud__zoe', 'fraud__sa-etl', 'alice', ''])),
  ({ question }, { pick }) => (question.callsThisMinute = pick([0, 9, 10, 11])),
  ({ question }) => {
    question.certificate = null
    question.others = []
  },
  ({ question }, chance) => (question.certificate = chance.once(2) ? null : anyCertificate(chance)),
  ({ question }, chance) => question.others.push(anyOther(chance)),
  ({ question }) => question.others.pop(),
]

const ofCertificate: readonly Fault[] = [
  onCertificate(refuse),
  onCertificate(refuse),
  ({ world }, { pick }) =>
    world.revocationsGoodUntil.push({ issuer: pick(['users-1', 'services-1']), until: NOW - pick([0, 0.001, 60]) }),
  onCertificate((shown, { pick }) => (shown.to = NOW - pick([1, 2, 100]))),
  onCertificate((shown, { pick }) => (shown.from = NOW + pick([1, 2, 100]))),
  onCertificate((shown) => (shown.direct = false)),
  onCertificate((shown, { pick }) => {
    if (shown.project === '') return
    shown.project = pick(['fraud', 'churn', 'Fraud', 'gone'])
    if (pick([0, 1, 2]) > 0) shown.cn = `${shown.project}__${shown.account === '' ? shown.user : shown.account}`
  }),
  onCertificate(
    (shown, { pick }) => (shown.cn = pick(['fraud__alice', 'churn__bob', 'alice', 'fraud__alice ', 'root'])),
  ),
  onCertificate((shown, { pick }) => (shown.l = pick([[], ['serving'], ['batch', 'batch'], ['batch', 'serving']]))),
  onCertificate((shown, { pick }) => {
    if (shown.kind === 'service') shown.service = pick(['models.internal', 'other.internal', 'gone.internal'])
  }),
  onCertificate((shown, { pick }) => {
    if (shown.kind !== 'service') return
    shown.systemUser = pick(['batch', 'serving', 'fraud__alice', 'alice'])
    shown.l = [pick([shown.systemUser, 'batch'])]
  }),
  onCertificate((shown, { pick }) => (shown.issuer = pick(['users-1', 'users-2', 'services-1']))),
  ({ world }, { pick }) => {
    const entry = { issuer: pick(['users-1', 'users-1', 'services-1']), serial: pick(SERIALS) }
    const course = pick([['revoked'], ['held'], ['held'], ['held', 'released'], ['held', 'revoked']])
    for (const status of course) world.revocations.push({ ...entry, status })
  },
]

const ofTokens: readonly Fault[] = [
  // Ten kinds of it, hence several times.
  ...[1, 2, 3, 4, 5, 6, 7, 8].map(() => onToken((token, { pick }) => (token.refused = pick(TOKEN_FAULTS)))),
  onToken((token, { pick }) => (token.method = pick(['jwt', 'oidc']))),
  onToken((token, { pick }) => (token.audience = pick([[], ['Scorer'], ['other'], ['churner']]))),
  onToken((token, { pick }) => (token.to = NOW - pick([59.999, 60, 60.001, 100]))),
  onToken((token, { pick }) => (token.from = NOW + pick([60, 60.001, 61, 100]))),
  onToken((token, { pick }) => (token.boundTo = pick(['ab'.repeat(32), 'AB'.repeat(32), 'cd'.repeat(32)]))),
  onToken((token, { pick }) => (token.scopes = pick([[], ['KAFKA'], ['serving'], ['SERVING'], ['MODELREGISTRY']]))),
  onToken((token, { pick }) => (token.groups = pick([[], ['LAB1'], ['lab1 '], ['lab2'], ['lab1', 'lab2']]))),
  onToken((token, { pick }) => (token.signedInAt = NOW - pick([3600.001, 3601, 86_401, 0, -60, -60.001, -61]))),
  onToken((token, { pick }) => (token.project = pick(['fraud', 'churn', 'Fraud']))),
  onToken((token, { pick }) => (token.user = pick(['alice', 'bob', 'zoe', 'gone']))),
  ({ world }, { pick }) => world.revokedTokens.push(pick(['jti-1', 'jti-2'])),
]

const ofKeys: readonly Fault[] = [
  onKeyShown((key) => (key.rightSecret = false)),
  onKeyShown((key, { pick }) => (key.prefix = pick(['pre2', 'pre1']))),
  ...[1, 2].map(() => onKey((key, { pick }) => (key.expires = NOW - pick([0, 0.001, 1, 60])))),
  onKey((key) => (key.status = 'ended')),
  onKey((key) => (key.status = 'ended')),
  onKey((key, { pick }) => (key.user = pick(['alice', 'bob', 'zoe', 'root', 'gone']))),
  onKey((key, { pick }) => (key.reach = pick(['user', 'platform', 'fraud', 'churn']))),
  onKey((key, { pick }) => (key.scopes = pick([[], ['JOB'], ['SERVING', 'JOB'], ['MODELREGISTRY']]))),
  ...[1, 2, 3].map(() => onKey((key, { pick }) => (key.only = pick([[], ['churner'], ['Scorer'], ['scorer']])))),
]

const ofPassphrases: readonly Fault[] = [
  onPassphrase((shown, { pick }) => (shown.refused = pick(['PASSPHRASE_INVALID', 'RATE_LIMITED']))),
  onPassphrase((shown, { pick }) => (shown.refused = pick(['PASSPHRASE_INVALID', 'RATE_LIMITED']))),
  onPassphrase((shown, { pick }) => (shown.entry = pick(['old', 'older']))),
  onPassphrase((shown, { pick }) => (shown.deployment = pick(['plain', 'churner', 'scorer']))),
]

const ofPeople: readonly Fault[] = [
  ({ world }, { pick }) => (pick(world.users).status = pick(['blocked', 'deleted'])),
  ({ world }, { pick }) => (pick(world.users).status = 'blocked'),
  ({ world }, { pick }) => (pick(world.users).role = pick(['admin', 'user'])),
  ({ world }, { pick }) => (pick(world.projects).status = 'deleted'),
  ({ world }, { pick }) => (pick(world.members).status = 'removed'),
  ({ world }, { pick }) => (pick(world.members).role = pick(['owner', 'scientist'])),
  ({ world }, { below }) => world.members.splice(below(world.members.length), 2),
  ({ world }, { pick }) => (pick(world.accounts).status = 'deleted'),
  ({ world }, { pick }) => (pick(world.services).status = 'deleted'),
  ({ world }, { pick }) => (pick(world.services).systemUser = pick(['batch', 'serving'])),
  ({ world }, { pick }) => {
    for (const signIn of world.signIns)
      signIn.at = NOW - pick([3600, 3600.001, 3599, 3601, 86_400, 86_401, 0, -60, -61])
  },
  ({ world }, { pick }) => {
    for (const signIn of world.signIns) signIn.groups = pick([[], ['LAB1'], ['lab1 '], ['lab2'], ['lab1', 'lab2']])
  },
  ({ world }, { below }) => world.signIns.splice(below(world.signIns.length), 1),
  ({ world }, { pick }) => (world.signIns = pick([[], world.signIns])),
  ({ world }, { pick }) =>
    world.assignedRoles.push({ user: pick(['alice', 'zoe', 'root']), roles: pick([['lab1'], ['lab9'], []]) }),
  ({ world }, { pick }) =>
    (world.allAccess = {
      users: pick([[], ['alice'], ['root'], ['fraud__alice']]),
      roles: pick([[], ['lab1'], ['lab2']]),
    }),
]

const ofPlatform: readonly Fault[] = [
  ({ world }, { once }) => (world.broken = once(4)),
  ({ world }, { pick }) => (world.unconfirmedFor = pick([5_000, 5_001, 60_000])),
  ({ world }, { pick }) => (world.quarantine = pick([['on'], ['on'], ['on', 'off'], ['on', 'off', 'on']])),
  ({ world }, { pick }) => (world.loginAfterHours = pick([-1, 0, 0, 1, 2])),
  ({ world }, { pick }) => (world.loginAfterHours = pick([0, 1])),
  ({ world }, { pick }) => {
    const deployments = pick([null, ['scorer'], ['churner'], []])
    const service = pick(['batch.internal', 'batch.internal', 'other.internal'])
    world.proxies.push({ service, deployments, status: pick(['active', 'active', 'deleted']) })
  },
  ({ world }, { pick }) => (world.methods = world.methods.filter((method) => method !== pick(world.methods))),
  ({ world }) => (world.groupsGuarded = false),
  ({ world }) => (world.adminSeesGroups = false),
  ({ world }) => (world.ownerMustHoldRole = true),
  ({ world }, { pick }) =>
    world.superadmins.push({
      issuer: pick(['users-1', 'services-1']),
      profile: pick(['admin', 'project-user', 'service']),
      dn: pick(['CN=root,OU=signet-admin', 'CN=fraud__alice', 'CN=root', 'CN=batch.internal,L=batch']),
    }),
  ({ world }) => (world.superadmins = []),
]

const ofDeployments: readonly Fault[] = [
  onDeployment((changed) => (changed.status = 'deleted')),
  onDeployment((changed, { pick }) => (changed.project = pick(['fraud', 'churn', 'Fraud']))),
  onDeployment((changed, { pick }) => (changed.service = pick(['batch.internal', 'models.internal']))),
  onDeployment((changed, { pick }) => (changed.callers = pick([[], ['other.internal'], ['models.internal']]))),
  onDeployment(
    (changed, { pick }) => (changed.methods = pick([['mtls'], ['jwt', 'oidc'], ['api-key'], ['passphrase'], ['none']])),
  ),
  onDeployment((changed, { pick }) => (changed.methods = [...changed.methods, pick(['none', 'mtls'])])),
  onDeployment((changed, { pick }) => (changed.externalGroups = pick([[], ['LAB1'], ['lab2'], ['lab'], ['lab1 ']]))),
  onDeployment((changed, { pick }) => (changed.unprotected = pick([[], ['/v1/score'], ['/HEALTHZ'], ['/healthz?x']]))),
  onDeployment(
    (changed, { pick }) =>
      (changed.paths = pick([[], ['/v1'], ['/v1/score', '/v2'], ['/v1/churn'], ['/v1/score/stream']])),
  ),
  onDeployment((changed, { pick }) => (changed.model = pick(['m-1', 'm-2', 'm-hidden', 'm-none', null]))),
  onDeployment((changed) => (changed.modelMustBeNamed = true)),
  onDeployment((changed, { pick }) => (changed.passphrases = pick([[], ['new'], ['old']]))),
  onDeployment((changed) => (changed.credentialItself = !changed.credentialItself)),
  onDeployment((changed, { pick }) => (changed.delegates = pick([[], ['fraud__alice'], ['batch.internal']]))),
  onDeployment(
    (changed, { pick }) =>
      (changed.denied = pick([
        ['fraud__alice', 'fraud__bob', 'fraud__sa-etl', 'batch.internal', 'corp|ann', 'idp|s-zoe'],
        ['Fraud__alice'],
      ])),
  ),
  ({ world, question }, { pick }) => {
    for (const bounded of world.deployments) bounded.callsPerMinute = 10
    question.callsThisMinute = pick([9, 10, 11])
  },
]

const ofModels: readonly Fault[] = [
  ({ world }) => {
    for (const one of world.models) one.enabled = false
  },
  ({ world }, { pick }) => (pick(world.models).enabled = false),
  ({ world }, { pick }) => (pick(world.models).status = 'deleted'),
  ({ world }, { pick }) => (pick(world.models).hidden = pick([true, false])),
  ({ world }, { pick }) =>
    (pick(world.models).creator = pick(['fraud__alice', 'fraud__bob', 'fraud__sa-etl', 'alice'])),
  ({ world }, { pick }) => (pick(world.models).group = pick(['g-public', 'g-other', 'g-kept', 'g-none', null])),
  ({ world }, { pick }) => (pick(world.groups).access = pick(['public', 'private', 'restricted'])),
  ({ world }, { pick }) => {
    for (const group of world.groups) {
      group.access = 'restricted'
      group.roles = pick([[], ['lab1'], ['LAB1'], ['lab9']])
    }
  },
  ({ world }, { pick }) => (pick(world.groups).roles = pick([[], ['lab1'], ['LAB1'], ['lab2']])),
  ({ world }, { pick }) =>
    (pick(world.groups).owner = pick(['alice', 'bob', 'fraud__alice', 'fraud__sa-etl', 'batch.internal', null])),
  ({ world }, { pick }) => (pick(world.groups).status = 'deleted'),
]

function refuse(shown: PlainCertificate, { pick }: Chance): void {
  shown.refused = pick(CERTIFICATE_FAULTS)
  shown.foreign = shown.refused === 'CERT_UNTRUSTED' || (shown.refused === 'CERT_MALFORMED' && pick([true, false]))
}

/** Aimed at whoever calls. */
const ofCaller: readonly Fault[] = [
  ({ world, question: { certificate: shown } }, { pick }) => {
    if (shown === null) return
    const course = pick([['revoked'], ['held'], ['held', 'released']])
    for (const status of course) world.revocations.push({ issuer: shown.issuer, serial: shown.serial, status })
  },
  (spoilt, { pick }) => {
    const status = pick(['blocked', 'blocked', 'deleted'])
    for (const user of spoilt.world.users) if (usersOf(spoilt).includes(user.name)) user.status = status
  },
  (spoilt) => {
    const users = usersOf(spoilt)
    for (const member of spoilt.world.members) if (users.includes(member.user)) member.status = 'removed'
  },
  ({ world, question }, { pick }) => {
    const names = [question.actingUser ?? '', question.certificate?.cn ?? '']
    for (const denying of world.deployments) denying.denied = pick([names, names.map((name) => name.toUpperCase())])
  },
  ({ world }, { pick }) => {
    for (const closed of world.deployments) closed.callers = pick([[], ['other.internal']])
  },
]

/** Aimed at those who are of no project. */
const ofExternals: readonly Fault[] = [
  ({ world }) => (world.loginAfterHours = 0),
  ({ world, question }, { pick }) => {
    const hours = pick([1, 24])
    const at = NOW - hours * 3600 + pick([-1, -0.001, 0, 0.001, 1, hours * 3600 + 60, hours * 3600 + 60.001])
    world.loginAfterHours = hours
    for (const signIn of world.signIns) signIn.at = at
    for (const other of question.others) if (other.is === 'token') other.token.signedInAt = at
  },
  ({ world, question }, { pick }) => {
    const groups = pick([[], ['LAB1'], ['lab1 '], ['lab2', 'x'], ['lab'], ['lab11']])
    for (const signIn of world.signIns) signIn.groups = groups
    for (const other of question.others) if (other.is === 'token') other.token.groups = groups
  },
]

function usersOf({ world, question }: Parameters<Fault>[0]): string[] {
  const users = question.certificate === null ? [] : [question.certificate.user]
  for (const other of question.others) {
    if (other.is === 'token') users.push(other.token.user)
    if (other.is === 'api-key') users.push(...world.keys.map(({ user }) => user))
  }
  return users
}

/** What can be spoilt in this case, in groups of which each is as likely as another. */
export function faultsFor({ certificate, others }: PlainQuestion): readonly (readonly Fault[])[] {
  const shown = (is: PlainCredential['is']): boolean => others.some((other) => other.is === is)
  return [
    ...[ofQuestion, ofPeople, ofCaller, ofPlatform, ofDeployments, ofModels],
    ...(certificate === null ? [] : [ofCertificate]),
    ...(shown('token') ? [ofTokens, ofTokens, ofExternals] : []),
    ...(shown('api-key') ? [ofKeys, ofExternals] : []),
    ...(shown('passphrase') ? [ofPassphrases] : []),
  ]
}

function onCertificate(spoil: (shown: PlainCertificate, chance: Chance) => unknown): Fault {
  return ({ question }, chance) => {
    if (question.certificate !== null) spoil(question.certificate, chance)
  }
}

function onToken(spoil: (token: PlainToken, chance: Chance) => unknown): Fault {
  return ({ question }, chance) => {
    for (const other of question.others) if (other.is === 'token') spoil(other.token, chance)
  }
}

type Shown<Is extends PlainCredential['is']> = Extract<PlainCredential, { is: Is }>

function onKeyShown(spoil: (key: Shown<'api-key'>, chance: Chance) => unknown): Fault {
  return ({ question }, chance) => {
    for (const other of question.others) if (other.is === 'api-key') spoil(other, chance)
  }
}

function onPassphrase(spoil: (shown: Shown<'passphrase'>, chance: Chance) => unknown): Fault {
  return ({ question }, chance) => {
    for (const other of question.others) if (other.is === 'passphrase') spoil(other, chance)
  }
}

function onKey(spoil: (key: PlainKey, chance: Chance) => unknown): Fault {
  return ({ world }, chance) => {
    for (const key of world.keys) spoil(key, chance)
  }
}

/** Mostly the one that is asked for, sometimes another. */
function onDeployment(spoil: (changed: PlainDeployment, chance: Chance) => unknown): Fault {
  return ({ world }, chance) => {
    const changed = chance.once(4) ? chance.pick(world.deployments) : world.deployments[0]
    if (changed !== undefined) spoil(changed, chance)
  }
}

function anyCertificate(chance: Chance): PlainCertificate {
  return certificate(chance, chance.pick(['project-user', 'job', 'service', 'admin', 'service-account', 'account-job']))
}

function anyOther(chance: Chance): PlainCredential {
  switch (chance.pick(OTHERS)) {
    case 'token':
      return { is: 'token', token: anyToken(chance) }
    case 'api-key':
      return { is: 'api-key', prefix: chance.pick(['pre1', 'pre2']), rightSecret: !chance.once(4) }
    case 'passphrase':
      return { is: 'passphrase', refused: '', deployment: 'scorer', entry: chance.pick(['old', 'new', 'older']) }
    default:
      return { is: 'unreadable' }
  }
}

function anyToken({ pick }: Chance): PlainToken {
  return {
    refused: '',
    method: pick(['jwt', 'oidc']),
    kind: pick(['member', 'account', 'service', 'external']),
    project: pick(['fraud', 'churn']),
    user: pick(['alice', 'bob']),
    account: 'sa-etl',
    service: 'batch.internal',
    idp: 'corp',
    subject: 'ann',
    groups: pick([['lab1'], ['lab2']]),
    signedInAt: NOW - pick([60, 3600, 3601]),
    audience: pick([null, ['scorer']]),
    id: pick([null, 'jti-1']),
    from: NOW - 60,
    to: NOW + 60,
    boundTo: null,
    scopes: pick([null, ['SERVING'], ['KAFKA']]),
  }
}
