import { describe, expect, it } from 'vitest'
import { decide, explain } from '../../src/access/decide.ts'
import type { Decision, Question } from '../../src/access/decision.ts'
import { type CertificateFacts, NO_CREDENTIALS } from '../../src/access/facts.ts'
import { type Reason, REASONS } from '../../src/access/reasons.ts'
import type { LiveSnapshot } from '../../src/access/live-snapshot.ts'
import type { Snapshot } from '../../src/access/snapshot.ts'
import { STEPS } from '../../src/access/steps.ts'
import { DEFAULT_ACCESS_RULES, DEFAULT_DEPLOYMENT_POLICY, superadminKey } from '../../src/domain/access-policy.ts'
import type { Change } from '../../src/domain/change.ts'
import * as world from './world.ts'
import { AT, MONOTONIC, named, question, SERIAL, snapshotOf, VALIDITY } from './world.ts'

const acting = (name: string): Partial<Question> => ({ actingUser: { kind: 'named', name } })
const byHost = (host: string): Partial<Question> => ({ route: world.routeTo({ host }) })
const byName = (deployment: string): Partial<Question> => ({ route: world.routeTo({ deployment }) })
const byBoth = (deployment: string, host: string): Partial<Question> => ({
  route: world.routeTo({ deployment, host }),
})
const refused = (reason: 'CERT_MALFORMED' | 'CERT_UNTRUSTED'): CertificateFacts => ({
  kind: 'refused',
  reason,
  fault: 'issuer',
  validity: 'unproven',
})
const unfit = (reason: 'CERT_EKU' | 'CERT_AMBIGUOUS_CN' | 'CERT_MALFORMED', validity = VALIDITY): CertificateFacts => ({
  kind: 'refused',
  reason,
  fault: 'names',
  validity,
})
const NOTHING_SHOWN: Partial<Question> = { credentials: NO_CREDENTIALS }
const other = (...others: Question['credentials']['others']): Partial<Question> => ({
  credentials: { ...NO_CREDENTIALS, others },
})

const KEY_SHOWN = { kind: 'api-key', prefix: 'pre1', secret: 'matches' } as const
const acceptingKeys = (): Change =>
  world.deployment('scorer', 'fraud', { policy: { ...DEFAULT_DEPLOYMENT_POLICY, authModes: ['api-key'] } })
/** Of the administrator, with every scope that calls and management need. */
const apiKey = (more: Partial<Extract<Change, { kind: 'api-key' }>> = {}): Change => ({
  kind: 'api-key',
  prefix: 'pre1',
  user: named('root_admin'),
  salt: '',
  hash: '',
  scopes: ['SERVING', 'MODELREGISTRY'],
  reach: { kind: 'platform' },
  deployments: 'all',
  expiresAt: AT.wall.getTime() + 60_000,
  status: 'active',
  ...more,
})

const TOKEN = { kind: 'token', method: 'jwt', verdict: 'refused', reason: 'TOKEN_SIGNATURE' } as const

interface Row {
  readonly what: string
  readonly asked: Question
  readonly changes?: readonly Change[]
}

describe('who is let in', () => {
  const rows: readonly Row[] = [
    { what: 'a member under its own name', asked: question() },
    { what: 'by host', asked: question(undefined, byHost('scorer.models.internal')) },
    {
      what: 'by host with port, upper case and dot',
      asked: question(undefined, byHost('Scorer.MODELS.internal.:8443')),
    },
    { what: 'by name and host that agree', asked: question(undefined, byBoth('scorer', 'scorer.models.internal')) },
    { what: 'the job of a member', asked: question(world.jobCertificate()) },
    { what: 'a service account under its own name', asked: question(world.accountCertificate()) },
    { what: 'a service that the deployment lists', asked: question(world.serviceCertificate()) },
    { what: 'a member whose hold was released', asked: question(), changes: [hold('held'), hold('released')] },
    {
      what: 'a user that was blocked and is not any more',
      asked: question(),
      changes: [blocked(), world.user('alice')],
    },
    {
      what: 'with a serial that another issuer revoked',
      asked: question(),
      changes: [world.revocation(SERIAL, 'revoked', { issuer: named('services-1') })],
    },
    {
      what: 'a platform administrator as the member it also is',
      asked: question(),
      changes: [world.user('alice', { platformRole: 'admin' })],
    },
  ]
  it.each(rows)('$what', ({ asked, changes = [] }) => {
    const decision = decide(snapshotOf(...changes), asked, AT)
    expect(decision).toMatchObject({ decision: 'allow', reason: 'ALLOWED', step: 'all', resource: 'scorer' })
  })

  it('answers with subject, revision and the end of the certificate', () => {
    expect(decide(snapshotOf(), question(), AT)).toEqual({
      decision: 'allow',
      reason: 'ALLOWED',
      step: 'all',
      matchedRule: 'member',
      subject: {
        kind: 'member',
        profile: 'project-user',
        name: 'fraud__alice',
        spiffeId: 'spiffe://signet.test/project/fraud/user/alice',
      },
      resource: 'scorer',
      policyRevision: world.WORLD.length,
      validUntil: VALIDITY.notAfter,
    })
  })
})

