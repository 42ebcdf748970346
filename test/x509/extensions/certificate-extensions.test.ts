// The extensions of certificates, each written and read back, and the refusals next to it.
import { describe, expect, it } from 'vitest'
import {
  bitString,
  boolean,
  explicit,
  implicitConstructed,
  implicitPrimitive,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  smallInteger,
  type Der,
} from '../../../src/x509/der-writer.ts'
import {
  authorityInformationAccess,
  parseAuthorityInformationAccess,
} from '../../../src/x509/extensions/authority-information-access.ts'
import {
  authorityKeyIdentifier,
  parseAuthorityKeyIdentifier,
} from '../../../src/x509/extensions/authority-key-identifier.ts'
import { basicConstraints, parseBasicConstraints } from '../../../src/x509/extensions/basic-constraints.ts'
import { certificatePolicies, parseCertificatePolicies } from '../../../src/x509/extensions/certificate-policies.ts'
import {
  crlDistributionPoints,
  crlUris,
  parseCrlDistributionPoints,
} from '../../../src/x509/extensions/crl-distribution-points.ts'
import { extendedKeyUsage, parseExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts'
import { KEY_USAGES, keyUsage, parseKeyUsage } from '../../../src/x509/extensions/key-usage.ts'
import { nameConstraints, parseNameConstraints } from '../../../src/x509/extensions/name-constraints.ts'
import { checkOcspNoCheck, ocspNoCheck } from '../../../src/x509/extensions/ocsp-no-check.ts'
import {
  parseInhibitAnyPolicy,
  parsePolicyConstraints,
  parsePolicyMappings,
} from '../../../src/x509/extensions/policy-constraints.ts'
import {
  parseSubjectAlternativeName,
  subjectAlternativeName,
} from '../../../src/x509/extensions/subject-alternative-name.ts'
import { parseSubjectKeyIdentifier, subjectKeyIdentifier } from '../../../src/x509/extensions/subject-key-identifier.ts'
import { encodeGeneralName } from '../../../src/x509/general-name.ts'
import { OID } from '../../../src/x509/oid.ts'
import { codeOf } from '../refusal.ts'

const dns = encodeGeneralName({ kind: 'dns', value: 'a.internal' })
const uri = encodeGeneralName({ kind: 'uri', value: 'http://a/crl' })
const fullName = explicit(0, implicitConstructed(0, uri))

type Refusals = readonly (readonly [what: string, value: Der, code: string])[]

function refuses(parse: (value: Uint8Array) => unknown, refusals: Refusals): void {
  it.each(refusals)('reads %s', (_, value, code) => {
    expect(codeOf(() => parse(value))).toBe(code)
  })
}

describe('BasicConstraints', () => {
  it.each([
    [{ authority: false }],
    [{ authority: true, pathLength: undefined }],
    [{ authority: true, pathLength: 0 }],
    [{ authority: true, pathLength: 300 }],
  ] as const)('%j', (constraints) => {
    const extension = basicConstraints(constraints, 'critical')
    expect(extension).toMatchObject({ oid: OID.basicConstraints, critical: true })
    expect(parseBasicConstraints(extension.value)).toEqual(constraints)
  })

  refuses(parseBasicConstraints, [
    ['an explicit FALSE', sequence(boolean(false)), 'der_boolean_invalid'],
    ['a path length of no authority', sequence(smallInteger(0)), 'extension_malformed'],
    ['a negative path length', sequence(boolean(true), Uint8Array.of(2, 1, 0xff)), 'der_integer_out_of_range'],
    ['something behind', sequence(boolean(true), smallInteger(0), nullValue()), 'der_trailing_bytes'],
    ['nothing', new Uint8Array(), 'der_truncated'],
  ])
})

describe('KeyUsage', () => {
  it.each(KEY_USAGES)('%s', (usage) => {
    expect(parseKeyUsage(keyUsage([usage], 'critical').value)).toEqual(new Set([usage]))
  })

  it('takes all at once', () => {
    expect(parseKeyUsage(keyUsage(KEY_USAGES, 'critical').value)).toEqual(new Set(KEY_USAGES))
  })

  it.each([
    ['digitalSignature alone', ['digitalSignature'], '03020780'],
    ['keyCertSign and cRLSign', ['keyCertSign', 'cRLSign'], '03020106'],
    ['decipherOnly', ['decipherOnly'], '0303070080'],
  ] as const)('writes %s', (_, usages, hex) => {
    expect(Buffer.from(keyUsage(usages, 'critical').value).toString('hex')).toBe(hex)
  })

  refuses(parseKeyUsage, [
    ['no usage', bitString(new Uint8Array()), 'extension_malformed'],
    ['trailing zero bits', bitString(Uint8Array.of(0x80), 0), 'der_bit_string_invalid'],
    ['an octet string', octetString(Uint8Array.of(7, 0x80)), 'der_tag_unexpected'],
  ])

  it('does not write no usage', () => {
    expect(codeOf(() => keyUsage([], 'critical'))).toBe('extension_malformed')
  })
})

describe('ExtKeyUsage', () => {
  it('survives both ways', () => {
    const purposes = [OID.clientAuth, OID.ocspSigning, '1.2.3.4']
    expect(parseExtendedKeyUsage(extendedKeyUsage(purposes, 'non-critical').value)).toEqual(purposes)
  })

  refuses(parseExtendedKeyUsage, [
    ['no purpose', sequence(), 'extension_malformed'],
    ['a purpose that is no OID', sequence(smallInteger(1)), 'der_tag_unexpected'],
  ])
})

describe('SubjectAltName', () => {
  it('survives both ways', () => {
    const names = [
      { kind: 'dns', value: 'a.internal' },
      { kind: 'uri', value: 'spiffe://t/project/P/user/u' },
    ] as const
    expect(parseSubjectAlternativeName(subjectAlternativeName(names, 'critical').value)).toEqual(names)
  })

  refuses(parseSubjectAlternativeName, [
    ['no name', sequence(), 'general_name_malformed'],
    ['bytes behind', Buffer.concat([sequence(dns), dns]), 'der_trailing_bytes'],
    ['a name that is no GeneralName', sequence(octetString(new Uint8Array())), 'general_name_malformed'],
  ])

  it('does not write no name', () => {
    expect(codeOf(() => subjectAlternativeName([], 'critical'))).toBe('extension_malformed')
  })
})

describe('key identifiers', () => {
  const id = Uint8Array.of(1, 2, 3)

  it('survive both ways', () => {
    expect(parseSubjectKeyIdentifier(subjectKeyIdentifier(id).value)).toEqual(id)
    const { keyIdentifier, issuer } = parseAuthorityKeyIdentifier(authorityKeyIdentifier(id).value)
    expect(keyIdentifier).toEqual(id)
    expect(issuer).toBeUndefined()
  })

  it('reads issuer and serial of other authorities', () => {
    const value = sequence(implicitConstructed(1, dns), implicitPrimitive(2, Uint8Array.of(5)))
    expect(parseAuthorityKeyIdentifier(value)).toEqual({
      keyIdentifier: undefined,
      issuer: [{ kind: 'dns', value: 'a.internal' }],
      serialNumber: Uint8Array.of(5),
    })
  })

  refuses(parseAuthorityKeyIdentifier, [
    ['an empty sequence', sequence(), 'accepted'],
    ['an issuer without serial', sequence(implicitConstructed(1, dns)), 'extension_malformed'],
    ['a serial without issuer', sequence(implicitPrimitive(2, Uint8Array.of(5))), 'extension_malformed'],
    [
      'a padded serial',
      sequence(implicitConstructed(1, dns), implicitPrimitive(2, Uint8Array.of(0, 5))),
      'der_integer_not_minimal',
    ],
    ['another order', sequence(implicitPrimitive(2, Uint8Array.of(5)), implicitPrimitive(0, id)), 'der_trailing_bytes'],
  ])
})

describe('CRLDistributionPoints', () => {
  it('survives both ways', () => {
    const uris = ['http://a/crl', 'http://b/crl']
    const points = parseCrlDistributionPoints(crlDistributionPoints(uris).value)
    expect(points).toHaveLength(1)
    expect(crlUris(points)).toEqual(uris)
  })

  it('reads what Signet does not write', () => {
    const relative = explicit(0, implicitConstructed(1, sequence(oid(OID.commonName), Uint8Array.of(0x13, 1, 0x61))))
    const value = sequence(
      sequence(relative, implicitPrimitive(1, Uint8Array.of(6, 0x40)), implicitConstructed(2, dns)),
      sequence(implicitConstructed(2, dns)),
    )
    expect(parseCrlDistributionPoints(value)).toMatchObject([
      { name: { kind: 'relative' }, reasons: new Set(['keyCompromise']), crlIssuer: [{ kind: 'dns' }] },
      { name: undefined, reasons: undefined },
    ])
  })

  refuses(parseCrlDistributionPoints, [
    ['no point', sequence(), 'extension_malformed'],
    ['reasons alone', sequence(sequence(implicitPrimitive(1, Uint8Array.of(6, 0x40)))), 'extension_malformed'],
    ['a point of nothing', sequence(sequence()), 'extension_malformed'],
    ['two names', sequence(sequence(fullName, fullName)), 'der_trailing_bytes'],
    ['a name of nothing', sequence(sequence(explicit(0))), 'der_truncated'],
    ['no full name', sequence(sequence(explicit(0, implicitConstructed(0)))), 'general_name_malformed'],
  ])

  it('does not write no URI', () => {
    expect(codeOf(() => crlDistributionPoints([]))).toBe('extension_malformed')
  })
})

describe('AuthorityInfoAccess', () => {
  it('survives both ways', () => {
    const access = { ocsp: ['http://a/ocsp'], caIssuers: ['http://a/ca', 'http://b/ca'] }
    expect(parseAuthorityInformationAccess(authorityInformationAccess(access).value)).toEqual(access)
  })

  refuses(parseAuthorityInformationAccess, [
    ['nothing', sequence(), 'extension_malformed'],
    ['an unknown method', sequence(sequence(oid('1.2.3'), uri)), 'accepted'],
    ['a place that is no URI', sequence(sequence(oid(OID.ocsp), dns)), 'accepted'],
    ['no place', sequence(sequence(oid(OID.ocsp))), 'general_name_malformed'],
  ])

  it('does not write nothing', () => {
    expect(codeOf(() => authorityInformationAccess({ ocsp: [], caIssuers: [] }))).toBe('extension_malformed')
  })
})

describe('CertificatePolicies', () => {
  it('survives both ways', () => {
    const policies = ['2.25.88805599207476776364421019267525894493.1.3', OID.anyPolicy]
    expect(parseCertificatePolicies(certificatePolicies(policies, 'non-critical').value)).toEqual(policies)
  })

  refuses(parseCertificatePolicies, [
    ['a qualifier', sequence(sequence(oid('1.2.3'), sequence(nullValue()))), 'accepted'],
    ['no policy', sequence(), 'extension_malformed'],
    ['a policy twice', sequence(sequence(oid('1.2.3')), sequence(oid('1.2.3'))), 'extension_malformed'],
    ['qualifiers that are no sequence', sequence(sequence(oid('1.2.3'), nullValue())), 'der_tag_unexpected'],
  ])

  it('does not write a policy twice', () => {
    expect(codeOf(() => certificatePolicies(['1.2.3', '1.2.3'], 'non-critical'))).toBe('extension_malformed')
  })
})

describe('policy extensions of other authorities', () => {
  it('are read', () => {
    expect(parsePolicyMappings(sequence(sequence(oid('1.2.3'), oid('1.2.4'))))).toEqual([
      { issuerDomainPolicy: '1.2.3', subjectDomainPolicy: '1.2.4' },
    ])
    expect(parsePolicyConstraints(sequence(implicitPrimitive(1, Uint8Array.of(2))))).toEqual({
      requireExplicitPolicy: undefined,
      inhibitPolicyMapping: 2,
    })
    expect(parseInhibitAnyPolicy(smallInteger(3))).toBe(3)
  })

  refuses(parsePolicyMappings, [['no mapping', sequence(), 'extension_malformed']])
  refuses(parsePolicyConstraints, [
    ['no constraint', sequence(), 'extension_malformed'],
    ['a negative number', sequence(implicitPrimitive(0, Uint8Array.of(0xff))), 'der_integer_out_of_range'],
  ])
  refuses(parseInhibitAnyPolicy, [['a huge number', integer(1n << 40n), 'der_integer_out_of_range']])
})

describe('NameConstraints', () => {
  it('survives both ways', () => {
    const constraints = {
      permitted: [
        { kind: 'dns', value: 'internal' },
        { kind: 'directory', name: [[{ type: OID.organizationName, value: 'Example', tag: 0x0c }]] },
      ],
      excluded: [
        { kind: 'ip', octets: new Uint8Array(8) },
        { kind: 'ip', octets: new Uint8Array(32) },
        { kind: 'uri', value: 'evil.example' },
      ],
    } as const
    const extension = nameConstraints(constraints)
    expect(extension.critical).toBe(true)
    expect(parseNameConstraints(extension.value)).toEqual(constraints)
  })

  it('can exclude every DNS name', () => {
    const { value } = nameConstraints({ permitted: [], excluded: [{ kind: 'dns', value: '' }] })
    expect(parseNameConstraints(value).excluded).toEqual([{ kind: 'dns', value: '' }])
  })

  refuses(parseNameConstraints, [
    ['no subtree', sequence(), 'extension_malformed'],
    ['no permitted subtree', sequence(implicitConstructed(0)), 'extension_malformed'],
    [
      'a minimum',
      sequence(implicitConstructed(0, sequence(dns, implicitPrimitive(0, Uint8Array.of(0))))),
      'der_trailing_bytes',
    ],
    [
      'a maximum',
      sequence(implicitConstructed(0, sequence(dns, implicitPrimitive(1, Uint8Array.of(1))))),
      'der_trailing_bytes',
    ],
    [
      'an address without mask',
      sequence(implicitConstructed(1, sequence(implicitPrimitive(7, new Uint8Array(4))))),
      'extension_malformed',
    ],
    [
      'excluded before permitted',
      sequence(implicitConstructed(1, sequence(dns)), implicitConstructed(0, sequence(dns))),
      'der_trailing_bytes',
    ],
  ])

  it.each([
    ['nothing', { permitted: [], excluded: [] }],
    ['an address without mask', { permitted: [{ kind: 'ip', octets: new Uint8Array(4) }], excluded: [] }],
  ] as const)('does not write %s', (_, constraints) => {
    expect(codeOf(() => nameConstraints(constraints))).toBe('extension_malformed')
  })
})

describe('OCSP no-check', () => {
  refuses(checkOcspNoCheck, [
    ['what is written', ocspNoCheck().value, 'accepted'],
    ['an empty value', new Uint8Array(), 'der_truncated'],
    ['a sequence', sequence(), 'der_tag_unexpected'],
  ])
})
