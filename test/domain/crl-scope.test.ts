import { describe, expect, test } from 'vitest'
import { type CrlScope, crlPath, crlScopeKey, parseCrlScopeKey } from '../../src/domain/crl-scope.ts'
import type { IssuerId } from '../../src/domain/issuer-id.ts'

const issuer = 'users-1' as IssuerId

describe('a scope', () => {
  test.each<[key: string, scope: CrlScope]>([
    ['users-1', { kind: 'full', issuer }],
    ['users-1/delta', { kind: 'delta', issuer }],
    ['users-1/1', { kind: 'partition', issuer, partition: 1 }],
    ['users-1/65535', { kind: 'partition', issuer, partition: 65_535 }],
  ])('%s', (key, scope) => {
    expect(parseCrlScopeKey(key)).toEqual(scope)
    expect(crlScopeKey(scope)).toBe(key)
    expect(crlPath(scope)).toBe(`/pki/crl/${key}.crl`)
  })

  test.each<[key: string, code: string]>([
    ['users-1/', 'crl_scope_rejected'],
    ['users-1/0', 'crl_scope_rejected'],
    ['users-1/01', 'crl_scope_rejected'],
    ['users-1/-1', 'crl_scope_rejected'],
    ['users-1/1e3', 'crl_scope_rejected'],
    ['users-1/65536', 'crl_scope_rejected'],
    ['users-1/999999', 'crl_scope_rejected'],
    ['users-1/Delta', 'crl_scope_rejected'],
    ['users-1/delta/', 'crl_scope_rejected'],
    ['users-1/1/2', 'crl_scope_rejected'],
    ['users-1/full', 'crl_scope_rejected'],
    ['/1', 'issuer_id_rejected'],
    ['delta-1/1', 'issuer_id_rejected'],
    ['users/delta', 'issuer_id_rejected'],
    ['../users-1/delta', 'issuer_id_rejected'],
    ['', 'issuer_id_rejected'],
  ])('%s is none', (key, code) => {
    expect(() => parseCrlScopeKey(key)).toThrow(expect.objectContaining({ code }) as Error)
  })
})