describe('each step refuses alone', () => {
  const rows: readonly (Row & { readonly reason: Reason })[] = [
    { reason: 'ROUTE_UNKNOWN', what: 'an unknown host', asked: question(undefined, byHost('nobody.internal')) },
    { reason: 'ROUTE_UNKNOWN', what: 'an empty host', asked: question(undefined, byHost('')) },
    { reason: 'ROUTE_UNKNOWN', what: 'an unknown name', asked: question(undefined, byName('nobody')) },
    { reason: 'ROUTE_UNKNOWN', what: 'an empty name', asked: question(undefined, byName('')) },
    { reason: 'ROUTE_UNKNOWN', what: 'a name in another case', asked: question(undefined, byName('Scorer')) },
    { reason: 'ROUTE_UNKNOWN', what: 'a name of an object', asked: question(undefined, byName('__proto__')) },
    {
      reason: 'ROUTE_UNKNOWN',
      what: 'a known name beside an unknown host',
      asked: question(undefined, byBoth('scorer', 'nobody.internal')),
    },
    {
      reason: 'ROUTE_UNKNOWN',
      what: 'an unknown name beside a known host',
      asked: question(undefined, byBoth('nobody', 'scorer.models.internal')),
    },
    {
      reason: 'ROUTE_UNKNOWN',
      what: 'a deleted deployment',
      asked: question(),
      changes: [world.deployment('scorer', 'fraud', { status: 'deleted' })],
    },
    {
      reason: 'ROUTE_UNKNOWN',
      what: 'the host that a deployment had before',
      asked: question(undefined, byHost('scorer.models.internal')),
      changes: [world.deployment('scorer', 'fraud', { host: named('moved.internal') })],
    },
    {
      reason: 'ROUTE_CONFLICT',
      what: 'name and host of two deployments',
      asked: question(undefined, byBoth('scorer', 'churner.models.internal')),
    },

    {
      reason: 'CREDENTIAL_MISSING',
      what: 'nothing presented',
      asked: question(undefined, { credentials: NO_CREDENTIALS }),
    },
    { reason: 'AUTH_METHOD_NOT_ENABLED', what: 'a token', asked: question(undefined, other(TOKEN)) },
    {
      reason: 'AUTH_METHOD_NOT_ENABLED',
      what: 'a key',
      asked: question(undefined, other({ kind: 'api-key', prefix: 'p', secret: 'matches' })),
    },
    {
      reason: 'AUTH_METHOD_NOT_ENABLED',
      what: 'a passphrase',
      asked: question(undefined, other({ kind: 'passphrase', verdict: 'refused', reason: 'PASSPHRASE_INVALID' })),
    },
    {
      reason: 'AUTH_METHOD_NOT_ENABLED',
      what: 'a token beside a good certificate',
      asked: question(undefined, { credentials: { ...question().credentials, others: [TOKEN] } }),
    },

    { reason: 'CERT_MALFORMED', what: 'broken bytes', asked: question(refused('CERT_MALFORMED')) },
    { reason: 'CERT_MALFORMED', what: 'of ours, without its names', asked: question(unfit('CERT_MALFORMED')) },
    { reason: 'CERT_UNTRUSTED', what: 'a foreign certificate', asked: question(refused('CERT_UNTRUSTED')) },
    { reason: 'CERT_EKU', what: 'a server-only certificate', asked: question(unfit('CERT_EKU')) },
    { reason: 'CERT_AMBIGUOUS_CN', what: 'two common names', asked: question(unfit('CERT_AMBIGUOUS_CN')) },

    { reason: 'CERT_REVOKED', what: 'a revoked certificate', asked: question(), changes: [hold('revoked')] },
    { reason: 'CERT_REVOKED', what: 'a certificate on hold', asked: question(), changes: [hold('held')] },
    {
      reason: 'CERT_REVOKED',
      what: 'the certificate of a finished job',
      asked: question(world.jobCertificate()),
      changes: [hold('revoked')],
    },

    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a user nobody knows',
      asked: question(world.memberCertificate('fraud', 'eve')),
    },
    { reason: 'SUBJECT_UNKNOWN', what: 'a deleted user', asked: question(), changes: [deleted()] },
    { reason: 'SUBJECT_UNKNOWN', what: 'a removed member', asked: question(), changes: [removed()] },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a deleted project',
      asked: question(),
      changes: [world.project('fraud', 'deleted')],
    },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'the job of a removed member',
      asked: question(world.jobCertificate()),
      changes: [removed()],
    },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a service account that was deleted',
      asked: question(world.accountCertificate()),
      changes: [world.account('fraud', 'sa-etl', 'deleted')],
    },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a service account of a deleted project',
      asked: question(world.accountCertificate()),
      changes: [world.project('fraud', 'deleted')],
    },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a service account of a project that is there again',
      asked: question(world.accountCertificate()),
      changes: [world.project('fraud', 'deleted'), world.project('fraud')],
    },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a service account that another project has',
      asked: question(world.accountCertificate('churn')),
    },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a service nobody knows',
      asked: question(world.serviceCertificate('new.internal', 'batch')),
    },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a deleted service',
      asked: question(world.serviceCertificate()),
      changes: [world.service('batch.internal', 'batch', { status: 'deleted' })],
    },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a service that runs as somebody else by now',
      asked: question(world.serviceCertificate()),
      changes: [world.service('batch.internal', 'batch2')],
    },
    { reason: 'SUBJECT_UNKNOWN', what: 'an administrator of the past', asked: question(world.adminCertificate('bob')) },
    { reason: 'SUBJECT_BLOCKED', what: 'a blocked user', asked: question(), changes: [blocked()] },
    {
      reason: 'SUBJECT_BLOCKED',
      what: 'the job of a blocked user',
      asked: question(world.jobCertificate()),
      changes: [blocked()],
    },
    {
      reason: 'SUBJECT_BLOCKED',
      what: 'a blocked administrator',
      asked: question(world.adminCertificate()),
      changes: [world.user('root_admin', { status: 'blocked', platformRole: 'admin' })],
    },

    { reason: 'CERT_CN_MISMATCH', what: 'another member', asked: question(undefined, acting('fraud__bob')) },
    {
      reason: 'CERT_CN_MISMATCH',
      what: 'another project of the same user',
      asked: question(undefined, acting('churn__alice')),
    },
    {
      reason: 'CERT_CN_MISMATCH',
      what: 'a job as another member',
      asked: question(world.jobCertificate(), acting('fraud__bob')),
    },
    {
      reason: 'CERT_CN_MISMATCH',
      what: 'the credential itself',
      asked: question(undefined, { actingUser: { kind: 'credential-itself' } }),
    },
    {
      reason: 'CERT_CN_MISMATCH',
      what: 'a member as a system user, also with that L',
      asked: question({ ...world.memberCertificate(), localities: ['batch'] }, acting('batch')),
    },

    {
      reason: 'CERT_L_MISMATCH',
      what: 'another system user',
      asked: question(world.serviceCertificate(), acting('serving')),
    },
    {
      reason: 'CERT_L_MISMATCH',
      what: 'a service under its common name',
      asked: question(world.serviceCertificate(), acting('batch.internal')),
    },
    {
      reason: 'CERT_L_MISMATCH',
      what: 'a service without L',
      asked: question(world.serviceCertificate('batch.internal', 'batch', [])),
    },
    {
      reason: 'CERT_L_MISMATCH',
      what: 'a service with two L, both right',
      asked: question(world.serviceCertificate('batch.internal', 'batch', ['batch', 'batch'])),
    },
    {
      reason: 'CERT_L_MISMATCH',
      what: 'a service with a second L',
      asked: question(world.serviceCertificate('batch.internal', 'batch', ['batch', 'root'])),
    },
    {
      reason: 'CERT_L_MISMATCH',
      what: 'an L that the URI contradicts',
      asked: question(world.serviceCertificate('batch.internal', 'batch', ['serving'])),
    },
    {
      reason: 'CERT_L_MISMATCH',
      what: 'a service as a member',
      asked: question(world.serviceCertificate(), acting('fraud__alice')),
    },
    {
      reason: 'CERT_L_MISMATCH',
      what: 'a service as a member, also with that L everywhere',
      asked: question(world.serviceCertificate('batch.internal', 'fraud__alice')),
      changes: [world.service('batch.internal', 'fraud__alice')],
    },
    {
      reason: 'CERT_L_MISMATCH',
      what: 'a service that has its L from a member, as the credential itself',
      asked: question(world.serviceCertificate('batch.internal', 'fraud__alice'), {
        actingUser: { kind: 'credential-itself' },
      }),
      changes: [
        world.service('batch.internal', 'fraud__alice'),
        world.deployment('scorer', 'fraud', {
          policy: { ...DEFAULT_DEPLOYMENT_POLICY, actingUser: 'credential-itself' },
        }),
      ],
    },
    {
      reason: 'CERT_L_MISMATCH',
      what: 'a service as the credential itself',
      asked: question(world.serviceCertificate(), { actingUser: { kind: 'credential-itself' } }),
    },

    { reason: 'ADMIN_NO_DATA', what: 'an administrator', asked: question(world.adminCertificate()) },
    {
      reason: 'ADMIN_NO_DATA',
      what: 'an administrator who is a member, with the admin certificate',
      asked: question(world.adminCertificate('alice'), acting('fraud__alice')),
      changes: [world.user('alice', { platformRole: 'admin' })],
    },

    {
      reason: 'PROJECT_BOUNDARY',
      what: 'a member of both projects, with the other identity',
      asked: question(world.memberCertificate('churn', 'alice')),
    },
    {
      reason: 'PROJECT_BOUNDARY',
      what: 'a job of another project',
      asked: question(world.jobCertificate('churn', 'carol')),
    },
    {
      reason: 'PROJECT_BOUNDARY',
      what: 'a listed service, when the project is deleted',
      asked: question(world.serviceCertificate()),
      changes: [world.project('fraud', 'deleted')],
    },
    {
      reason: 'NOT_MEMBER',
      what: 'a service that is not listed',
      asked: question(world.serviceCertificate('other.internal', 'other')),
    },
    {
      reason: 'NOT_MEMBER',
      what: 'the service that serves the model, when it is not listed',
      asked: question(world.serviceCertificate('models.internal', 'serving')),
    },
    {
      reason: 'NOT_MEMBER',
      what: 'a service that is no longer listed',
      asked: question(world.serviceCertificate()),
      changes: [world.deployment('scorer', 'fraud', { serviceCallers: [] })],
    },
  ]

  it.each(rows)('$reason: $what', ({ reason, asked, changes = [] }) => {
    const decision = decide(snapshotOf(...changes), asked, AT)
    expect(decision).toMatchObject({ decision: 'deny', reason, step: REASONS[reason].step })
    expect(decision).not.toHaveProperty('validUntil')
  })
})

