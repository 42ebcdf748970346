// RFC 6960 §3.2, §4.2.2.2: whose answer counts, for which certificate, and until when.
import { describe, expect, test } from 'vitest'
import { addSeconds } from '../../../src/domain/clock.ts'
import { revocationCheck } from '../../../src/verifier/revocation/check-revocation.ts'
import { judgeByOcsp, type OcspQuestion } from '../../../src/verifier/revocation/judge-by-ocsp.ts'
import { STRICT_REVOCATION } from '../../../src/verifier/revocation/revocation-policy.ts'
import { unknown } from '../../../src/verifier/revocation/revocation-status.ts'
import { bitString, generalizedTime, nullValue, octetString, oid, sequence } from '../../../src/x509/der-writer.ts'
import { encodeName } from '../../../src/x509/distinguished-name.ts'
import type { Extension } from '../../../src/x509/extension.ts'
import { basicConstraints } from '../../../src/x509/extensions/basic-constraints.ts'
import { extendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts'
import { keyUsage } from '../../../src/x509/extensions/key-usage.ts'
import { ocspNoCheck } from '../../../src/x509/extensions/ocsp-no-check.ts'
import { encodeOcspError, parseOcspResponse } from '../../../src/x509/ocsp-response.ts'
import { OID } from '../../../src/x509/oid.ts'
import { commonName, generateKey, makeCertificate } from '../../x509/fixtures.ts'
import {
  type Ca,
  crlOf,
  encodeExtension,
  GOOD,
  LATER,
  makeCa,
  makeLeaf,
  NOW,
  type OcspParts,
  ocspOf,
  REVOKED,
  scopeOf,
  serial,
  singleResponse,
  UNKNOWN,
  unknownExtension,
} from './evidence.ts'

const root = makeCa('Root')
const users = makeCa('Users', { parent: root })
const others = makeCa('Others', { parent: root })
const leaf = makeLeaf(users, 5)
const own: OcspParts = { issuer: users, number: 5 }
const responderKey = generateKey('ec-p256')
const DAY_SECONDS = 86_400

function verdictOf(parts: OcspParts, asked: Partial<OcspQuestion> = {}): string {
  const question: OcspQuestion = {
    certificate: leaf,
    issuer: users.certificate,
    at: LATER,
    policy: STRICT_REVOCATION,
    nonce: 'none',
    judgeResponder: () => unknown('crl-missing'),
    ...asked,
  }
  const verdict = judgeByOcsp(question, ocspOf(parts))
  return verdict.kind === 'unknown' ? verdict.code : verdict.kind
}

const critical = encodeExtension('1.2.3', nullValue(), 'critical')
const harmless = encodeExtension('1.2.3', nullValue(), 'non-critical')
const nonce = Uint8Array.of(1, 2, 3)
const withNonce = encodeExtension(OID.ocspNonce, octetString(nonce), 'non-critical')

test.each<[what: string, parts: OcspParts, verdict: string, asked?: Partial<OcspQuestion>]>([
  ['good', own, 'good'],
  ['good, the responder by name', { ...own, responderId: 'name' }, 'good'],
  ['good, hashed with SHA-1', { ...own, hash: 'sha1' }, 'good'],
  ['good, hashed with SHA-512', { ...own, hash: 'sha512' }, 'good'],
  ['revoked', { ...own, status: REVOKED }, 'revoked'],
  ['unknown', { ...own, status: UNKNOWN }, 'ocsp-status-unknown'],
  ['about another serial', { ...own, number: 6 }, 'ocsp-certificate-other'],
  ['about the serial of another CA', { ...own, issuer: others, signer: users }, 'ocsp-certificate-other'],
  ['good and unknown', { ...own, more: [singleResponse({ ...own, status: UNKNOWN })] }, 'ocsp-status-unknown'],
  ['good and revoked', { ...own, more: [singleResponse({ ...own, status: REVOKED })] }, 'revoked'],
  [
    'good, and something of another',
    { ...own, more: [singleResponse({ ...own, number: 6, status: REVOKED })] },
    'good',
  ],
  ['good, and good once that ran out', { ...own, more: [singleResponse({ ...own, nextUpdate: NOW })] }, 'ocsp-stale'],
  ['at its beginning', own, 'good', { at: NOW }],
  ['a second before', own, 'ocsp-not-yet-valid', { at: addSeconds(NOW, -1) }],
  ['at its end', own, 'good', { at: addSeconds(NOW, DAY_SECONDS) }],
  ['a second after', own, 'ocsp-stale', { at: addSeconds(NOW, DAY_SECONDS + 1) }],
  ['without an end', { ...own, nextUpdate: 'none' }, 'ocsp-next-update-missing'],
  [
    'without an end, young enough',
    { ...own, nextUpdate: 'none' },
    'good',
    { policy: { ...STRICT_REVOCATION, nextUpdate: 'optional', maxAgeSeconds: 3600 } },
  ],
  [
    'without an end, too old',
    { ...own, nextUpdate: 'none' },
    'ocsp-too-old',
    { policy: { ...STRICT_REVOCATION, nextUpdate: 'optional', maxAgeSeconds: 3599 } },
  ],
  ['ends before it begins', { ...own, nextUpdate: addSeconds(NOW, -1) }, 'ocsp-dates-contradict'],
  ['made before the certificate', { ...own, producedAt: addSeconds(NOW, -2 * DAY_SECONDS) }, 'ocsp-dates-contradict'],
  ['made after the certificate', { ...own, producedAt: addSeconds(NOW, 31 * DAY_SECONDS) }, 'ocsp-dates-contradict'],
  ['an unknown critical extension', { ...own, extensions: [critical] }, 'ocsp-extension-unknown'],
  ['an unknown critical extension of the answer', { ...own, singleExtensions: [critical] }, 'ocsp-extension-unknown'],
  ['unknown extensions', { ...own, extensions: [harmless], singleExtensions: [harmless] }, 'good'],
  [
    'archive cutoff',
    { ...own, singleExtensions: [encodeExtension('1.3.6.1.5.5.7.48.1.6', generalizedTime(NOW), 'critical')] },
    'good',
  ],
  ['the nonce', { ...own, extensions: [withNonce] }, 'good', { nonce }],
  ['another nonce', { ...own, extensions: [withNonce] }, 'ocsp-nonce-other', { nonce: Uint8Array.of(1, 2) }],
  ['no nonce, where one was sent', own, 'ocsp-nonce-other', { nonce }],
  ['a nonce, where none was sent', { ...own, extensions: [withNonce] }, 'good'],
  ['signed by another CA', { ...own, signer: others }, 'ocsp-responder-other'],
  [
    'signed by another key in its name',
    { ...own, signer: { name: 'Users', key: responderKey }, responderId: 'name' },
    'ocsp-signature-invalid',
  ],
  [
    'signed by the root',
    { ...own, signer: root, certificates: [root.certificate.certificate.der] },
    'ocsp-responder-may-not',
  ],
])('%s', (_, parts, verdict, asked) => {
  expect(verdictOf(parts, asked)).toBe(verdict)
})

test.each(['malformedRequest', 'internalError', 'tryLater', 'sigRequired', 'unauthorized'] as const)('%s', (status) => {
  const response = parseOcspResponse(encodeOcspError(status))
  const path = { certificates: [leaf, users.certificate], anchor: root.certificate }
  const check = revocationCheck({ crls: [], ocspResponses: [response], signers: [] }, STRICT_REVOCATION)
  const verdict = check({ certificate: leaf, issuer: users.certificate, path, at: LATER })
  expect(verdict).toEqual({ kind: 'unknown', code: 'ocsp-error-status' })
})

interface ResponderParts {
  readonly issuer?: Ca
  readonly extensions?: readonly Extension[]
  readonly notAfter?: Date
}

const DELEGATED = [
  basicConstraints({ authority: false }, 'critical'),
  keyUsage(['digitalSignature'], 'critical'),
  extendedKeyUsage([OID.ocspSigning], 'non-critical'),
]

function responder({
  issuer = users,
  extensions = [...DELEGATED, ocspNoCheck()],
  notAfter,
}: ResponderParts): Uint8Array {
  return makeCertificate(issuer.key, responderKey, {
    serial: serial(77),
    issuer: encodeName(commonName(issuer.name)),
    subject: encodeName(commonName('Responder')),
    validity: { notBefore: NOW, notAfter: notAfter ?? addSeconds(NOW, 7 * DAY_SECONDS) },
    extensions,
  })
}

describe('a delegated responder', () => {
  const signer = { name: 'Responder', key: responderKey }
  const [basic, usage, purposes] = DELEGATED
  if (basic === undefined || usage === undefined || purposes === undefined) throw new Error('unreachable')
  const any = extendedKeyUsage([OID.anyExtendedKeyUsage], 'non-critical')
  const client = extendedKeyUsage([OID.clientAuth], 'non-critical')

  test.each<[what: string, parts: ResponderParts, verdict: string]>([
    ['may', {}, 'good'],
    ['may without a key usage', { extensions: [basic, purposes, ocspNoCheck()] }, 'good'],
    ['is certified by another CA', { issuer: others }, 'ocsp-responder-may-not'],
    ['is certified by the CA above', { issuer: root }, 'ocsp-responder-may-not'],
    ['is certified by a CA of the name and another key', { issuer: makeCa('Users') }, 'ocsp-responder-may-not'],
    ['has no purpose', { extensions: [basic, usage, ocspNoCheck()] }, 'ocsp-responder-may-not'],
    ['has every purpose', { extensions: [basic, usage, any, ocspNoCheck()] }, 'ocsp-responder-may-not'],
    ['has another purpose', { extensions: [basic, usage, client, ocspNoCheck()] }, 'ocsp-responder-may-not'],
    [
      'may not sign',
      { extensions: [basic, keyUsage(['keyAgreement'], 'critical'), purposes, ocspNoCheck()] },
      'ocsp-responder-may-not',
    ],
    ['has ended', { notAfter: addSeconds(LATER, -2) }, 'ocsp-responder-may-not'],
    ['ends now', { notAfter: LATER }, 'good'],
    [
      'has an unknown critical extension',
      { extensions: [...DELEGATED, ocspNoCheck(), unknownExtension('critical')] },
      'ocsp-responder-may-not',
    ],
    ['may have been revoked', { extensions: DELEGATED }, 'ocsp-responder-unchecked'],
  ])('%s', (_, parts, verdict) => {
    expect(verdictOf({ ...own, signer, certificates: [responder(parts)] })).toBe(verdict)
    expect(verdictOf({ ...own, signer, responderId: 'name', certificates: [responder(parts)] })).toBe(verdict)
  })

  test('that is not sent along is not known', () => {
    expect(verdictOf({ ...own, signer })).toBe('ocsp-responder-other')
  })

  test('stands among others that cannot be read or are not meant', () => {
    const certificates = [others.certificate.certificate.der, responder({})]
    expect(verdictOf({ ...own, signer, certificates })).toBe('good')
  })

  test('that anyone could have named, with a key that is none, answers for nobody', () => {
    const KEYS = [
      sequence(sequence(oid(OID.ecPublicKey), oid(OID.p521)), bitString(Uint8Array.of(4, 1, 2))),
      sequence(sequence(oid(OID.ed25519)), bitString(Uint8Array.of(1))),
      sequence(sequence(oid('1.2.3')), bitString(Uint8Array.of(1))),
      sequence(),
    ]
    for (const spki of KEYS) {
      const stranger = makeCertificate(responderKey, responderKey, { spki })
      for (const responderId of ['name', 'key'] as const) {
        expect(verdictOf({ ...own, signer, responderId, certificates: [stranger] })).toBe('ocsp-responder-other')
        expect(verdictOf({ ...own, signer, responderId, certificates: [stranger, responder({})] })).toBe('good')
      }
    }
  })

  const withoutNoCheck = ocspOf({ ...own, signer, certificates: [responder({ extensions: DELEGATED })] })
  const verdictWith = (crls: Parameters<typeof crlOf>[1][]): string => {
    // The CRLs speak for the responder alone: the leaf is for others to judge.
    const evidence = { crls: crls.map((parts) => crlOf(users, parts)), ocspResponses: [withoutNoCheck], signers: [] }
    const path = { certificates: [leaf, users.certificate], anchor: root.certificate }
    const check = revocationCheck(evidence, STRICT_REVOCATION)
    const verdict = check({ certificate: leaf, issuer: users.certificate, path, at: LATER })
    return verdict.kind === 'unknown' ? verdict.code : verdict.kind
  }

  test.each<[what: string, crls: Parameters<typeof crlOf>[1][], verdict: string]>([
    ['nothing is known of it', [], 'ocsp-responder-unchecked'],
    ['a CRL says that it is not revoked', [{}], 'good'],
    ['a CRL says that it is', [{ revoked: [[77]], scope: scopeOf({ reasons: [1] }) }], 'ocsp-responder-unchecked'],
  ])('whose certificate asks to be checked: %s', (_, crls, verdict) => {
    expect(verdictWith(crls)).toBe(verdict)
  })
})

describe('OCSP and CRLs together', () => {
  const verdictOfBoth = (status: typeof GOOD, listed: boolean): string => {
    const crls = [crlOf(users, { revoked: listed ? [[5]] : [] })]
    const check = revocationCheck({ crls, ocspResponses: [ocspOf({ ...own, status })], signers: [] }, STRICT_REVOCATION)
    const path = { certificates: [leaf, users.certificate], anchor: root.certificate }
    return check({ certificate: leaf, issuer: users.certificate, path, at: LATER }).kind
  }

  test('whoever knows of a revocation is believed', () => {
    expect(verdictOfBoth(GOOD, false)).toBe('good')
    expect(verdictOfBoth(GOOD, true)).toBe('revoked')
    expect(verdictOfBoth(REVOKED, false)).toBe('revoked')
    expect(verdictOfBoth(UNKNOWN, false)).toBe('good')
  })
})
