// Which CRL speaks for a certificate, and which for all of its issuer: that of a partition says nothing of the others.
import * as x509 from '@peculiar/x509'
import { beforeAll, expect, test } from 'vitest'
import { faultOfCrl, speaksFor } from '../../src/cli/crl-fault.ts'
import { type Certificate, parseCertificate } from '../../src/x509/certificate.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { crlUris } from '../../src/x509/extensions/crl-distribution-points.ts'
import { deltaCrlIndicator } from '../../src/x509/extensions/delta-crl-indicator.ts'
import { type CrlScope, issuingDistributionPoint } from '../../src/x509/extensions/issuing-distribution-point.ts'
import { makeCrl, makeHierarchy, makeLeaf, type TestHierarchy } from './test-ca.ts'

const OTHER = 'http://pki.test/users-1/4.crl'

let ours: TestHierarchy
let issuer: Certificate
let leaf: Certificate
/** Where the certificate says that its CRL is. */
let own: readonly string[]

const asExtension = ({ oid, critical, value }: { oid: string; critical: boolean; value: Uint8Array }) =>
  new x509.Extension(oid, critical, Uint8Array.from(value))

const scope = (uris: readonly string[], certificates: CrlScope['certificates'] = 'all') =>
  asExtension(issuingDistributionPoint({ uris, certificates }))

beforeAll(async () => {
  ours = await makeHierarchy('Our')
  issuer = parseCertificate(ours.users.der)
  leaf = parseCertificate((await makeLeaf('CN=vision__alice', ours.users)).der)
  own = crlUris(leaf.tbs.crlDistributionPoints ?? [])
  expect(own).toHaveLength(1)
})

type Fault = ReturnType<typeof faultOfCrl>

test.each<readonly [string, () => readonly x509.Extension[], Fault, Fault]>([
  ['a complete CRL', () => [], undefined, undefined],
  ['that of its own partition', () => [scope(own)], undefined, 'crl_scope_partial'],
  ['that of another partition', () => [scope([OTHER])], 'crl_scope_partial', 'crl_scope_partial'],
  ['one of users', () => [scope([], 'user')], undefined, 'crl_scope_partial'],
  ['one of CAs', () => [scope([], 'authority')], 'crl_scope_partial', 'crl_scope_partial'],
  ['a delta', () => [asExtension(deltaCrlIndicator(1n))], 'crl_scope_partial', 'crl_scope_partial'],
  [
    'something critical that is unknown',
    () => [new x509.Extension('2.5.29.99', true, Uint8Array.of(5, 0))],
    'crl_extension_unknown',
    'crl_extension_unknown',
  ],
])('%s', async (_, more, forLeaf, forAll) => {
  const crl = parseCrl(await makeCrl(ours.users, { more: more() }))
  expect(faultOfCrl(crl, issuer, new Date(), leaf)).toBe(forLeaf)
  expect(faultOfCrl(crl, issuer, new Date(), 'all')).toBe(forAll)
  if (forLeaf !== 'crl_extension_unknown') expect(speaksFor(crl, leaf)).toBe(forLeaf === undefined)
})
