// RFC 5280 §6.3.3: which CRLs speak for a certificate, and what they say.
import { describe, expect, it, test } from 'vitest'
import { addSeconds } from '../../../src/domain/clock.ts'
import type { PathCertificate } from '../../../src/verifier/path/path-certificate.ts'
import { revocationCheck } from '../../../src/verifier/revocation/check-revocation.ts'
import { RFC5280_REVOCATION, type RevocationPolicy } from '../../../src/verifier/revocation/revocation-policy.ts'
import type { Crl } from '../../../src/x509/crl.ts'
import { encodeExtensions, makeExtension, type Extension } from '../../../src/x509/extension.ts'
import { crlDistributionPoints } from '../../../src/x509/extensions/crl-distribution-points.ts'
import { crlNumber, encodeCrlNumber } from '../../../src/x509/extensions/crl-number.ts'
import { encodeGeneralName } from '../../../src/x509/general-name.ts'
import { enumerated, integer, sequence, time, type Der } from '../../../src/x509/der-writer.ts'
import { OID } from '../../../src/x509/oid.ts'
import { commonName, generateKey } from '../../x509/fixtures.ts'
import {
  type Ca,
  crlOf,
  type CrlParts,
  distributionPoints,
  LATER,
  makeCa,
  makeLeaf,
  NOW,
  type PointParts,
  scopeOf,
  type ScopeParts,
  serial,
  unknownExtension,
} from './evidence.ts'

const root = makeCa('Root')
const users = makeCa('Users', { parent: root })
const others = makeCa('Others', { parent: root })
const agent = makeCa('CRL agent', { parent: root, number: 9 })

const HERE = 'http://a/1.crl'
const THERE = 'http://a/2.crl'

interface Asked {
  readonly at?: Date
  readonly policy?: RevocationPolicy
  readonly issuer?: Ca
  readonly signers?: readonly PathCertificate[]
}

function verdictOf(leaf: PathCertificate, crls: readonly Crl[], asked: Asked = {}): string {
  const { at = LATER, policy = RFC5280_REVOCATION, issuer = users, signers = [] } = asked
  const check = revocationCheck({ crls, ocspResponses: [], signers }, policy)
  const path = { certificates: [leaf, issuer.certificate], anchor: root.certificate }
  const verdict = check({ certificate: leaf, issuer: issuer.certificate, path, at })
  if (verdict.kind === 'unknown') return verdict.code
  return verdict.kind === 'revoked' ? `revoked ${verdict.reason ?? ''}`.trim() : verdict.kind
}

function listing(number: number, ...extensions: readonly Extension[]): Der {
  const serialNumber = integer(BigInt(`0x${serial(number)}`))
  return sequence(serialNumber, time(NOW), ...(extensions.length === 0 ? [] : [encodeExtensions(extensions)]))
}

function ownedBy(name: string): Extension {
  return makeExtension(
    OID.certificateIssuer,
    'critical',
    sequence(encodeGeneralName({ kind: 'directory', name: commonName(name) })),
  )
}

