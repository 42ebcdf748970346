// What a sidecar is sent of each change, and what makes it begin anew. Whatever could end a right must never be dropped.
import { describe, expect, test } from 'vitest'
import { contentOf, followed, scopeDigest, scopeOf } from '../../src/access/sidecar-content.ts'
import type { SidecarView } from '../../src/access/snapshot.ts'
import { DEFAULT_DEPLOYMENT_POLICY } from '../../src/domain/access-policy.ts'
import type { Change } from '../../src/domain/change.ts'

const change = (text: object): Change => text as Change

const SIDECAR = {
  name: 'front',
  service: 'model-1.internal',
  deployments: new Set(['resnet', 'gone']),
} as unknown as SidecarView

const deployment = (name: string, project: string, more: object = {}): Change =>
  change({
    ...{ kind: 'deployment', name, project, host: `${name}.internal`, service: 'model-1.internal' },
    ...{ serviceCallers: ['batch.internal'], status: 'active' },
    policy: { ...DEFAULT_DEPLOYMENT_POLICY, model: 'm1', externalGroups: ['partners'], ...more },
  })
const member = (project: string, user: string, status = 'active'): Change =>
  change({ kind: 'member', project, user, role: 'scientist', status })
const user = (name: string): Change => change({ kind: 'user', name, status: 'active', platformRole: 'user' })
const signIn = (name: string, groups: readonly string[]): Change =>
  change({ kind: 'sign-in', user: name, provider: 'idp', subject: name, groups, at: 1 })
const key = (more: object): Change =>
  change({
    ...{ kind: 'api-key', prefix: 'p', user: 'alice', salt: 's', hash: 'h', scopes: ['SERVING', 'PROJECT'] },
    ...{ reach: { kind: 'user' }, deployments: 'all', expiresAt: 9, status: 'active', ...more },
  })

const STATE: readonly Change[] = [
  ...['alice', 'eve', 'zoe'].map(user),
  ...['vision', 'speech'].map((name) => change({ kind: 'project', name, status: 'active' })),
  member('vision', 'alice'),
  member('speech', 'zoe'),
  deployment('resnet', 'vision'),
  deployment('whisper', 'speech'),
  change({
    kind: 'model',
    id: 'm1',
    name: 'r',
    version: 1,
    group: 'g1',
    creator: 'speech__zoe',
    hidden: false,
    enabled: true,
    status: 'active',
  }),
  change({
    kind: 'model-group',
    id: 'g1',
    name: 'g',
    owner: 'speech__sa-x',
    access: 'restricted',
    roles: ['lab'],
    status: 'active',
  }),
  signIn('eve', ['partners', 'speech-people']),
  signIn('alice', ['lab', 'others']),
  change({
    kind: 'role-mapping',
    role: 'all_access',
    users: ['zoe', 'alice'],
    backendRoles: ['ops'],
    status: 'active',
  }),
  change({
    kind: 'service',
    name: 'batch.internal',
    systemUser: 'b',
    dnsNames: ['x.internal'],
    roles: ['launcher'],
    projects: ['speech'],
    status: 'active',
  }),
]
const SCOPE = scopeOf(SIDECAR, STATE)
const kindOf = (entry: Change): string => followed(SCOPE, entry).kind

describe('the state of a sidecar', () => {
  test('names its own project and nobody else', () => {
    const content = JSON.stringify(contentOf(SCOPE, STATE))
    for (const name of ['alice', 'eve', 'vision', 'resnet', 'partners', 'lab', 'batch.internal'])
      expect(content).toContain(name)
    for (const name of ['zoe', 'speech', 'whisper', 'others', 'sa-x']) expect(content).not.toContain(name)
  })

  test('has another border when a member comes or goes', () => {
    const digest = scopeDigest(SCOPE)
    expect(scopeDigest(scopeOf(SIDECAR, [...STATE].reverse()))).toBe(digest)
    expect(scopeDigest(scopeOf(SIDECAR, [...STATE, member('vision', 'eve'), member('vision', 'bob')]))).not.toBe(digest)
  })
})

describe('a change', () => {
  test.each<[string, Change, 'send' | 'drop' | 'reload']>([
    ['of one of its users', change({ kind: 'user', name: 'alice', status: 'blocked', platformRole: 'user' }), 'send'],
    ['of another user', change({ kind: 'user', name: 'zoe', status: 'blocked', platformRole: 'user' }), 'drop'],
    ['that takes a member away', member('vision', 'alice', 'removed'), 'send'],
    ['that takes away one who was no member before', member('vision', 'bob', 'removed'), 'send'],
    ['that adds a member', member('vision', 'bob'), 'reload'],
    ['that adds a member elsewhere', member('speech', 'alice'), 'drop'],
    ['of its deployment', deployment('resnet', 'vision', { authModes: ['none'] }), 'reload'],
    ['of one that it is registered for and does not serve', deployment('gone', 'vision'), 'reload'],
    ['of another deployment', deployment('whisper', 'speech'), 'drop'],
    ['of its model', change({ kind: 'model', id: 'm1', enabled: false }), 'reload'],
    ['of its model group', change({ kind: 'model-group', id: 'g1' }), 'reload'],
    ['of who sees all', change({ kind: 'role-mapping', role: 'all_access' }), 'reload'],
    ['of another role', change({ kind: 'role-mapping', role: 'reader' }), 'drop'],
    ['that takes a granted group away', signIn('eve', []), 'send'],
    ['that gives one', signIn('zoe', ['partners']), 'reload'],
    ['of another sign-in', signIn('zoe', ['lab']), 'drop'],
    [
      'of a certificate, whosever',
      change({ kind: 'revocation', issuer: 'users-1', serial: '01', status: 'revoked' }),
      'send',
    ],
    ['of a token, whosever', change({ kind: 'token-revocation', jti: 'j', expiresAt: 1 }), 'send'],
    ['of the switch', change({ kind: 'setting', name: 'model-access-control', value: 'disabled' }), 'send'],
    ['of itself', change({ kind: 'sidecar', name: 'front', status: 'deleted' }), 'reload'],
    ['of the token keys', change({ kind: 'token-key', kid: 'k' }), 'reload'],
    ['of the CAs', change({ kind: 'issuer', issuer: 'users-2' }), 'reload'],
    ['of a key of a user', key({}), 'send'],
    ['of a key of another', key({ user: 'zoe' }), 'drop'],
  ])('%s', (_, entry, kind) => {
    expect(kindOf(entry)).toBe(kind)
  })

  test.each<[string, object]>([
    ['may call no model any more', { scopes: ['PROJECT'] }],
    ['reaches another project', { reach: { kind: 'project', project: 'speech' } }],
    ['is an administrator by now', { reach: { kind: 'platform' } }],
  ])('that says a key %s ends it', (_, more) => {
    expect(followed(SCOPE, key(more))).toMatchObject({
      kind: 'send',
      change: { prefix: 'p', status: 'ended', scopes: [] },
    })
  })

  test('leaves of a key what it may do here', () => {
    const named = key({ deployments: ['resnet', 'whisper'] })
    expect(followed(SCOPE, named)).toMatchObject({ change: { scopes: ['SERVING'], deployments: ['resnet'] } })
  })
})
