// One row for each code of a refusal that no other test of this folder has, and the seam to revocation.
import { describe, expect, it } from 'vitest'
import { brokenRule, CONFORMANCE_RULES } from '../../../src/verifier/path/conforming-certificate.ts'
import { readPathCertificate } from '../../../src/verifier/path/path-certificate.ts'
import type { PathSettings } from '../../../src/verifier/path/path-settings.ts'
import type { CandidatePath } from '../../../src/verifier/path/path-verdict.ts'
import type { RevocationQuestion, RevocationVerdict } from '../../../src/verifier/path/revocation-check.ts'
import { judgePath, startRun, withinLimits } from '../../../src/verifier/path/validate-path.ts'
import { assembleCertificate, parseCertificate } from '../../../src/x509/certificate.ts'
import { TAG } from '../../../src/x509/der-reader.ts'
import { integer, sequence } from '../../../src/x509/der-writer.ts'
import { authorityKeyIdentifier } from '../../../src/x509/extensions/authority-key-identifier.ts'
import { basicConstraints } from '../../../src/x509/extensions/basic-constraints.ts'
import { crlDistributionPoints } from '../../../src/x509/extensions/crl-distribution-points.ts'
import { extendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts'
import { keyUsage } from '../../../src/x509/extensions/key-usage.ts'
import { nameConstraints } from '../../../src/x509/extensions/name-constraints.ts'
import { subjectAlternativeName } from '../../../src/x509/extensions/subject-alternative-name.ts'
import type { WritableGeneralName } from '../../../src/x509/general-name.ts'
import { OID } from '../../../src/x509/oid.ts'
import { generateKey } from '../../x509/fixtures.ts'
import { codeOf } from '../../x509/refusal.ts'
import {
  critical,
  type Entity,
  type EntityParts,
  keyNumber,
  makeCa,
  makeLeaf,
  nonCritical,
  SETTINGS,
} from './chain-fixture.ts'

const root = makeCa()
const issuing = makeCa({ name: 'Issuing', issuer: root, key: keyNumber(2) })
const leaf = makeLeaf({ issuer: issuing })

function pathOf(anchor: Entity, ...certificates: readonly Entity[]): CandidatePath {
  return { anchor: anchor.certificate, certificates: certificates.map(({ certificate }) => certificate) }
}

function verdictOf(path: CandidatePath, settings: Partial<PathSettings> = {}) {
  return withinLimits(() => judgePath(path, startRun({ ...SETTINGS, ...settings })))
}

const constrained = (value: string) => nameConstraints({ permitted: [{ kind: 'dns', value }], excluded: [] })
const length = (pathLength: number) => basicConstraints({ authority: true, pathLength }, 'critical')

describe('refused', () => {
  const row = (code: string, depth: number, path: CandidatePath, settings: Partial<PathSettings> = {}) => {
    return { code, depth, path, settings }
  }
  const rsa = generateKey('rsa-2048')
  const below = (parts: EntityParts): Entity => makeCa({ name: 'Issuing', issuer: root, key: keyNumber(2), ...parts })
  const cases = [
    row('issuer-unknown', 0, pathOf(root)),
    row('name-chaining', 0, pathOf(root, leaf)),
    row('name-chaining', 1, pathOf(makeCa({ name: 'Other' }), leaf, issuing)),
    row('signature-invalid', 1, pathOf(makeCa({ key: keyNumber(9) }), leaf, issuing)),
    row('algorithm-unacceptable', 1, pathOf(root, leaf, issuing), { signatures: new Set(['ed25519'] as const) }),
    row('path-length', 1, pathOf(makeCa({ extensions: [length(0)] }), leaf, issuing)),
    row('path-length', 1, pathOf(root, leaf, issuing), { maxIntermediates: 0 }),
    row('name-constraints-malformed', 2, pathOf(makeCa({ extensions: [constrained('*.internal')] }), leaf, issuing)),
    row('version-unsupported', 2, pathOf(versionOne(), leaf, issuing)),
    row('name-constraints', 0, pathOf(root, leaf, below({ extensions: [constrained('b.internal')] }))),
    row(
      'extended-key-usage',
      1,
      pathOf(root, leaf, below({ extensions: [extendedKeyUsage([OID.ocspSigning], 'critical')] })),
    ),
    row('key-usage', 2, pathOf(makeCa({ extensions: [keyUsage(['digitalSignature'], 'critical')] }), leaf, issuing)),
    row(
      'critical-extension',
      0,
      pathOf(root, makeLeaf({ issuer: root, extensions: [critical(crlDistributionPoints(['http://x/']))] })),
    ),
    row('too-much-work', 0, pathOf(root, leaf, issuing), { limits: { ...SETTINGS.limits, signature: 1 } }),
    row('key-unacceptable', 0, pathOf(root, makeLeaf({ issuer: root, fields: { spki: brokenRsaKey(rsa.spki) } }))),
  ]

  it.each(cases)('$code at $depth', ({ code, depth, path, settings }) => {
    expect(verdictOf(path, settings)).toMatchObject({ kind: 'refused', code, depth })
  })

  it('what cannot be read is no certificate of a path', () => {
    expect(codeOf(() => readPathCertificate(leaf.der.subarray(1)))).toBe('certificate_malformed')
  })
})

/** An even modulus is none. */
function brokenRsaKey(spki: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(spki)
  // Behind the modulus stand five octets of the exponent.
  changed[changed.length - 6] = 0
  return changed
}

describe('holds', () => {
  const anyPurpose = extendedKeyUsage([OID.anyExtendedKeyUsage], 'non-critical')

  it('below a CA for any purpose', () => {
    const open = makeCa({ name: 'Issuing', issuer: root, key: keyNumber(2), extensions: [anyPurpose] })
    expect(verdictOf(pathOf(root, leaf, open))).toMatchObject({ kind: 'valid' })
  })

  it('with a self-issued CA that no length counts, and no constraint on names binds', () => {
    const tight = makeCa({ extensions: [length(0), constrained('leaf.internal')] })
    const renewed = makeCa({
      issuer: tight,
      key: keyNumber(3),
      extensions: [subjectAlternativeName([{ kind: 'dns', value: 'ca.example' }], 'non-critical')],
    })
    expect(verdictOf(pathOf(tight, makeLeaf({ issuer: renewed }), renewed))).toMatchObject({ kind: 'valid' })
  })

  it('with a critical distribution point where revocation is looked up', () => {
    const pointed = makeLeaf({ issuer: root, extensions: [critical(crlDistributionPoints(['http://x/']))] })
    const revocation = { kind: 'checked', check: () => ({ kind: 'good' }) as const, unknown: 'refuse' } as const
    expect(verdictOf(pathOf(root, pointed), { revocation })).toMatchObject({ kind: 'valid' })
  })
})

/** The same certificate, whose signature no rule looks at, with another first octet of its serial number. */
function withSerial(entity: Entity, first: number): Entity {
  const der = Uint8Array.from(entity.der)
  // Two headers of four octets, five of the version, then the INTEGER.
  expect([der[13], der[15]]).toEqual([TAG.integer, 1])
  der[15] = first
  return { ...entity, der, certificate: readPathCertificate(der) }
}

/** Version 1 has no extensions, and none of the CAs in old root stores that bear it says that it is one. */
function versionOne(): Entity {
  const { der, key, name } = root
  const tbs = parseCertificate(der).tbs
  const fields = [tbs.signatureAlgorithm.encoded, tbs.issuerEncoded, tbs.validityEncoded, tbs.subjectEncoded, tbs.spki]
  const encoded = sequence(integer(tbs.serialNumber), ...fields)
  const signed = assembleCertificate(encoded, key.algorithm, key.sign(encoded))
  return { der: signed, key, name, certificate: readPathCertificate(signed) }
}

describe('the rules of conforming certificates', () => {
  const names = (value: string): readonly WritableGeneralName[] => [{ kind: 'dns', value }]
  const broken: Readonly<Record<string, Entity>> = {
    'serial-not-positive': withSerial(leaf, 0x81),
    'issuer-empty': makeLeaf({ issuer: { name: [], key: keyNumber(1) } }),
    'authority-subject-empty': makeCa({ name: [], issuer: root, key: keyNumber(2) }),
    'subject-key-identifier-missing': makeCa({ without: [OID.subjectKeyIdentifier] }),
    'authority-key-identifier-missing': makeLeaf({ issuer: root, without: [OID.authorityKeyIdentifier] }),
    criticality: makeLeaf({ issuer: root, extensions: [critical(authorityKeyIdentifier(Uint8Array.of(1)))] }),
    'names-missing': makeLeaf({ name: [], issuer: root, names: [] }),
    'key-usage-of-authority': makeLeaf({ issuer: root, extensions: [keyUsage(['keyCertSign'], 'critical')] }),
    'name-constraints-of-leaf': makeLeaf({ issuer: root, extensions: [constrained('internal')] }),
    'name-syntax': makeLeaf({ issuer: root, names: names('under_score.internal') }),
  }

  it.each(CONFORMANCE_RULES.map(({ name }) => name))('%s', (name) => {
    const entity = broken[name] ?? leaf
    expect(brokenRule(entity.certificate)).toBe(name)
    expect(brokenRule(leaf.certificate)).toBeUndefined()
  })

  it.each([
    ['constraints of a CA', makeCa({ extensions: [nonCritical(constrained('internal'))] })],
    ['names of an empty subject', makeLeaf({ name: [], issuer: root })],
  ])('criticality: %s', (_, { certificate }) => {
    expect(brokenRule(certificate)).toBe('criticality')
  })

  it('are waived by name', () => {
    const path = pathOf(root, makeLeaf({ issuer: root, without: [OID.authorityKeyIdentifier] }))
    expect(verdictOf(path)).toMatchObject({ code: 'nonconforming', detail: 'authority-key-identifier-missing' })
    expect(verdictOf(path, { conformance: 'waived' })).toMatchObject({ kind: 'valid' })
  })
})

describe('revocation', () => {
  const revoked: RevocationVerdict = { kind: 'revoked', at: new Date('2026-02-01T00:00:00Z'), reason: 'keyCompromise' }
  const path = pathOf(root, leaf, issuing)

  function checked(
    answers: Partial<Record<'leaf' | 'issuing', RevocationVerdict>>,
    unknown: 'refuse' | 'allow' = 'refuse',
  ) {
    const asked: RevocationQuestion[] = []
    const check = (question: RevocationQuestion): RevocationVerdict => {
      asked.push(question)
      return answers[question.certificate === leaf.certificate ? 'leaf' : 'issuing'] ?? { kind: 'good' }
    }
    return { verdict: verdictOf(path, { revocation: { kind: 'checked', check, unknown } }), asked }
  }

  it('is asked from the anchor down, of each with its issuer', () => {
    const { verdict, asked } = checked({})
    expect(verdict).toMatchObject({ kind: 'valid' })
    expect(asked.map(({ certificate }) => certificate)).toEqual([issuing.certificate, leaf.certificate])
    expect(asked.map(({ issuer }) => issuer)).toEqual([root.certificate, issuing.certificate])
  })

  it.each([
    [0, { leaf: revoked }],
    [1, { issuing: revoked }],
    [1, { issuing: revoked, leaf: revoked }],
  ])('revoked at %d', (depth, answers) => {
    expect(checked(answers).verdict).toMatchObject({ code: 'revoked', depth, revocation: revoked })
    expect(checked(answers, 'allow').verdict).toMatchObject({ code: 'revoked', depth })
  })

  it('unknown is refused, unless that is allowed', () => {
    const answers = { leaf: { kind: 'unknown', code: 'no-crl' } } as const
    expect(checked(answers).verdict).toMatchObject({ code: 'revocation-unknown', depth: 0, detail: 'no-crl' })
    expect(checked(answers, 'allow').verdict).toMatchObject({ kind: 'valid' })
  })

  it('is not asked of a path that does not hold', () => {
    const check = (): RevocationVerdict => expect.fail('asked')
    const settings = { revocation: { kind: 'checked', check, unknown: 'refuse' }, purpose: OID.serverAuth } as const
    const clients = makeLeaf({ issuer: root, extensions: [extendedKeyUsage([OID.clientAuth], 'critical')] })
    expect(verdictOf(pathOf(root, clients), settings)).toMatchObject({ code: 'extended-key-usage' })
  })
})