describe('one CRL of the issuer', () => {
  const plain = makeLeaf(users, 5)
  const tomorrow = addSeconds(NOW, 86_400)
  const withoutNext = (crl: Crl): Crl => ({ ...crl, nextUpdate: undefined })

  test.each<[what: string, crl: Crl, verdict: string, asked?: Asked]>([
    ['lists nothing', crlOf(users), 'good'],
    ['lists another', crlOf(users, { revoked: [[6]] }), 'good'],
    ['lists it', crlOf(users, { revoked: [[4], [5, 'superseded'], [6]] }), 'revoked superseded'],
    ['lists it without a reason', crlOf(users, { revoked: [[5]] }), 'revoked'],
    ['holds it', crlOf(users, { revoked: [[5, 'certificateHold']] }), 'revoked certificateHold'],
    ['removes it, though it is no delta', crlOf(users, { revoked: [[5, 'removeFromCRL']] }), 'crl-entry-contradicts'],
    ['is of another CA', crlOf(others), 'crl-missing'],
    ['is signed by another key', crlOf(users, { signer: others.key }), 'crl-signature-invalid'],
    [
      'is signed by a key that the CA never had',
      crlOf({ ...users, key: generateKey('ec-p256') }),
      'crl-signature-invalid',
    ],
    ['begins now', crlOf(users), 'good', { at: NOW }],
    ['begins in a second', crlOf(users), 'crl-not-yet-valid', { at: addSeconds(NOW, -1) }],
    ['ends now', crlOf(users), 'good', { at: tomorrow }],
    ['ended a second ago', crlOf(users), 'crl-stale', { at: addSeconds(tomorrow, 1) }],
    ['ends before it begins', crlOf(users, { nextUpdate: addSeconds(NOW, -1) }), 'crl-dates-contradict'],
    ['says no end', withoutNext(crlOf(users)), 'crl-next-update-missing'],
    [
      'says no end, and nothing bounds its age',
      withoutNext(crlOf(users)),
      'crl-next-update-missing',
      { policy: { ...RFC5280_REVOCATION, nextUpdate: 'optional' } },
    ],
    [
      'says no end and is as old as may be',
      withoutNext(crlOf(users)),
      'good',
      { policy: { ...RFC5280_REVOCATION, nextUpdate: 'optional', maxAgeSeconds: 3600 } },
    ],
    ['is a second too old', crlOf(users), 'crl-too-old', { policy: { ...RFC5280_REVOCATION, maxAgeSeconds: 3599 } }],
    ['has no number', crlOf(users, { extensions: [unknownExtension('non-critical')] }), 'crl-number-missing'],
    [
      'has no number where it may have none',
      crlOf(users, { extensions: [unknownExtension('non-critical')] }),
      'good',
      { policy: { ...RFC5280_REVOCATION, crlNumber: 'optional' } },
    ],
    [
      'has a critical number',
      crlOf(users, { extensions: [makeExtension(OID.crlNumber, 'critical', encodeCrlNumber(1))] }),
      'crl-extension-unknown',
    ],
    [
      'has an unknown critical extension',
      crlOf(users, { extensions: [crlNumber(1), unknownExtension('critical')] }),
      'crl-extension-unknown',
    ],
    [
      'has an unknown critical extension in another entry',
      crlOf(users, { entries: [listing(6, unknownExtension('critical'))] }),
      'crl-extension-unknown',
    ],
    [
      'has an unknown critical extension in this very entry',
      crlOf(users, { entries: [listing(5, unknownExtension('critical'))] }),
      'crl-extension-unknown',
    ],
    [
      'names another issuer in an entry, though it is not indirect',
      crlOf(users, { entries: [listing(5, ownedBy('Others'))] }),
      'crl-extension-unknown',
    ],
    ['is a delta', crlOf(users, { base: 6 }), 'crl-base-missing'],
  ])('%s', (_, crl, verdict, asked) => {
    expect(verdictOf(plain, [crl], asked)).toBe(verdict)
  })

  test('nothing at hand', () => {
    expect(verdictOf(plain, [])).toBe('crl-missing')
  })

  test('the name in another letter case is the same name', () => {
    expect(verdictOf(plain, [crlOf({ ...users, name: 'USERS' })])).toBe('good')
  })
})