describe('superadmins and administrators', () => {
  const dn = 'CN=fraud__alice'
  const superadmin = (): LiveSnapshot => {
    const snapshot = snapshotOf(world.member('fraud', 'alice', 'removed'))
    const superadmins = new Set([superadminKey('users-1', 'project-user', dn)])
    snapshot.govern({ ...DEFAULT_ACCESS_RULES, superadmins })
    return snapshot
  }

  it('a superadmin that is no member manages models', () => {
    const asked = question(undefined, { action: 'update' })
    expect(decide(superadmin(), asked, AT)).toMatchObject({ reason: 'ALLOWED', matchedRule: 'superadmin' })
  })

  it.each(['infer', 'run'] as const)('and what step 9 lets it go without gives no data: %s', (action) => {
    expect(decide(superadmin(), question(undefined, { action }), AT)).toMatchObject({
      reason: 'NOT_MEMBER',
      step: '14',
    })
  })

  it('nor to a service that is not in the directory', () => {
    const snapshot = snapshotOf(world.service('batch.internal', 'batch', { status: 'deleted' }))
    const superadmins = new Set([superadminKey('services-1', 'service', 'CN=batch.internal,L=batch')])
    snapshot.govern({ ...DEFAULT_ACCESS_RULES, superadmins })
    expect(decide(snapshot, question(world.serviceCertificate()), AT).reason).toBe('NOT_MEMBER')
  })

  const manages = { action: 'update' } as const
  const itself = { actingUser: { kind: 'credential-itself' } } as const
  it.each([
    ['in its own name', acting('root_admin'), 'ALLOWED'],
    ['as itself', itself, 'ALLOWED'],
    ["in somebody else's name", acting('alice'), 'CERT_CN_MISMATCH'],
    ["in a member's name", acting('fraud__alice'), 'CERT_CN_MISMATCH'],
    ['in its name written otherwise', acting('Root_admin'), 'CERT_CN_MISMATCH'],
  ])('an administrator manages %s: %s', (_, more, reason) => {
    expect(decide(snapshotOf(), question(world.adminCertificate(), { ...manages, ...more }), AT).reason).toBe(reason)
  })

  it.each([
    ['its own', acting('root_admin'), 'ALLOWED'],
    ["somebody else's", acting('alice'), 'SUBJECT_MISMATCH'],
  ])('with an API key, in %s name: %s', (_, more, reason) => {
    const asked = question(undefined, { ...manages, ...more, ...other(KEY_SHOWN) })
    expect(decide(snapshotOf(acceptingKeys(), apiKey()), asked, AT).reason).toBe(reason)
  })
})

