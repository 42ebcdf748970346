// Paths are found where one is, and the fault of the likeliest one is told where none holds.
import { describe, expect, it } from 'vitest'
import { IssuerPool } from '../../../src/verifier/path/issuer-pool.ts'
import type { PathSettings } from '../../../src/verifier/path/path-settings.ts'
import { verifyPath } from '../../../src/verifier/path/verify-path.ts'
import { basicConstraints } from '../../../src/x509/extensions/basic-constraints.ts'
import { extendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts'
import { keyUsage } from '../../../src/x509/extensions/key-usage.ts'
import { nameConstraints } from '../../../src/x509/extensions/name-constraints.ts'
import { OID } from '../../../src/x509/oid.ts'
import {
  type Entity,
  type EntityParts,
  keyNumber,
  makeCa,
  makeLeaf,
  nonCritical,
  SETTINGS,
  unknownExtension,
} from './chain-fixture.ts'

const root = makeCa()
const issuing = makeCa({ name: 'Issuing', issuer: root, key: keyNumber(2) })
const leaf = makeLeaf({ issuer: issuing })

function verdictOf(
  of: Entity,
  intermediates: readonly Entity[],
  anchors = [root],
  settings: Partial<PathSettings> = {},
) {
  const pool = new IssuerPool({
    anchors: anchors.map(({ certificate }) => certificate),
    intermediates: intermediates.map(({ certificate }) => certificate),
  })
  return verifyPath(of.certificate, pool, { ...SETTINGS, ...settings })
}

describe('a path that holds', () => {
  it('is told, leaf first, with its anchor', () => {
    const verdict = verdictOf(leaf, [issuing])
    expect(verdict).toMatchObject({ kind: 'valid', policies: new Set() })
    expect(verdict.kind === 'valid' && verdict.path.certificates).toEqual([leaf.certificate, issuing.certificate])
    expect(verdict.kind === 'valid' && verdict.path.anchor).toBe(root.certificate)
  })

  it('is found past CAs of the same name that cannot be it', () => {
    const sameName = { name: 'Issuing', issuer: root, key: keyNumber(2) }
    const past: readonly EntityParts[] = [
      { key: keyNumber(3) },
      {
        fields: {
          validity: { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2021-01-01T00:00:00Z') },
        },
      },
      { extensions: [nameConstraints({ permitted: [{ kind: 'dns', value: 'elsewhere' }], excluded: [] })] },
      { issuer: { name: root.name, key: keyNumber(4) } },
      { extensions: [basicConstraints({ authority: false }, 'critical')] },
    ]
    const others = past.map((parts) => makeCa({ ...sameName, ...parts }))
    expect(verdictOf(leaf, [...others, issuing])).toMatchObject({ kind: 'valid' })
    expect(verdictOf(leaf, others)).toMatchObject({ kind: 'refused' })
  })

  it('may begin at any anchor, also a CA below a root', () => {
    expect(verdictOf(leaf, [root], [issuing])).toMatchObject({ kind: 'valid' })
  })
})

const yesterday = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-03-01T11:59:59Z') }
const tomorrow = { notBefore: new Date('2026-03-01T12:00:01Z'), notAfter: new Date('2027-01-01T00:00:00Z') }

describe('a leaf, refused', () => {
  const cases: readonly (readonly [code: string, parts: EntityParts])[] = [
    ['issuer-unknown', { issuer: { name: leaf.name, key: keyNumber(2) } }],
    ['signature-invalid', { issuer: { name: issuing.name, key: keyNumber(5) } }],
    ['expired', { fields: { validity: yesterday } }],
    ['not-yet-valid', { fields: { validity: tomorrow } }],
    ['critical-extension', { extensions: [unknownExtension] }],
    ['extended-key-usage', { extensions: [extendedKeyUsage([OID.serverAuth], 'non-critical')] }],
    ['extended-key-usage', { extensions: [extendedKeyUsage([OID.anyExtendedKeyUsage], 'non-critical')] }],
    ['nonconforming', { extensions: [keyUsage(['keyCertSign'], 'critical')] }],
    ['nonconforming', { without: [OID.authorityKeyIdentifier] }],
  ]

  it.each(cases)('%s', (code, parts) => {
    expect(verdictOf(makeLeaf({ issuer: issuing, ...parts }), [issuing])).toMatchObject({
      kind: 'refused',
      code,
      depth: 0,
    })
  })
})

describe('an issuing CA, refused', () => {
  const cases: readonly (readonly [code: string, parts: EntityParts])[] = [
    ['signature-invalid', { issuer: { name: root.name, key: keyNumber(5) } }],
    ['expired', { fields: { validity: yesterday } }],
    ['not-yet-valid', { fields: { validity: tomorrow } }],
    ['not-authority', { extensions: [basicConstraints({ authority: false }, 'critical')] }],
    ['not-authority', { without: [OID.basicConstraints] }],
    ['key-usage', { extensions: [keyUsage(['cRLSign'], 'critical')] }],
    ['critical-extension', { extensions: [unknownExtension] }],
    ['extended-key-usage', { extensions: [extendedKeyUsage([OID.serverAuth], 'non-critical')] }],
    ['nonconforming', { without: [OID.subjectKeyIdentifier] }],
    ['nonconforming', { extensions: [nonCritical(basicConstraints({ authority: true, pathLength: 0 }, 'critical'))] }],
  ]

  it.each(cases)('%s', (code, parts) => {
    const other = makeCa({ name: 'Issuing', issuer: root, key: keyNumber(2), ...parts })
    expect(verdictOf(leaf, [other])).toMatchObject({ kind: 'refused', code, depth: 1 })
  })
})

describe('an anchor is no way around', () => {
  const cases: readonly (readonly [code: string, parts: EntityParts])[] = [
    ['expired', { fields: { validity: yesterday } }],
    ['not-authority', { without: [OID.basicConstraints] }],
    ['key-usage', { extensions: [keyUsage(['cRLSign'], 'critical')] }],
    ['critical-extension', { extensions: [unknownExtension] }],
    ['extended-key-usage', { extensions: [extendedKeyUsage([OID.serverAuth], 'non-critical')] }],
  ]

  it.each(cases)('%s', (code, parts) => {
    expect(verdictOf(leaf, [issuing], [makeCa(parts)])).toMatchObject({ kind: 'refused', code, depth: 2 })
  })

  it('name-constraints, of the leaf', () => {
    const elsewhere = makeCa({
      extensions: [nameConstraints({ permitted: [{ kind: 'dns', value: 'elsewhere' }], excluded: [] })],
    })
    expect(verdictOf(leaf, [issuing], [elsewhere])).toMatchObject({
      kind: 'refused',
      code: 'name-constraints',
      depth: 0,
    })
  })

  it('path-length', () => {
    const none = makeCa({ extensions: [basicConstraints({ authority: true, pathLength: 0 }, 'critical')] })
    expect(verdictOf(leaf, [issuing], [none])).toMatchObject({ kind: 'refused', code: 'path-length', depth: 1 })
  })
})