describe('the scope of a CRL', () => {
  const leaf = (...points: readonly PointParts[]) =>
    makeLeaf(users, 5, points.length === 0 ? [] : [distributionPoints(...points)])
  const scoped = (parts: ScopeParts): CrlParts => ({ scope: scopeOf(parts) })
  const ca = makeCa('Below', { parent: users })

  test.each<[what: string, leaf: PathCertificate, crl: CrlParts, verdict: string]>([
    ['of its own point', leaf({ uris: [HERE] }), scoped({ uris: [HERE] }), 'good'],
    ['of another point', leaf({ uris: [HERE] }), scoped({ uris: [THERE] }), 'crl-scope-other'],
    [
      'of a point in another letter case',
      leaf({ uris: [HERE] }),
      scoped({ uris: [HERE.toUpperCase()] }),
      'crl-scope-other',
    ],
    ['one name of several', leaf({ uris: [HERE, THERE] }), scoped({ uris: ['http://b', THERE] }), 'good'],
    ['of the second point', leaf({ uris: [HERE] }, { uris: [THERE] }), scoped({ uris: [THERE] }), 'good'],
    ['of all, for a certificate with a point', leaf({ uris: [HERE] }), {}, 'good'],
    ['of a point, for a certificate without one', leaf(), scoped({ uris: [HERE] }), 'crl-scope-other'],
    ['of the issuer by name, for a certificate without a point', leaf(), scoped({ directory: 'Users' }), 'good'],
    ['of a relative name', leaf({ relative: 'Part 1' }), scoped({ relative: 'Part 1' }), 'good'],
    ['of another relative name', leaf({ relative: 'Part 1' }), scoped({ relative: 'Part 2' }), 'crl-scope-other'],
    ['of users', leaf(), scoped({ only: 'user' }), 'good'],
    ['of CAs, for a user', leaf(), scoped({ only: 'authority' }), 'crl-scope-other'],
    ['of CAs, for a CA', ca.certificate, scoped({ only: 'authority' }), 'good'],
    ['of users, for a CA', ca.certificate, scoped({ only: 'user' }), 'crl-scope-other'],
    ['of attribute certificates', leaf(), scoped({ only: 'attribute' }), 'crl-scope-other'],
    ['of some reasons', leaf(), scoped({ reasons: [1, 2] }), 'crl-reasons-incomplete'],
    ['of every reason, one by one', leaf(), scoped({ reasons: [1, 2, 3, 4, 5, 6, 7, 8] }), 'good'],
    [
      'some reasons, though it is for another issuer to say the rest',
      leaf({ uris: [HERE], reasons: [1] }, { crlIssuer: 'CRL agent' }),
      {},
      'crl-reasons-incomplete',
    ],
    ['of no one else, where the point names another issuer', leaf({ crlIssuer: 'CRL agent' }), {}, 'crl-issuer-other'],
  ])('%s', (_, certificate, parts, verdict) => {
    expect(verdictOf(certificate, [crlOf(users, parts)])).toBe(verdict)
  })

  test('two that share the reasons are enough, and either may revoke', () => {
    const parts = [{ reasons: [1, 2] }, { reasons: [3, 4, 5, 6, 7, 8] }].map((each) => scopeOf(each))
    const crls = parts.map((scope) => crlOf(users, { scope }))
    expect(verdictOf(leaf(), crls)).toBe('good')
    for (const at of [0, 1]) {
      const listed = parts.map((scope, i) => crlOf(users, { scope, revoked: i === at ? [[5, 'keyCompromise']] : [] }))
      expect(verdictOf(leaf(), listed)).toBe('revoked keyCompromise')
    }
    expect(verdictOf(leaf(), crls, { at: addSeconds(NOW, 86_401) })).toBe('crl-stale')
  })

  test('one that lists it outweighs one that does not', () => {
    const partition = crlOf(users, { ...scoped({ uris: [HERE] }), revoked: [[5]] })
    expect(verdictOf(leaf({ uris: [HERE] }), [crlOf(users, { number: 900 }), partition])).toBe('revoked')
  })

  test('the partition of another certificate makes none good', () => {
    const crls = [2, 3, 4].map((n) => crlOf(users, scoped({ uris: [`http://a/${n}.crl`] })))
    expect(verdictOf(leaf({ uris: [HERE] }), crls)).toBe('crl-scope-other')
  })

  test('a broken list of points is no point, nor are too many', () => {
    const broken = makeExtension(OID.crlDistributionPoints, 'non-critical', sequence(sequence()))
    expect(verdictOf(makeLeaf(users, 5, [broken]), [crlOf(users)])).toBe('distribution-points-malformed')
    const many = Array.from({ length: 33 }, (_, i) => ({ uris: [`http://a/${i}`] }))
    expect(verdictOf(makeLeaf(users, 5, [distributionPoints(...many)]), [crlOf(users)])).toBe(
      'distribution-points-too-many',
    )
    expect(verdictOf(makeLeaf(users, 5, [distributionPoints(...many.slice(1))]), [crlOf(users)])).toBe('good')
  })
})

