// For each lint a TBSCertificate that fails it alone, with no signature made; and one of each profile that passes all.
import { beforeAll, describe, expect, test } from 'vitest'
import { encodeCertificateRequest } from '../../src/ca/certificate-bytes.ts'
import { signPermit } from '../../src/ca/issue.ts'
import { failedLints, LintFailed, type LintContext, LintSubject } from '../../src/ca/lint.ts'
import { LINTS } from '../../src/ca/lints.ts'
import { Permit } from '../../src/ca/permit.ts'
import { FrozenMap } from '../../src/ca/policy/deep-freeze.ts'
import { requestedValidity } from '../../src/ca/requested-validity.ts'
import { addSeconds } from '../../src/domain/clock.ts'
import type { KeyAlgorithmName } from '../../src/domain/key-algorithm.ts'
import { makeSerialNumber } from '../../src/domain/serial-number.ts'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { GENERALIZED_TIME } from '../../src/x509/der-time.ts'
import {
  implicitConstructed,
  implicitPrimitive,
  integer,
  primitive,
  sequence,
  smallContents,
  time,
  type Der,
} from '../../src/x509/der-writer.ts'
import { encodeName } from '../../src/x509/distinguished-name.ts'
import { authorityInformationAccess } from '../../src/x509/extensions/authority-information-access.ts'
import { basicConstraints } from '../../src/x509/extensions/basic-constraints.ts'
import { certificatePolicies } from '../../src/x509/extensions/certificate-policies.ts'
import {
  crlDistributionPoints,
  crlUris,
  parseCrlDistributionPoints,
} from '../../src/x509/extensions/crl-distribution-points.ts'
import { extendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts'
import { keyUsage } from '../../src/x509/extensions/key-usage.ts'
import { nameConstraints } from '../../src/x509/extensions/name-constraints.ts'
import { OID } from '../../src/x509/oid.ts'
import type { PublicKey } from '../../src/x509/public-key.ts'
import { parseTbsCertificate } from '../../src/x509/tbs-certificate.ts'
import {
  contextFor,
  type CountingSigner,
  issuerOf,
  type LeafProfile,
  makeHierarchy,
  makeKey,
  NOW,
  POLICY,
  requestFor,
  type TestHierarchy,
  TRUST_DOMAIN,
} from './test-hierarchy.ts'
import { putTogether, rawGeneralNames, rawName, takeApart, type TbsParts, withExtension } from './tbs-parts.ts'

let hierarchy: TestHierarchy
const keys = new Map<KeyAlgorithmName | 'rsa-1024', PublicKey>()

beforeAll(async () => {
  hierarchy = await makeHierarchy()
  for (const name of ['ec-p256', 'rsa-2048', 'ml-dsa-44'] as const) keys.set(name, makeKey(name).publicKey)
})

function key(name: 'ec-p256' | 'rsa-2048' | 'ml-dsa-44'): PublicKey {
  const found = keys.get(name)
  if (found === undefined) throw new Error(`no key ${name}`)
  return found
}

const fixedSerial = () => makeSerialNumber((size) => new Uint8Array(size).fill(7))

function goodTbs(profile: LeafProfile, context: LintContext, publicKey = key('ec-p256')): Uint8Array {
  const request = requestFor(profile, publicKey)
  const validity = requestedValidity('default', context.profile, NOW)
  return encodeCertificateRequest(request, context, { serial: fixedSerial(), validity, trustDomain: TRUST_DOMAIN })
}

/** One way to fail: how the parts are spoiled, or the context that they are held against. */
interface Row {
  readonly lint: string
  readonly how: string
  readonly profile: LeafProfile
  readonly spoil?: (parts: TbsParts, context: LintContext) => TbsParts
  readonly context?: (context: LintContext) => LintContext
}

const DAY = 86_400
const CN = (value: string) => ({ type: OID.commonName, value })
const OU = (value: string) => ({ type: OID.organizationalUnitName, value })
const L = (value: string) => ({ type: OID.localityName, value })
const O = (value: string) => ({ type: OID.organizationName, value })
const JOB = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
const BOB = 'spiffe://signet.example/project/alpha/user/bob'
const MODEL = 'spiffe://signet.example/service/model-1.internal/serving'
const LONG = { project: `p${'a'.repeat(23)}`, user: `u${'b'.repeat(47)}` }

const subject = (lint: string, how: string, profile: LeafProfile, name: () => Der): Row => ({
  lint,
  how,
  profile,
  spoil: (parts) => ({ ...parts, subject: name() }),
})

const san = (
  lint: string,
  how: string,
  profile: LeafProfile,
  ...names: readonly (readonly [number, string | Uint8Array])[]
): Row => ({
  lint,
  how,
  profile,
  spoil: (parts) => withExtension(parts, OID.subjectAlternativeName, { value: rawGeneralNames(...names) }),
})

const extension = (
  lint: string,
  how: string,
  profile: LeafProfile,
  id: string,
  value: ((context: LintContext) => Der) | undefined,
): Row => ({
  lint,
  how,
  profile,
  spoil: (parts, context) => withExtension(parts, id, value === undefined ? undefined : { value: value(context) }),
})

const critical = (profile: LeafProfile, how: string, id: string, flag: boolean): Row => ({
  lint: 'extension_criticality_off_profile',
  how,
  profile,
  spoil: (parts) => withExtension(parts, id, { critical: flag }),
})

const validity = (lint: string, how: string, profile: LeafProfile, fromSeconds: number, toSeconds: number): Row => ({
  lint,
  how,
  profile,
  spoil: (parts) => ({
    ...parts,
    validity: sequence(time(addSeconds(NOW, fromSeconds)), time(addSeconds(NOW, toSeconds))),
  }),
})

const signatory = (
  lint: string,
  how: string,
  profile: LeafProfile,
  change: (context: LintContext) => Partial<LintContext['signatory']>,
): Row => ({
  lint,
  how,
  profile,
  context: (context) => ({ ...context, signatory: { ...context.signatory, ...change(context) } }),
})

const withKey = (lint: string, how: string, publicKey: () => PublicKey): Row => ({
  lint,
  how,
  profile: 'project-user',
  spoil: (_parts, context) => takeApart(goodTbs('project-user', context, publicKey())),
})

const uris = (...texts: readonly string[]) => texts.map((text) => [6, text] as const)
const dns = (...texts: readonly string[]) => texts.map((text) => [2, text] as const)

const ROWS: readonly Row[] = [
  {
    lint: 'unique_identifier_present',
    how: 'subjectUniqueID',
    profile: 'project-user',
    spoil: (parts) => ({ ...parts, uniqueIds: [implicitPrimitive(2, Uint8Array.of(0, 1))] }),
  },
  {
    lint: 'unique_identifier_present',
    how: 'issuerUniqueID',
    profile: 'project-user',
    spoil: (parts) => ({ ...parts, uniqueIds: [implicitPrimitive(1, Uint8Array.of(0, 1))] }),
  },
  {
    lint: 'serial_number_shape',
    how: 'first octet 02',
    profile: 'project-user',
    spoil: (parts) => ({ ...parts, serial: integer(Uint8Array.of(2, ...new Uint8Array(16))) }),
  },
  {
    lint: 'serial_number_shape',
    how: '16 octets',
    profile: 'project-user',
    spoil: (parts) => ({ ...parts, serial: integer(Uint8Array.of(1, ...new Uint8Array(15))) }),
  },
  {
    lint: 'serial_number_shape',
    how: '18 octets',
    profile: 'project-user',
    spoil: (parts) => ({ ...parts, serial: integer(Uint8Array.of(1, ...new Uint8Array(17))) }),
  },
  {
    lint: 'signature_algorithm_not_the_issuers',
    how: 'SHA-384 by a P-256 key',
    profile: 'project-user',
    spoil: (parts) => ({ ...parts, signature: signatureAlgorithmIdentifier('ec-p384') }),
  },
  {
    lint: 'issuer_name_differs',
    how: 'another CA',
    profile: 'project-user',
    spoil: (parts) => ({ ...parts, issuer: encodeName([[CN('Signet users CA 2')]]) }),
  },
  {
    lint: 'issuer_name_differs',
    how: 'the same in another string type',
    profile: 'project-user',
    spoil: (parts) => ({ ...parts, issuer: rawName([O('Signet')], [{ ...CN('Signet users CA 1'), tag: 0x13 }]) }),
  },
  signatory(
    'issuer_may_not_issue_profile',
    'a CA that does not list it',
    'project-user',
    ({ signatory: { authority } }) => ({ authority: { ...authority, issues: ['job'] } }),
  ),
  {
    lint: 'authority_not_below_issuer',
    how: 'another parent',
    profile: 'issuing-ca',
    context: (context) => ({
      ...context,
      certified: context.certified && { ...context.certified, parent: 'elsewhere' },
    }),
  },
  validity('validity_reversed', 'ends a second before it begins', 'project-user', -300, -301),
  {
    lint: 'validity_time_form',
    how: 'GeneralizedTime before 2050',
    profile: 'project-user',
    spoil: (parts) => ({
      ...parts,
      validity: sequence(time(addSeconds(NOW, -300)), primitive(GENERALIZED_TIME, Buffer.from('20260615130000Z'))),
    }),
  },
  validity('not_before_off_backdate', 'a second early', 'project-user', -301, DAY),
  validity('not_before_off_backdate', 'a second late', 'project-user', -299, DAY),
  validity('not_before_off_backdate', 'not set back', 'project-user', 0, DAY),
  validity('lifetime_exceeds_profile', 'a second over the longest', 'project-user', -300, 7 * DAY),
  validity('lifetime_exceeds_profile', 'a second over the longest', 'job', -300, 3600),
  signatory('outlives_issuer', 'by a second', 'project-user', () => ({
    validity: { notBefore: NOW, notAfter: addSeconds(NOW, DAY - 2) },
  })),
  subject('common_name_not_single', 'none', 'project-user', () => rawName()),
  subject('common_name_not_single', 'twice the same', 'project-user', () =>
    rawName([CN('alpha__bob')], [CN('alpha__bob')]),
  ),
  {
    lint: 'common_name_too_long',
    how: '74 characters',
    profile: 'project-user',
    spoil: (parts) =>
      withExtension({ ...parts, subject: rawName([CN(`${LONG.project}__${LONG.user}`)]) }, OID.subjectAlternativeName, {
        value: rawGeneralNames(...uris(`spiffe://signet.example/project/${LONG.project}/user/${LONG.user}`)),
      }),
  },
  subject('organization_off_profile', 'in a user', 'project-user', () => rawName([CN('alpha__bob')], [O('Signet')])),
  subject('organizational_unit_off_profile', 'signet-admin in a user', 'project-user', () =>
    rawName([CN('alpha__bob')], [OU('signet-admin')]),
  ),
  subject('organizational_unit_off_profile', 'none in a job', 'job', () => rawName([CN('alpha__bob')])),
  subject('organizational_unit_off_profile', 'twice in an admin', 'admin', () =>
    rawName([CN('alice')], [OU('signet-admin')], [OU('signet-admin')]),
  ),
  subject('locality_off_profile', 'in a user', 'project-user', () => rawName([CN('alpha__bob')], [L('serving')])),
  subject('locality_off_profile', 'none in a service', 'service', () => rawName([CN('model-1.internal')])),
  subject('locality_off_profile', 'twice in a service', 'service', () =>
    rawName([CN('model-1.internal')], [L('serving')], [L('serving')]),
  ),
  subject('subject_attribute_unknown', 'a title', 'project-user', () =>
    rawName([CN('alpha__bob')], [{ type: OID.title, value: 'Dr' }]),
  ),
  subject('subject_rdn_multivalued', 'CN and OU in one', 'job', () => rawName([CN('alpha__bob'), OU(JOB)])),
  subject('subject_order_off_profile', 'OU before CN', 'job', () => rawName([OU(JOB)], [CN('alpha__bob')])),
  subject('subject_string_type', 'PrintableString', 'admin', () =>
    rawName([{ ...CN('alice'), tag: 0x13 }], [OU('signet-admin')]),
  ),
  subject('subject_value_off_template', 'no separator', 'project-user', () => rawName([CN('bob')])),
  subject('subject_value_off_template', 'another OU', 'admin', () => rawName([CN('alice')], [OU('signet-root')])),
  subject('subject_value_off_template', 'the responder of another CA', 'ocsp-responder', () =>
    rawName([CN('services-1 OCSP responder')]),
  ),
  subject('subject_value_off_template', 'another CA', 'issuing-ca', () =>
    rawName([O('Signet')], [CN('Signet users CA 2')]),
  ),
  san('san_kind_unexpected', 'a mail address', 'project-user', ...uris(BOB), [1, 'bob@example.org']),
  san('san_kind_unexpected', 'a registered id', 'project-user', ...uris(BOB), [8, Uint8Array.of(0x2a, 3)]),
  san('san_uri_count', 'two', 'project-user', ...uris(BOB, BOB.replace('signet.example', 'other.example'))),
  extension('san_uri_count', 'none', 'project-user', OID.subjectAlternativeName, undefined),
  san('san_uri_count', 'one in a server of Signet', 'signet-server', ...dns('signet.internal'), ...uris(MODEL)),
  san('san_dns_count', 'none in a service', 'service', ...uris(MODEL)),
  san(
    'san_dns_count',
    '33 in a service',
    'service',
    ...dns('model-1.internal', ...Array.from({ length: 32 }, (_, at) => `m${at}.internal`)),
    ...uris(MODEL),
  ),
  san(
    'san_ip_count',
    'one in a service',
    'service',
    ...dns('model-1.internal'),
    [7, Uint8Array.of(10, 0, 0, 1)],
    ...uris(MODEL),
  ),
  san(
    'san_ip_count',
    '17 in a server of Signet',
    'signet-server',
    ...dns('signet.internal'),
    ...Array.from({ length: 17 }, (_, at) => [7, Uint8Array.of(10, 0, 0, at)] as const),
  ),
  san('san_dns_name_shape', 'a wildcard', 'service', ...dns('model-1.internal', '*.internal'), ...uris(MODEL)),
  san('san_dns_name_shape', 'upper case', 'service', ...dns('model-1.internal', 'MODEL-1.internal'), ...uris(MODEL)),
  san('san_ip_length', 'a network', 'signet-server', ...dns('signet.internal'), [
    7,
    Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0),
  ]),
  san('san_name_repeated', 'a DNS name', 'service', ...dns('model-1.internal', 'model-1.internal'), ...uris(MODEL)),
  san(
    'san_name_repeated',
    'an address',
    'signet-server',
    ...dns('signet.internal'),
    [7, Uint8Array.of(10, 0, 0, 1)],
    [7, Uint8Array.of(10, 0, 0, 1)],
  ),
  san(
    'san_uri_off_template',
    'another scheme',
    'project-user',
    ...uris('https://signet.example/project/alpha/user/bob'),
  ),
  san('san_uri_off_template', 'another kind', 'admin', ...uris('spiffe://signet.example/project/alpha')),
  san('san_uri_disagrees_with_subject', 'another user', 'project-user', ...uris(BOB.replace('/bob', '/eve'))),
  san('san_uri_disagrees_with_subject', 'another project', 'project-user', ...uris(BOB.replace('alpha', 'beta'))),
  san('san_uri_disagrees_with_subject', 'another job', 'job', ...uris(`${BOB}/job/1`)),
  san(
    'san_uri_disagrees_with_subject',
    'another system user',
    'service',
    ...dns('model-1.internal'),
    ...uris(MODEL.replace('/serving', '/postgres')),
  ),
  san('common_name_not_in_san', 'only another name', 'service', ...dns('model-2.internal'), ...uris(MODEL)),
  san(
    'san_outside_name_constraints',
    'another zone',
    'service',
    ...dns('model-1.internal', 'model-1.example.com'),
    ...uris(MODEL),
  ),
  san(
    'san_outside_name_constraints',
    'a zone that only ends alike',
    'service',
    ...dns('model-1.internal', 'notinternal'),
    ...uris(MODEL),
  ),
  extension('extension_unexpected', 'unknown', 'project-user', '1.2.3.4', () => Uint8Array.of(5, 0)),
  {
    lint: 'extension_unexpected',
    how: 'unknown and critical',
    profile: 'project-user',
    spoil: (parts) => withExtension(parts, '1.2.3.4', { critical: true }),
  },
  extension('extension_unexpected', 'no-check in a user', 'project-user', OID.ocspNoCheck, () => Uint8Array.of(5, 0)),
  critical('project-user', 'soft key usage', OID.keyUsage, false),
  critical('project-user', 'soft basic constraints', OID.basicConstraints, false),
  critical('project-user', 'hard policies', OID.certificatePolicies, true),
  critical('project-user', 'hard names', OID.subjectAlternativeName, true),
  critical('issuing-ca', 'soft name constraints', OID.nameConstraints, false),
  extension(
    'basic_constraints_off_profile',
    'a leaf that is a CA',
    'project-user',
    OID.basicConstraints,
    () => basicConstraints({ authority: true, pathLength: undefined }, 'critical').value,
  ),
  extension('basic_constraints_off_profile', 'none', 'project-user', OID.basicConstraints, undefined),
  extension(
    'basic_constraints_off_profile',
    'a CA that is none',
    'issuing-ca',
    OID.basicConstraints,
    () => basicConstraints({ authority: false }, 'critical').value,
  ),
  extension(
    'path_length_off_profile',
    'no limit',
    'issuing-ca',
    OID.basicConstraints,
    () => basicConstraints({ authority: true, pathLength: undefined }, 'critical').value,
  ),
  extension(
    'path_length_off_profile',
    '1',
    'issuing-ca',
    OID.basicConstraints,
    () => basicConstraints({ authority: true, pathLength: 1 }, 'critical').value,
  ),
  extension(
    'key_usage_off_profile',
    'one more',
    'project-user',
    OID.keyUsage,
    () => keyUsage(['digitalSignature', 'keyEncipherment'], 'critical').value,
  ),
  extension(
    'key_usage_off_profile',
    'of a CA',
    'project-user',
    OID.keyUsage,
    () => keyUsage(['keyCertSign'], 'critical').value,
  ),
  extension('key_usage_off_profile', 'none', 'project-user', OID.keyUsage, undefined),
  extension(
    'key_usage_off_profile',
    'a CA that cannot sign CRLs',
    'issuing-ca',
    OID.keyUsage,
    () => keyUsage(['keyCertSign'], 'critical').value,
  ),
  extension(
    'extended_key_usage_off_profile',
    'a user as server',
    'project-user',
    OID.extendedKeyUsage,
    () => extendedKeyUsage([OID.clientAuth, OID.serverAuth], 'critical').value,
  ),
  extension('extended_key_usage_off_profile', 'none', 'project-user', OID.extendedKeyUsage, undefined),
  extension(
    'extended_key_usage_off_profile',
    'any',
    'project-user',
    OID.extendedKeyUsage,
    () => extendedKeyUsage([OID.anyExtendedKeyUsage], 'critical').value,
  ),
  extension(
    'extended_key_usage_off_profile',
    'a CA without OCSPSigning',
    'issuing-ca',
    OID.extendedKeyUsage,
    () => extendedKeyUsage([OID.serverAuth, OID.clientAuth], 'critical').value,
  ),
  extension('certificate_policies_off_profile', 'of another profile', 'project-user', OID.certificatePolicies, () =>
    policies('admin'),
  ),
  extension('certificate_policies_off_profile', 'of two profiles', 'project-user', OID.certificatePolicies, () =>
    policies('project-user', 'admin'),
  ),
  extension('certificate_policies_off_profile', 'none', 'project-user', OID.certificatePolicies, undefined),
  extension(
    'certificate_policies_off_profile',
    'a CA for every policy',
    'issuing-ca',
    OID.certificatePolicies,
    () => certificatePolicies([OID.anyPolicy], 'critical').value,
  ),
  extension('subject_key_identifier_wrong', 'none', 'project-user', OID.subjectKeyIdentifier, undefined),
  extension('subject_key_identifier_wrong', 'of another key', 'project-user', OID.subjectKeyIdentifier, () =>
    primitive(4, new Uint8Array(20)),
  ),
  extension('subject_key_identifier_wrong', 'unreadable', 'project-user', OID.subjectKeyIdentifier, () =>
    Uint8Array.of(4, 9),
  ),
  extension('authority_key_identifier_wrong', 'none', 'project-user', OID.authorityKeyIdentifier, undefined),
  extension('authority_key_identifier_wrong', 'of another key', 'project-user', OID.authorityKeyIdentifier, () =>
    sequence(implicitPrimitive(0, new Uint8Array(20))),
  ),
  extension(
    'authority_key_identifier_wrong',
    'with issuer and serial',
    'project-user',
    OID.authorityKeyIdentifier,
    (context) => {
      const issuer = implicitPrimitive(6, Buffer.from('urn:x'))
      return sequence(
        implicitPrimitive(0, context.signatory.keyIdentifier),
        implicitConstructed(1, issuer),
        implicitPrimitive(2, smallContents(1)),
      )
    },
  ),
  extension('crl_distribution_point_wrong', 'none', 'project-user', OID.crlDistributionPoints, undefined),
  extension(
    'crl_distribution_point_wrong',
    'of another issuer',
    'project-user',
    OID.crlDistributionPoints,
    () => crlDistributionPoints(['http://pki.signet.internal:8080/pki/crl/users-2.crl']).value,
  ),
  extension(
    'crl_distribution_point_wrong',
    'two addresses',
    'project-user',
    OID.crlDistributionPoints,
    ({ partitions }) => crlDistributionPoints([partitions[0]?.url ?? '', 'ldap://x']).value,
  ),
  extension(
    'crl_distribution_point_wrong',
    'the complete CRL, where there are partitions',
    'project-user',
    OID.crlDistributionPoints,
    ({ signatory: { urls } }) => crlDistributionPoints([urls.crl]).value,
  ),
  {
    lint: 'crl_distribution_point_wrong',
    how: 'a partition that the serial number does not fall into',
    profile: 'project-user',
    context: (context) => ({ ...context, partitions: hierarchy.means.partitions.open(context.signatory.id) }),
    spoil: (parts, { partitions }) => {
      const [named] = parts.extensions.flatMap(({ oid, value }) =>
        oid === OID.crlDistributionPoints ? crlUris(parseCrlDistributionPoints(value)) : [],
      )
      const other = partitions.find(({ url }) => url !== named)?.url ?? ''
      return withExtension(parts, OID.crlDistributionPoints, { value: crlDistributionPoints([other]).value })
    },
  },
  extension('authority_information_access_wrong', 'none', 'project-user', OID.authorityInformationAccess, undefined),
  extension(
    'authority_information_access_wrong',
    'without OCSP',
    'project-user',
    OID.authorityInformationAccess,
    ({ signatory: { urls } }) => authorityInformationAccess({ caIssuers: [urls.caIssuers], ocsp: [] }).value,
  ),
  extension(
    'authority_information_access_wrong',
    'OCSP elsewhere',
    'project-user',
    OID.authorityInformationAccess,
    ({ signatory: { urls } }) => authorityInformationAccess({ caIssuers: [urls.caIssuers], ocsp: ['http://x'] }).value,
  ),
  extension(
    'authority_information_access_wrong',
    'a CA with OCSP',
    'issuing-ca',
    OID.authorityInformationAccess,
    ({ signatory: { urls } }) => authorityInformationAccess({ caIssuers: [urls.caIssuers], ocsp: [urls.ocsp] }).value,
  ),
  extension('name_constraints_off_authority', 'none', 'issuing-ca', OID.nameConstraints, undefined),
  extension(
    'name_constraints_off_authority',
    'another zone',
    'issuing-ca',
    OID.nameConstraints,
    () => nameConstraints({ permitted: [{ kind: 'dns', value: 'example.com' }], excluded: [] }).value,
  ),
  extension('ocsp_no_check_missing', 'none', 'ocsp-responder', OID.ocspNoCheck, undefined),
  extension('ocsp_no_check_missing', 'not NULL', 'ocsp-responder', OID.ocspNoCheck, () => Uint8Array.of(4, 0)),
  {
    lint: 'public_key_not_allowed',
    how: 'RSA below the profile',
    profile: 'project-user',
    context: withRsaFrom(3072),
    spoil: (_parts, context) => takeApart(goodTbs('project-user', context, key('rsa-2048'))),
  },
  withKey('key_family_differs', 'ML-DSA under ECDSA', () => key('ml-dsa-44')),
  withKey('subject_key_is_the_issuers', 'the key of the CA', () => hierarchy.users.key.publicKey),
]

