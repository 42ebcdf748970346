// Each row is a request, signed by its own key, and what becomes of it: accepted only when it asks for what it will get.
import { sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkCsr } from '../../src/ca/csr-check.ts'
import { CodedError } from '../../src/domain/coded-error.ts'
import type { ProfileName } from '../../src/domain/profile-name.ts'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { parseCertificationRequest, verifyProofOfPossession } from '../../src/x509/certification-request.ts'
import {
  bitString,
  implicitConstructed,
  oid,
  primitive,
  sequence,
  set,
  smallInteger,
  type Der,
} from '../../src/x509/der-writer.ts'
import { encodeExtensions, type Extension, makeExtension } from '../../src/x509/extension.ts'
import { basicConstraints } from '../../src/x509/extensions/basic-constraints.ts'
import { certificatePolicies } from '../../src/x509/extensions/certificate-policies.ts'
import { extendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts'
import { keyUsage } from '../../src/x509/extensions/key-usage.ts'
import { subjectKeyIdentifier } from '../../src/x509/extensions/subject-key-identifier.ts'
import { OID } from '../../src/x509/oid.ts'
import { IDENTITIES, makeHierarchy, makeKey, POLICY, TRUST_DOMAIN } from './test-hierarchy.ts'
import { type RawAttribute, rawGeneralNames, rawName } from './tbs-parts.ts'

const hierarchy = await makeHierarchy()
const caSubjects = [hierarchy.root, hierarchy.users, hierarchy.services].map(
  ({ issuer }) => issuer.certificate.tbs.subject,
)
const key = makeKey('ec-p256')

function makeCsr(subject: Der, extensions: readonly Extension[]): Uint8Array {
  const attribute = () => sequence(oid(OID.extensionRequest), set(encodeExtensions(extensions)))
  const attributes = implicitConstructed(0, ...(extensions.length === 0 ? [] : [attribute()]))
  const info = sequence(smallInteger(0), subject, key.publicKey.spki, attributes)
  return sequence(info, signatureAlgorithmIdentifier('ec-p256'), bitString(sign('sha256', info, key.privateKey)))
}

const CN = (value: string, tag?: number) => ({ type: OID.commonName, value, ...(tag === undefined ? {} : { tag }) })
const OU = (value: string) => ({ type: OID.organizationalUnitName, value })
const L = (value: string) => ({ type: OID.localityName, value })
const O = (value: string) => ({ type: OID.organizationName, value })
const BOB = CN('alpha__bob')
const URI = 'spiffe://signet.example/project/alpha/user/bob'
const JOB = IDENTITIES.job.jobId
const MODEL = [[CN('model-1.internal')], [L('serving')]] as const

const san = (...names: readonly (readonly [number, string | Uint8Array])[]) =>
  makeExtension(OID.subjectAlternativeName, 'non-critical', rawGeneralNames(...names))
const ca = (pathLength?: number) => basicConstraints({ authority: true, pathLength }, 'critical')

interface Row {
  readonly asks: string
  readonly profile: ProfileName
  readonly subject: Der
  readonly extensions: readonly Extension[]
  readonly code: string
}

const row = (
  asks: string,
  profile: ProfileName,
  subject: Der,
  extensions: readonly Extension[],
  code: string,
): Row => ({
  asks,
  profile,
  subject,
  extensions,
  code,
})

/** Rows of a project user, by their subject alone. */
const named = (asks: string, code: string, ...rdns: readonly (readonly RawAttribute[])[]) =>
  row(asks, 'project-user', rawName(...rdns), [], code)

/** Rows of a project user with the right subject, by their extensions. */
const asking = (asks: string, code: string, ...extensions: readonly Extension[]) =>
  row(asks, 'project-user', rawName([BOB]), extensions, code)

const ROWS: readonly Row[] = [
  named('nothing', 'accepted'),
  named('its own name', 'accepted', [BOB]),
  named('its own name as PrintableString of another', 'csr_names_other', [CN('alpha-bob', 0x13)]),
  named('another user', 'csr_names_other', [CN('alpha__eve')]),
  named('its name in another letter case', 'csr_names_other', [CN('Alpha__bob')]),
  named('its name with a blank', 'csr_names_other', [CN('alpha__bob ')]),
  named('a name that splits in two ways', 'csr_names_other', [CN('a__b__c')]),
  named('a job', 'csr_names_other', [BOB], [OU(JOB)]),
  named('an administrator', 'csr_names_other', [BOB], [OU('signet-admin')]),
  named('an organization', 'csr_names_other', [O('Internet Widgits Pty Ltd')], [BOB]),
  named('an organization alone', 'csr_names_other', [O('Signet')]),
  named('a system user', 'csr_names_other', [BOB], [L('serving')]),
  named('a mail address', 'csr_names_other', [BOB], [{ type: OID.emailAddress, value: 'bob@example.org', tag: 0x16 }]),
  named('two common names', 'csr_two_common_names', [BOB], [CN('alpha__eve')]),
  named('its name twice', 'csr_two_common_names', [BOB], [BOB]),
  named('two common names in one RDN', 'csr_two_common_names', [BOB, CN('alpha__eve')]),
  named('64 characters', 'csr_names_other', [CN('x'.repeat(64))]),
  named('65 characters', 'csr_common_name_too_long', [CN('x'.repeat(65))]),
  named('a NUL', 'csr_malformed', [CN('alpha__bob\u0000')]),
  named('a line break', 'csr_malformed', [CN('alpha__bob\n')]),
  named('a letter that looks alike', 'csr_name_not_ascii', [CN('аlpha__bob')]), // Cyrillic а
  named('a letter outside ASCII in an OU', 'csr_name_not_ascii', [BOB], [OU('é')]),
  named('the name of its CA', 'csr_names_ca', [O('Signet')], [CN('Signet users CA 1')]),
  named('the common name of a CA', 'csr_names_ca', [CN('Signet root CA 1')]),
  named('the common name of a CA, folded', 'csr_names_ca', [CN(' SIGNET services ca 1')]),

  asking('to be a CA', 'csr_asks_for_ca', ca()),
  asking('to be a CA with a path length', 'csr_asks_for_ca', ca(0)),
  asking('to be no CA', 'accepted', basicConstraints({ authority: false }, 'critical')),
  asking('its key usage', 'accepted', keyUsage(['digitalSignature'], 'critical')),
  asking('encipherment too', 'csr_asks_beyond_profile', keyUsage(['digitalSignature', 'keyEncipherment'], 'critical')),
  asking('to sign certificates', 'csr_asks_beyond_profile', keyUsage(['keyCertSign'], 'critical')),
  asking('its purpose', 'accepted', extendedKeyUsage([OID.clientAuth], 'non-critical')),
  asking('to be a server', 'csr_asks_beyond_profile', extendedKeyUsage([OID.serverAuth], 'non-critical')),
  asking(
    'to sign OCSP',
    'csr_asks_beyond_profile',
    extendedKeyUsage([OID.clientAuth, OID.ocspSigning], 'non-critical'),
  ),
  asking('any purpose', 'csr_asks_beyond_profile', extendedKeyUsage([OID.anyExtendedKeyUsage], 'non-critical')),
  asking('a policy', 'csr_asks_beyond_profile', certificatePolicies([OID.anyPolicy], 'non-critical')),
  asking('something unknown', 'csr_asks_beyond_profile', makeExtension('1.2.3.4', 'critical', Uint8Array.of(5, 0))),
  asking('a key identifier, as keytool does', 'accepted', subjectKeyIdentifier(new Uint8Array(20))),
  asking('its URI', 'accepted', san([6, URI])),
  asking("another user's URI", 'csr_names_other', san([6, URI.replace('bob', 'eve')])),
  asking('its URI and another', 'csr_names_other', san([6, URI], [6, URI.replace('bob', 'eve')])),
  asking('a URI of another trust domain', 'csr_names_other', san([6, URI.replace('signet', 'other')])),
  asking('a DNS name', 'csr_names_other', san([2, 'localhost'])),
  asking('an address', 'csr_names_other', san([7, Uint8Array.of(127, 0, 0, 1)])),
  asking('a mail address', 'csr_san_kind_refused', san([1, 'bob@example.org'])),
  asking('a registered id', 'csr_san_kind_refused', san([8, Uint8Array.of(0x2a, 3)])),
  asking(
    'names that cannot be read',
    'csr_malformed',
    makeExtension(OID.subjectAlternativeName, 'non-critical', primitive(4, new Uint8Array(1))),
  ),
  asking('no name at all', 'csr_malformed', san()),

  row('its OU', 'job', rawName([BOB], [OU(JOB)]), [], 'accepted'),
  row("another job's OU", 'job', rawName([BOB], [OU('another')]), [], 'csr_names_other'),
  row('its common name alone', 'job', rawName([BOB]), [], 'accepted'),
  row(
    'all its names',
    'service',
    rawName(...MODEL),
    [san([2, 'model-1.internal'], [2, 'model-1.svc.cluster.local'])],
    'accepted',
  ),
  row(
    'one of its names',
    'service',
    rawName([CN('model-1.internal')]),
    [san([2, 'model-1.svc.cluster.local'])],
    'accepted',
  ),
  row('a wildcard', 'service', rawName(...MODEL), [san([2, '*.internal'])], 'csr_names_other'),
  row('its name in capitals', 'service', rawName(...MODEL), [san([2, 'MODEL-1.internal'])], 'csr_names_other'),
  row("another service's name", 'service', rawName(...MODEL), [san([2, 'model-2.internal'])], 'csr_names_other'),
  row('another system user', 'service', rawName([CN('model-1.internal')], [L('postgres')]), [], 'csr_names_other'),
  row(
    'both its purposes',
    'service',
    rawName(),
    [extendedKeyUsage([OID.serverAuth, OID.clientAuth], 'critical')],
    'accepted',
  ),
  row('its address', 'signet-server', rawName(), [san([7, Uint8Array.of(127, 0, 0, 1)])], 'accepted'),
  row('another address', 'signet-server', rawName(), [san([7, Uint8Array.of(127, 0, 0, 2)])], 'csr_names_other'),
  row('to be a CA, as a CA does', 'issuing-ca', rawName(), [ca(0)], 'accepted'),
  row(
    'the name of a CA, as its CA does',
    'issuing-ca',
    rawName([O('Signet')], [CN('Signet services CA 2')]),
    [],
    'accepted',
  ),
]

function outcome({ profile, subject, extensions }: Row): string {
  try {
    const csr = parseCertificationRequest(makeCsr(subject, extensions))
    verifyProofOfPossession(csr)
    checkCsr(csr, { identity: IDENTITIES[profile], policy: POLICY, trustDomain: TRUST_DOMAIN, caSubjects })
    return 'accepted'
  } catch (error) {
    if (error instanceof CodedError) return String(error.code)
    throw error
  }
}

describe('a certification request', () => {
  test.each(ROWS)('of $profile that asks for $asks: $code', (asked) => {
    expect(outcome(asked)).toBe(asked.code)
  })
})