describe('an indirect CRL', () => {
  const leaf = makeLeaf(users, 5, [distributionPoints({ uris: [HERE], crlIssuer: 'CRL agent' })])
  const indirect = scopeOf({ uris: [HERE], indirect: 'indirect' })
  const asked = { signers: [agent.certificate] }
  const rootCrl = crlOf(root)

  test.each<[what: string, entries: readonly Der[], verdict: string]>([
    ['lists nothing', [], 'good'],
    ['lists a certificate of its own', [listing(5)], 'good'],
    ['lists it', [listing(5, ownedBy('Users'))], 'revoked'],
    ['lists it behind another of that issuer', [listing(4, ownedBy('Users')), listing(5)], 'revoked'],
    ['lists one of another issuer', [listing(4, ownedBy('Users')), listing(5, ownedBy('Others'))], 'good'],
    [
      'lists it with a reason',
      [listing(5, ownedBy('USERS'), makeExtension(OID.reasonCode, 'non-critical', enumerated(4)))],
      'revoked superseded',
    ],
  ])('%s', (_, entries, verdict) => {
    const crl = crlOf(agent, { extensions: [crlNumber(1), indirect], entries })
    expect(verdictOf(leaf, [crl, rootCrl], asked)).toBe(verdict)
  })

  const crl = crlOf(agent, { scope: indirect })
  test.each<[what: string, crls: readonly Crl[], asked: Asked, verdict: string]>([
    [
      'does not say that it is',
      [crlOf(agent, { scope: scopeOf({ uris: [HERE] }) }), rootCrl],
      asked,
      'crl-issuer-other',
    ],
    [
      'is for another point',
      [crlOf(agent, { scope: scopeOf({ uris: [THERE], indirect: 'indirect' }) }), rootCrl],
      asked,
      'crl-scope-other',
    ],
    ['is signed by a CA that is not at hand', [crl, rootCrl], {}, 'crl-issuer-other'],
    ['is signed by a CA of which nothing is known', [crl], asked, 'crl-issuer-other'],
    ['is signed by a CA that was revoked', [crl, crlOf(root, { revoked: [[9]] })], asked, 'crl-issuer-other'],
    [
      'is signed under another anchor',
      [crl, rootCrl],
      { signers: [makeCa('CRL agent').certificate] },
      'crl-issuer-other',
    ],
    [
      'comes where none is wanted',
      [crl, rootCrl],
      { ...asked, policy: { ...RFC5280_REVOCATION, indirectCrls: 'refused' } },
      'crl-indirect-refused',
    ],
    [
      'comes where only the issuer itself may sign',
      [crl, rootCrl],
      { ...asked, policy: { ...RFC5280_REVOCATION, crlSigners: 'issuer-key' } },
      'crl-issuer-other',
    ],
  ])('%s', (_, crls, given, verdict) => {
    expect(verdictOf(leaf, crls, given)).toBe(verdict)
  })
})

describe('a signer of the same name and another key', () => {
  const leaf = makeLeaf(users, 5)
  const second = makeCa('Users', { parent: root, number: 11 })
  const crl = crlOf(second)
  const rootCrl = crlOf(root)

  it('is believed when its own path holds, by policy alone', () => {
    const asked = { signers: [second.certificate] }
    expect(verdictOf(leaf, [crl, rootCrl], asked)).toBe('good')
    const strict = { ...RFC5280_REVOCATION, crlSigners: 'issuer-key' } as const
    expect(verdictOf(leaf, [crl, rootCrl], { ...asked, policy: strict })).toBe('crl-signature-invalid')
  })

  test.each<[what: string, signer: Ca, more: readonly Crl[]]>([
    ['was revoked', second, [crlOf(root, { revoked: [[11]] })]],
    ['vouches for itself', makeCa('Users', { parent: users, number: 12 }), []],
    ['may not sign CRLs', makeCa('Users', { parent: root, usage: ['keyCertSign'] }), [rootCrl]],
    ['is under another root', makeCa('Users', { parent: makeCa('Root') }), [rootCrl]],
    [
      'is a leaf that bears the name, and says nothing about CRLs',
      makeCa('Users', {
        parent: root,
        usage: 'none',
        basic: makeExtension(OID.basicConstraints, 'critical', sequence()),
      }),
      [rootCrl],
    ],
  ])('is not when it %s', (_, signer, more) => {
    const asked = { signers: [signer.certificate] }
    expect(verdictOf(leaf, [crlOf(signer), ...more], asked)).toBe('crl-signature-invalid')
  })

  test('the issuer itself may not, unless its key usage says so or there is none', () => {
    const mute = makeCa('Mute', { parent: root, usage: 'none' })
    expect(verdictOf(makeLeaf(mute, 5), [crlOf(mute)], { issuer: mute })).toBe('good')
    const bound = makeCa('Bound', { parent: root, usage: ['keyCertSign'] })
    expect(verdictOf(makeLeaf(bound, 5), [crlOf(bound)], { issuer: bound })).toBe('crl-signer-may-not')
  })
})

describe('of several CRLs of one scope', () => {
  const leaf = makeLeaf(users, 5, [crlDistributionPoints([HERE])])
  const hold: CrlParts = { revoked: [[5, 'certificateHold']] }

  test.each<[what: string, crls: readonly CrlParts[], verdict: string]>([
    ['the higher number counts: released since', [{ ...hold, number: 7 }, { number: 8 }], 'good'],
    ['the higher number counts: revoked since', [{ number: 7 }, { ...hold, number: 8 }], 'revoked certificateHold'],
    ['their order does not matter', [{ number: 8 }, { ...hold, number: 7 }], 'good'],
    ['two of one number both count', [{ number: 7 }, { ...hold, number: 7 }], 'revoked certificateHold'],
    [
      'one from the future hides none',
      [
        { ...hold, number: 7 },
        { number: 8, thisUpdate: addSeconds(LATER, 1) },
      ],
      'revoked certificateHold',
    ],
    [
      'the newest counts also when it ran out first',
      [{ number: 7 }, { number: 8, nextUpdate: addSeconds(LATER, -1) }],
      'crl-stale',
    ],
  ])('%s', (_, parts, verdict) => {
    const crls = parts.map((each) => crlOf(users, each))
    expect(verdictOf(leaf, crls)).toBe(verdict)
  })
})