function withRsaFrom(min: number): (context: LintContext) => LintContext {
  return (context) => ({
    ...context,
    profile: { ...context.profile, subjectKeys: { ...context.profile.subjectKeys, rsaBits: { min, max: 4096 } } },
  })
}

function policies(...profiles: readonly ('admin' | 'project-user')[]): Der {
  return certificatePolicies(
    profiles.map((name) => POLICY.profiles.get(name)?.policyOid ?? ''),
    'critical',
  ).value
}

async function issue(tbs: Uint8Array, context: LintContext, signer: CountingSigner): Promise<unknown> {
  return signPermit(Permit.prepare(tbs, context), signer)
}

describe('a certificate that fails one lint', () => {
  test.each(ROWS)('$lint: $how ($profile)', async ({ lint, profile, spoil, context: change }) => {
    const signer = issuerOf(hierarchy, profile).signer
    const before = signer.calls
    const plain = contextFor(hierarchy, profile)
    const context = change?.(plain) ?? plain
    const good = goodTbs(profile, context)
    const bytes = spoil === undefined ? good : putTogether(spoil(takeApart(good), context))
    const refused = await issue(bytes, context, signer).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(LintFailed)
    expect(refused).toMatchObject({
      code: 'lint_failed',
      facts: { lints: [lint], profile, issuer: context.signatory.id },
    })
    expect(signer.calls).toBe(before)
  })

  test('is in the table for every lint', () => {
    expect(new Set(ROWS.map((row) => row.lint))).toEqual(new Set(LINTS.map((lint) => lint.name)))
  })
})