describe('an API key', () => {
  const scored = (): Question => question(undefined, other(KEY_SHOWN))
  it.each([
    ['that was ended', { status: 'ended' }, 'KEY_REVOKED'],
    ['that has expired', { expiresAt: AT.wall.getTime() }, 'KEY_EXPIRED'],
    ['that expires next', { expiresAt: AT.wall.getTime() + 1 }, 'ADMIN_NO_DATA'],
    ['that was ended and has expired: in the order of the table', { status: 'ended', expiresAt: 0 }, 'KEY_EXPIRED'],
  ] as const)('%s', (_, more, reason) => {
    expect(decide(snapshotOf(acceptingKeys(), apiKey(more)), scored(), AT).reason).toBe(reason)
  })
})

it('an answer ends with what is known of revocations', () => {
  const until = AT.wall.getTime() + 5_000
  const snapshot = Object.defineProperty(snapshotOf(), 'revocationsGoodUntil', { value: () => until })
  expect(decide(snapshot, question(), AT)).toMatchObject({ decision: 'allow', validUntil: new Date(until) })
})

describe('names are equal byte for byte or not at all', () => {
  const kelvin = 'fraud__\u212a'
  const rows: readonly (readonly [what: string, commonName: string, actingName: string])[] = [
    ['case', 'fraud__alice', 'fraud__Alice'],
    ['case of the project', 'fraud__alice', 'Fraud__alice'],
    ['trailing space', 'fraud__alice', 'fraud__alice '],
    ['leading space', 'fraud__alice', ' fraud__alice'],
    ['trailing newline', 'fraud__alice', 'fraud__alice\n'],
    ['trailing NUL', 'fraud__alice', 'fraud__alice\0'],
    ['NUL and more', 'fraud__alice', 'fraud__alice\0x'],
    ['prefix', 'fraud__alice', 'fraud__alic'],
    ['longer', 'fraud__alice', 'fraud__alice2'],
    ['empty', 'fraud__alice', ''],
    ['user alone', 'fraud__alice', 'alice'],
    ['separator', 'fraud__alice', 'fraud_alice'],
    ['three underscores', 'fraud__alice', 'fraud___alice'],
    ['composed in the certificate', 'fraud__ren\u00e9', 'fraud__rene\u0301'],
    ['decomposed in the certificate', 'fraud__rene\u0301', 'fraud__ren\u00e9'],
    ['zero width joiner', 'fraud__alice', 'fraud__al\u200dice'],
    ['a look-alike', 'fraud__alice', 'fraud__\u0430lice'],
    ['Kelvin sign for k', kelvin, 'fraud__k'],
    ['full width', 'fraud__alice', 'fraud__\uff41lice'],
    ['byte order mark', 'fraud__alice', '\ufefffraud__alice'],
    ['lone surrogate', 'fraud__\ufffd', 'fraud__\ud800'],
    ['wildcard', 'fraud__alice', '*'],
  ]
  it.each(rows)('CN: %s', (_, commonName, name) => {
    const asked = question({ ...world.memberCertificate(), commonName }, acting(name))
    expect(decide(snapshotOf(), asked, AT).reason).toBe('CERT_CN_MISMATCH')
  })

  it.each(['Batch', 'batch ', ' batch', 'batc', 'batch2', '', 'batch\0', 'b\u0430tch', 'batch\n', '*'])(
    'L: %j',
    (name) => {
      const decision = decide(snapshotOf(), question(world.serviceCertificate(), acting(name)), AT)
      expect(decision.reason).toBe('CERT_L_MISMATCH')
    },
  )
})