describe('a delta CRL', () => {
  const leaf = makeLeaf(users, 5)
  const base: CrlParts = { number: 10, revoked: [[4], [6, 'certificateHold']] }
  const ended = addSeconds(LATER, -1)

  test.each<[what: string, leaf: PathCertificate, crls: readonly CrlParts[], verdict: string]>([
    ['adds a revocation', leaf, [base, { number: 11, base: 10, revoked: [[5, 'superseded']] }], 'revoked superseded'],
    ['adds nothing about it', leaf, [base, { number: 11, base: 10 }], 'good'],
    ['leaves what the base lists', makeLeaf(users, 4), [base, { number: 11, base: 10 }], 'revoked'],
    [
      'takes a hold back',
      makeLeaf(users, 6),
      [base, { number: 11, base: 10, revoked: [[6, 'removeFromCRL']] }],
      'good',
    ],
    [
      'makes a hold final',
      makeLeaf(users, 6),
      [base, { number: 11, base: 10, revoked: [[6, 'keyCompromise']] }],
      'revoked keyCompromise',
    ],
    ['fits an older base that it names', leaf, [base, { number: 11, base: 8, revoked: [[5]] }], 'revoked'],
    [
      'does not fit a base before its own, and revokes',
      leaf,
      [base, { number: 20, base: 11, revoked: [[5]] }],
      'revoked',
    ],
    [
      'does not fit a base before its own, and takes nothing back',
      makeLeaf(users, 6),
      [base, { number: 20, base: 11, revoked: [[6, 'removeFromCRL']] }],
      'revoked certificateHold',
    ],
    [
      'of one number with another: either may revoke',
      leaf,
      [base, { number: 11, base: 10 }, { number: 11, base: 10, revoked: [[5]] }],
      'revoked',
    ],
    [
      'of one number with another: both must take back',
      makeLeaf(users, 6),
      [base, { number: 11, base: 10 }, { number: 11, base: 10, revoked: [[6, 'removeFromCRL']] }],
      'revoked certificateHold',
    ],
    [
      'is as old as the base',
      makeLeaf(users, 6),
      [base, { number: 10, base: 9, revoked: [[6, 'removeFromCRL']] }],
      'revoked certificateHold',
    ],
    [
      'is older than the base',
      makeLeaf(users, 6),
      [base, { number: 9, base: 8, revoked: [[6, 'removeFromCRL']] }],
      'revoked certificateHold',
    ],
    [
      'the newest of several counts',
      makeLeaf(users, 6),
      [
        base,
        { number: 11, base: 10, revoked: [[6, 'removeFromCRL']] },
        { number: 12, base: 10, revoked: [[6, 'keyCompromise']] },
      ],
      'revoked keyCompromise',
    ],
    ['that ran out is not used', leaf, [base, { number: 11, base: 10, revoked: [[5]], nextUpdate: ended }], 'good'],
    [
      'keeps a base alive that ran out',
      leaf,
      [
        { ...base, nextUpdate: ended },
        { number: 11, base: 10 },
      ],
      'good',
    ],
    [
      'keeps none alive that it does not fit',
      leaf,
      [
        { ...base, nextUpdate: ended },
        { number: 20, base: 11 },
      ],
      'crl-stale',
    ],
    [
      'of another scope is not used',
      makeLeaf(users, 6),
      [base, { number: 11, base: 10, revoked: [[6, 'removeFromCRL']], scope: scopeOf({ only: 'user' }) }],
      'revoked certificateHold',
    ],
    [
      'of another partition is not used',
      makeLeaf(users, 6, [distributionPoints({ uris: [HERE] })]),
      [
        { ...base, scope: scopeOf({ uris: [HERE] }) },
        { number: 11, base: 10, revoked: [[6, 'removeFromCRL']], scope: scopeOf({ uris: [THERE] }) },
      ],
      'revoked certificateHold',
    ],
    [
      'signed by another key is not used',
      makeLeaf(users, 6),
      [base, { number: 11, base: 10, revoked: [[6, 'removeFromCRL']], signer: others.key }],
      'revoked certificateHold',
    ],
  ])('%s', (_, certificate, parts, verdict) => {
    const crls = parts.map((each) => crlOf(users, each))
    expect(verdictOf(certificate, crls)).toBe(verdict)
  })
})
