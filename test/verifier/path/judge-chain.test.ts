// The same verdicts, from bytes to bytes, with CRLs as they come.
import { describe, expect, it } from 'vitest'
import { type ChainQuestion, judgeChain } from '../../../src/verifier/path/judge-chain.ts'
import { ANY_POLICY } from '../../../src/verifier/path/policy-settings.ts'
import { encodeName } from '../../../src/x509/distinguished-name.ts'
import { OID } from '../../../src/x509/oid.ts'
import { encodeRevokedEntry } from '../../../src/x509/tbs-crl.ts'
import { makeCrl, serial } from '../../x509/fixtures.ts'
import { codeOf } from '../../x509/refusal.ts'
import { AT, type Entity, keyNumber, makeCa, makeLeaf } from './chain-fixture.ts'

const root = makeCa()
const issuing = makeCa({ name: 'Issuing', issuer: root, key: keyNumber(2) })
const leaf = makeLeaf({ issuer: issuing, fields: { serial: serial(7) } })
const sent = [leaf.der, issuing.der]

const QUESTION: ChainQuestion = {
  anchors: [root.der],
  at: AT,
  purpose: OID.clientAuth,
  policy: ANY_POLICY,
  conformance: 'required',
  revocation: 'off',
  maxIntermediates: 1,
}

function crlOf(issuer: Entity, ...revoked: readonly number[]): Uint8Array {
  const entries = revoked.map((number) =>
    encodeRevokedEntry({ serial: serial(number), revocationDate: AT, reason: 'keyCompromise' }),
  )
  return makeCrl(issuer.key, { issuer: encodeName(issuer.name), entries })
}

function judged(crls: readonly Uint8Array[], unknown: 'refuse' | 'allow' = 'refuse') {
  return judgeChain(sent, { ...QUESTION, revocation: { crls, ocspResponses: [Uint8Array.of(1)], unknown } })
}

describe('judgeChain', () => {
  it('tells the path as bytes', () => {
    expect(judgeChain(sent, QUESTION)).toEqual({ kind: 'valid', path: sent, anchor: root.der, policies: new Set() })
  })

  it('holds with a CRL of every CA', () => {
    expect(judged([Uint8Array.of(1), crlOf(root), crlOf(issuing)])).toMatchObject({ kind: 'valid' })
  })

  it.each([
    ['revoked', 0, [crlOf(root), crlOf(issuing, 7)]],
    ['revocation-unknown', 0, [crlOf(root)]],
    ['revocation-unknown', 1, [crlOf(issuing)]],
    ['revocation-unknown', 1, [Uint8Array.of(1)]],
  ])('%s at %d', (code, depth, crls) => {
    expect(judged(crls)).toMatchObject({ kind: 'refused', code, depth })
  })

  it('reads no more certificates than it judges, with revocation or without', () => {
    let read = 0
    const counted = new Proxy(issuing.der, {
      get: (der, name) => {
        read++
        const value: unknown = Reflect.get(der, name, der)
        const bound: unknown = typeof value === 'function' ? value.bind(der) : value
        return bound
      },
    })
    const many = [leaf.der, ...Array.from({ length: 5000 }, () => counted)]
    const revocation = { crls: [], ocspResponses: [], unknown: 'refuse' } as const
    expect(judgeChain(many, { ...QUESTION, revocation })).toMatchObject({ code: 'too-much-work' })
    expect(read).toBeLessThan(5000)
  })

  it('allows the unknown where that is said, and nothing that is revoked', () => {
    expect(judged([], 'allow')).toMatchObject({ kind: 'valid' })
    expect(judged([crlOf(issuing, 7)], 'allow')).toMatchObject({ code: 'revoked', depth: 0 })
  })

  it.each([
    ['certificate-malformed', { sent: [] }],
    ['issuer-unknown', { sent: [leaf.der] }],
    ['path-length', { sent, maxIntermediates: 0 }],
    ['expired', { sent, at: new Date('2027-01-01T00:00:01Z') }],
  ])('%s', (code, { sent: certificates, ...change }) => {
    expect(judgeChain(certificates, { ...QUESTION, ...change })).toMatchObject({ kind: 'refused', code })
  })

  it('wants anchors that can be read', () => {
    expect(codeOf(() => judgeChain(sent, { ...QUESTION, anchors: [Uint8Array.of(1)] }))).toBe('certificate_malformed')
  })
})