describe('time', () => {
  const at = (iso: string) => ({ wall: new Date(iso), monotonic: MONOTONIC })
  it.each([
    ['one millisecond early', '2026-03-01T05:59:59.999Z', 'CERT_NOT_YET_VALID'],
    ['the first instant', '2026-03-01T06:00:00.000Z', 'ALLOWED'],
    ['the last second', '2026-03-02T06:00:00.000Z', 'ALLOWED'],
    ['its last millisecond', '2026-03-02T06:00:00.999Z', 'ALLOWED'],
    ['the second after', '2026-03-02T06:00:01.000Z', 'CERT_EXPIRED'],
    ['no time at all', 'never', 'PDP_UNAVAILABLE'],
  ])('%s', (_, iso, reason) => {
    expect(decide(snapshotOf(), question(), at(iso)).reason).toBe(reason)
  })

  it('comes before the purpose of the certificate and after its chain', () => {
    const ended = { notBefore: VALIDITY.notBefore, notAfter: VALIDITY.notBefore }
    expect(decide(snapshotOf(), question(unfit('CERT_EKU', ended)), AT).reason).toBe('CERT_EXPIRED')
    expect(decide(snapshotOf(), question(refused('CERT_UNTRUSTED')), AT).reason).toBe('CERT_UNTRUSTED')
  })

  it.each([
    ['just confirmed', 0, 'ALLOWED'],
    ['4,999 ms', 4_999, 'ALLOWED'],
    ['5,000 ms', 5_000, 'SNAPSHOT_STALE'],
    ['a minute', 60_000, 'SNAPSHOT_STALE'],
    ['a clock that is no number', Number.NaN, 'SNAPSHOT_STALE'],
  ])('rule 30: a snapshot confirmed %s ago', (_, age, reason) => {
    const snapshot = snapshotOf()
    snapshot.confirm(MONOTONIC)
    expect(decide(snapshot, question(), { wall: world.NOW, monotonic: MONOTONIC + age }).reason).toBe(reason)
  })

  it('rule 32: in quarantine nothing else is answered, to anyone, until it ends', () => {
    const course = (status: 'on' | 'off'): Change => ({ kind: 'quarantine', status, since: 0 })
    for (const asked of [question(), question(undefined, byHost('nobody')), question(undefined, NOTHING_SHOWN)]) {
      const answer = { decision: 'deny', reason: 'QUARANTINED', step: 'snapshot' }
      expect(decide(snapshotOf(course('on')), asked, AT)).toMatchObject(answer)
    }
    expect(decide(snapshotOf(course('on'), course('off')), question(), AT).reason).toBe('ALLOWED')
  })

  it('rule 30: a stale snapshot answers nothing else, to anyone', () => {
    const late = { wall: world.NOW, monotonic: MONOTONIC + 60_000 }
    for (const asked of [question(undefined, byHost('nobody')), question(undefined, NOTHING_SHOWN)]) {
      expect(decide(snapshotOf(), asked, late)).toMatchObject({ reason: 'SNAPSHOT_STALE', step: 'snapshot' })
    }
  })
})

