// What was true of a credential when it was looked at, and is not when the decision is made; and groups that nobody but a cluster
// gives.
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/access/decide.ts'
import type { Question } from '../../src/access/decision.ts'
import { NO_CREDENTIALS } from '../../src/access/facts.ts'
import { DEFAULT_DEPLOYMENT_POLICY } from '../../src/domain/access-policy.ts'
import type { Change } from '../../src/domain/change.ts'
import { AT, deployment, named, NOW, question, snapshotOf, user } from './world.ts'

const shown = (other: Question['credentials']['others'][number]): Question =>
  question(undefined, {
    credentials: { ...NO_CREDENTIALS, others: [other] },
    actingUser: { kind: 'credential-itself' },
  })

describe('a passphrase that was seen to hold', () => {
  const entries = (...passphrases: readonly { readonly id: string; readonly hash: string }[]) =>
    snapshotOf(
      deployment('scorer', 'fraud', {
        policy: {
          ...DEFAULT_DEPLOYMENT_POLICY,
          authModes: ['passphrase'],
          actingUser: 'credential-itself',
          passphrases,
        },
      }),
    )
  const tried = shown({ kind: 'passphrase', verdict: 'held', deployment: 'scorer', entry: 'a', hash: 'first' })

  it.each([
    ['is still that of its entry', [{ id: 'a', hash: 'first' }], 'ALLOWED'],
    ['was changed under the same name', [{ id: 'a', hash: 'second' }], 'PASSPHRASE_INVALID'],
    ['stands under another name now', [{ id: 'b', hash: 'first' }], 'PASSPHRASE_INVALID'],
    ['was taken away', [], 'PASSPHRASE_INVALID'],
  ])('%s', (_, now, reason) => {
    expect(decide(entries(...now), tried, AT).reason).toBe(reason)
  })
})

describe('a group of a sign-in', () => {
  const RIGHT = 'kubernetes:prod:inferenceservices:ns/name'
  const signedIn = (groups: readonly string[]): Change => ({
    kind: 'sign-in',
    user: named('erin'),
    provider: 'idp',
    subject: 'erin-1',
    groups,
    at: NOW.getTime(),
  })
  const key: Change = {
    kind: 'api-key',
    user: named('erin'),
    prefix: 'pre1',
    salt: '',
    hash: '',
    deployments: 'all',
    scopes: ['SERVING'],
    reach: { kind: 'user' },
    expiresAt: NOW.getTime() + 1000,
    status: 'active',
  }

  it.each([
    ['that the deployment lists lets in', ['raters'], 'ALLOWED'],
    ['that is called like a right in a cluster does not', [RIGHT], 'GROUP_NOT_GRANTED'],
  ])('%s', (_, groups, reason) => {
    const policy = {
      ...DEFAULT_DEPLOYMENT_POLICY,
      authModes: ['api-key'] as const,
      actingUser: 'credential-itself' as const,
      externalGroups: ['raters', RIGHT],
    }
    const snapshot = snapshotOf(user('erin'), signedIn(groups), key, deployment('scorer', 'fraud', { policy }))
    expect(decide(snapshot, shown({ kind: 'api-key', prefix: 'pre1', secret: 'matches' }), AT).reason).toBe(reason)
  })
})

describe('a sign-in that does not say what the provider calls the person', () => {
  const of = (name: string): readonly Change[] => [
    user(name),
    { kind: 'sign-in', user: named(name), provider: 'idp', subject: '', groups: ['raters'], at: NOW.getTime() },
    {
      kind: 'api-key',
      user: named(name),
      prefix: name,
      salt: '',
      hash: '',
      deployments: 'all',
      scopes: ['SERVING'],
      reach: { kind: 'user' },
      expiresAt: NOW.getTime() + 1000,
      status: 'active',
    },
  ]
  const policy = {
    ...DEFAULT_DEPLOYMENT_POLICY,
    authModes: ['api-key'] as const,
    actingUser: 'credential-itself' as const,
    externalGroups: ['raters'],
  }
  const snapshot = snapshotOf(...of('erin'), ...of('finn'), deployment('scorer', 'fraud', { policy }))
  const keyOf = (prefix: string) => ({ kind: 'api-key', prefix, secret: 'matches' }) as const

  it('gives no group', () => {
    expect(decide(snapshot, shown(keyOf('erin')), AT)).toMatchObject({
      reason: 'GROUP_NOT_GRANTED',
      subject: { kind: 'external', name: '|erin' },
    })
  })

  it('makes no two people one', () => {
    const both = { ...NO_CREDENTIALS, others: [keyOf('erin'), keyOf('finn')] }
    const asked = question(undefined, { credentials: both, actingUser: { kind: 'credential-itself' } })
    expect(decide(snapshot, asked, AT).reason).toBe('CREDENTIAL_CONFLICT')
  })
})

describe('what this process does not know', () => {
  it('allows nothing: a key whose reach is of a newer kind', () => {
    const key = {
      kind: 'api-key',
      user: named('alice'),
      prefix: 'new',
      salt: '',
      hash: '',
      deployments: 'all',
      scopes: ['SERVING'],
      reach: { kind: 'of-next-year' },
      expiresAt: NOW.getTime() + 1000,
      status: 'active',
    } as unknown as Change
    const policy = { ...DEFAULT_DEPLOYMENT_POLICY, authModes: ['api-key'], actingUser: 'credential-itself' } as const
    const snapshot = snapshotOf(key, deployment('scorer', 'fraud', { policy }))
    const asked = shown({ kind: 'api-key', prefix: 'new', secret: 'matches' })
    expect(decide(snapshot, asked, AT).reason).toBe('PDP_UNAVAILABLE')
  })
})