const LEAF_PROFILES = [
  'issuing-ca',
  'project-user',
  'job',
  'service-account',
  'account-job',
  'service',
  'signet-server',
  'admin',
  'ocsp-responder',
  'snapshot-signer',
] as const

describe('a good certificate', () => {
  test.each(LEAF_PROFILES)('of %s passes every lint', (profile) => {
    const context = contextFor(hierarchy, profile)
    const tbs = parseTbsCertificate(goodTbs(profile, context))
    expect(failedLints(new LintSubject(tbs, context), LINTS)).toEqual([])
  })

  test.each(LEAF_PROFILES)('of %s is the same bytes when it was taken apart', (profile) => {
    const bytes = goodTbs(profile, contextFor(hierarchy, profile))
    expect(Buffer.compare(putTogether(takeApart(bytes)), bytes)).toBe(0)
  })
})

describe('what the policy says of a lint', () => {
  const spoiled = (context: LintContext) =>
    putTogether({
      ...takeApart(goodTbs('project-user', context)),
      serial: integer(Uint8Array.of(2, ...new Uint8Array(16))),
    })
  const withLint = (context: LintContext, change: object): LintContext => {
    const lints = [...POLICY.lints.values()].map((lint) =>
      lint.name === 'serial_number_shape' ? { ...lint, ...change } : lint,
    )
    return { ...context, policy: { ...POLICY, lints: new FrozenMap(lints.map((lint) => [lint.name, lint])) } }
  }

  test.each([
    [{}, ['serial_number_shape']],
    [{ appliesTo: 'leaves' }, ['serial_number_shape']],
    [{ appliesTo: 'authorities' }, []],
    [{ effect: 'off' }, []],
  ])('%j', (change, expected) => {
    const context = withLint(contextFor(hierarchy, 'project-user'), change)
    const failed = failedLints(new LintSubject(parseTbsCertificate(spoiled(context)), context), LINTS)
    expect(failed.map((lint) => lint.name)).toEqual(expected)
  })

  test('a lint that it does not list is due', () => {
    const context = contextFor(hierarchy, 'project-user')
    const bare = { ...context, policy: { ...POLICY, lints: new FrozenMap<string, never>([]) } }
    const failed = failedLints(new LintSubject(parseTbsCertificate(spoiled(bare)), bare), LINTS)
    expect(failed.map((lint) => lint.name)).toContain('serial_number_shape')
  })
})