describe('what a stranger learns about deployments', () => {
  const strangers: readonly (readonly [string, Partial<Question>, Reason])[] = [
    ['with nothing', { credentials: NO_CREDENTIALS }, 'CREDENTIAL_MISSING'],
    ['with a passphrase', other({ kind: 'unreadable' }), 'AUTH_METHOD_NOT_ENABLED'],
    ['with a foreign certificate', { credentials: question(refused('CERT_UNTRUSTED')).credentials }, 'CERT_UNTRUSTED'],
    [
      'unknown by now',
      { credentials: question(world.memberCertificate('fraud', 'eve')).credentials },
      'SUBJECT_UNKNOWN',
    ],
  ]
  const held: readonly (readonly [string, Partial<Question>, Reason])[] = [
    ['an unknown name', byName('nobody'), 'ROUTE_UNKNOWN'],
    ['an unknown name at a known host', byBoth('nobody', 'scorer.models.internal'), 'ROUTE_UNKNOWN'],
    ['a conflict', byBoth('scorer', 'churner.models.internal'), 'ROUTE_CONFLICT'],
  ]
  for (const [what, route, reason] of held) {
    it.each(strangers)(`${what}: nothing, %s`, (_, credentials, expected) => {
      const decision = decide(snapshotOf(), question(undefined, { ...route, ...credentials }), AT)
      expect(decision.reason).toBe(expected)
      expect(decision).not.toHaveProperty('resource')
    })

    it(`${what}: comes out before the acting user is compared, with the subject`, () => {
      const decision = decide(snapshotOf(), question(undefined, { ...route, ...acting('somebody') }), AT)
      expect(decision).toMatchObject({ reason, step: '2', subject: { name: 'fraud__alice' } })
      expect(decision).not.toHaveProperty('resource')
    })
  }

  it.each(strangers)('an unknown host answers everybody, %s', (_, credentials) => {
    const decision = decide(snapshotOf(), question(undefined, { ...byHost('nobody'), ...credentials }), AT)
    expect(decision).toMatchObject({ reason: 'ROUTE_UNKNOWN', step: '2' })
    expect(decision).not.toHaveProperty('subject')
  })
})

describe('what an answer says', () => {
  const subjectOf = (decision: Decision) => decision.subject?.name
  it.each([
    ['nothing of a revoked certificate', question(), [hold('revoked')], undefined],
    ['the name of a blocked user', question(), [blocked()], 'fraud__alice'],
    ['the name in a certificate that acts for another', question(undefined, acting('x')), [], 'fraud__alice'],
    ['nothing of a certificate beside a token', withToken(), [], undefined],
  ] as const)('%s', (_, asked, changes, expected) => {
    expect(subjectOf(decide(snapshotOf(...changes), asked, AT))).toBe(expected)
  })

  function withToken(): Question {
    return question(undefined, { credentials: { ...question().credentials, others: [TOKEN] } })
  }
})

describe('a broken evaluator', () => {
  it('refuses, and hands on what broke', () => {
    const fault = new Error('broken')
    const snapshot: Snapshot = new Proxy(snapshotOf(), {
      get: () => {
        throw fault
      },
    })
    expect(decide(snapshot, question(), AT)).toMatchObject({ decision: 'deny', reason: 'PDP_UNAVAILABLE', fault })
    expect(explain(snapshot, question(), AT).steps).toEqual([])
  })
})

describe('purity', () => {
  it('asks the snapshot only to look things up, changes nothing, and answers the same twice', () => {
    const asked = deepFreeze(question())
    const calls: string[] = []
    const snapshot = readOnly(snapshotOf(), calls)
    const first = decide(snapshot, asked, AT)
    const callsOfFirst = calls.splice(0)
    expect(decide(snapshot, asked, AT)).toEqual(first)
    expect(calls).toEqual(callsOfFirst)
    expect(first.reason).toBe('ALLOWED')
  })

  it('a revocation shows in the next decision, and only in the next', () => {
    const snapshot = snapshotOf()
    const before = decide(snapshot, question(), AT)
    snapshot.apply([{ seq: snapshot.revision + 1, change: hold('revoked') }])
    expect(before.reason).toBe('ALLOWED')
    expect(decide(snapshot, question(), AT)).toMatchObject({
      reason: 'CERT_REVOKED',
      policyRevision: before.policyRevision + 1,
    })
  })
})

describe('explanations', () => {
  it('name every step when all pass', () => {
    const { decision, steps } = explain(snapshotOf(), question(), AT)
    expect(decision).toEqual(decide(snapshotOf(), question(), AT))
    const passed = steps.filter(({ outcome }) => outcome === 'passed').map(({ step }) => step)
    expect(passed).toEqual(['snapshot', '1a', '2', '5', '6', '7c', '7r', '9', '2', '10u', '14', '14r'])
    expect(steps.map(({ step }) => step)).toEqual(STEPS.map(({ step }) => step))
  })

  it('end with the step that refused, and show what it saw', () => {
    const { decision, steps } = explain(snapshotOf(), question(undefined, acting('fraud__bob')), AT)
    expect(steps.at(-1)).toEqual({
      step: '10u',
      title: 'CN is the acting user',
      outcome: decision.reason,
      saw: {
        principal: 'fraud__alice',
        profile: 'project-user',
        localities: [],
        actingUser: 'fraud__bob',
        deploymentAllows: 'named',
      },
    })
  })

  it.each([
    [
      question(undefined, { credentials: NO_CREDENTIALS }),
      { presented: [], accepted: ['mtls'], activated: ['mtls', 'jwt', 'oidc', 'api-key', 'passphrase'] },
    ],
    [question(undefined, byHost('x')), { host: 'x', models: [], found: false }],
    [
      question(undefined, byBoth('x', 'scorer.models.internal')),
      { deployment: 'x', host: 'scorer.models.internal', models: [], found: false },
    ],
    [question(refused('CERT_UNTRUSTED')), { now: '2026-03-01T12:00:00.000Z', fault: 'issuer' }],
    [question(world.adminCertificate()), { principals: ['admin:root_admin'] }],
    [
      question(world.memberCertificate('churn')),
      { kind: 'member', project: 'churn', deploymentProject: 'fraud', role: 'scientist', action: 'infer' },
    ],
    [
      question(world.serviceCertificate('other.internal', 'other')),
      { kind: 'service', deploymentProject: 'fraud', serviceCallers: ['batch.internal'] },
    ],
    [
      question(world.serviceCertificate(), { actingUser: { kind: 'credential-itself' } }),
      {
        principal: 'batch.internal',
        profile: 'service',
        localities: ['batch'],
        actingUser: 'credential-itself',
        deploymentAllows: 'named',
      },
    ],
  ])('case %#', (asked, saw) => {
    expect(explain(snapshotOf(), asked, AT).steps.at(-1)?.saw).toEqual(saw)
  })

  it('agree with the reason table on the step', () => {
    const steps = new Set<string>([...STEPS.map(({ step }) => step), 'all', 'err'])
    // These allow, and refuse nobody.
    for (const allows of ['3', '4', '11']) steps.delete(allows)
    expect(new Set<string>(Object.values(REASONS).map(({ step }) => step))).toEqual(steps)
  })
})

function hold(status: 'revoked' | 'held' | 'released'): Change {
  return world.revocation(SERIAL, status)
}
function blocked(): Change {
  return world.user('alice', { status: 'blocked' })
}
function deleted(): Change {
  return world.user('alice', { status: 'deleted' })
}
function removed(): Change {
  return world.member('fraud', 'alice', 'removed')
}

function deepFreeze<Value>(value: Value): Value {
  // Dates cannot be frozen, and nothing here sets one.
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}

/** A snapshot on which only the look-ups of the interface exist, and which notes each. */
function readOnly(snapshot: Snapshot, calls: string[]): Snapshot {
  const noted = <Answer>(name: string, answer: Answer): Answer => {
    calls.push(name)
    return answer
  }
  return Object.freeze({
    revision: snapshot.revision,
    expectedRevision: snapshot.expectedRevision,
    quarantine: snapshot.quarantine,
    confirmedAtMilliseconds: snapshot.confirmedAtMilliseconds,
    staleAfterMilliseconds: snapshot.staleAfterMilliseconds,
    user: (name: string) => noted(`user ${name}`, snapshot.user(name)),
    project: (name: string) => noted(`project ${name}`, snapshot.project(name)),
    member: (of: string, name: string) => noted(`member ${of} ${name}`, snapshot.member(of, name)),
    account: (of: string, name: string) => noted(`account ${of} ${name}`, snapshot.account(of, name)),
    service: (name: string) => noted(`service ${name}`, snapshot.service(name)),
    deployment: (name: string) => noted(`deployment ${name}`, snapshot.deployment(name)),
    deploymentsOfHost: (host: string) => noted(`host ${host}`, snapshot.deploymentsOfHost(host)),
    model: (id: string) => noted(`model ${id}`, snapshot.model(id)),
    modelGroup: (id: string) => noted(`model group ${id}`, snapshot.modelGroup(id)),
    proxyOf: (service: string) => noted(`proxy of ${service}`, snapshot.proxyOf(service)),
    sidecar: (name: string) => noted(`sidecar ${name}`, snapshot.sidecar(name)),
    assignedRoles: (user: string) => noted(`roles of ${user}`, snapshot.assignedRoles(user)),
    roleMapping: (role: string) => noted(`role ${role}`, snapshot.roleMapping(role)),
    isModel: (text: string) => noted(`is model ${text}`, snapshot.isModel(text)),
    revocationsGoodUntil: (issuer: string) => snapshot.revocationsGoodUntil(issuer),
    modelAccessControl: snapshot.modelAccessControl,
    rules: snapshot.rules,
    deploymentsServedBy: (service: string) => noted(`served by ${service}`, snapshot.deploymentsServedBy(service)),
    revocation: (issuer: string, serial: string) => noted(`revocation ${serial}`, snapshot.revocation(issuer, serial)),
    tokenRevoked: (jti: string) => noted(`token ${jti}`, snapshot.tokenRevoked(jti)),
    apiKey: (prefix: string) => noted(`api key ${prefix}`, snapshot.apiKey(prefix)),
    session: (id: string) => noted(`session ${id}`, snapshot.session(id)),
    signIn: (user: string) => noted(`sign-in ${user}`, snapshot.signIn(user)),
    membershipsOf: (user: string) => noted(`memberships of ${user}`, snapshot.membershipsOf(user)),
  })
}
