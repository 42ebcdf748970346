// BoringSSL's CRL suite: the file name begins with the verdict. `bad` and `invalid` are no answer: the CRL speaks for
// another certificate, holds no longer, or is no CRL. At the time, and with the bound of age, of the suite's own runner.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { RevocationQuestion } from '../../src/verifier/path/revocation-check.ts'
import { readPathCertificate } from '../../src/verifier/path/path-certificate.ts'
import { revocationCheck } from '../../src/verifier/revocation/check-revocation.ts'
import type { RevocationPolicy } from '../../src/verifier/revocation/revocation-policy.ts'
import { type Crl, parseCrl } from '../../src/x509/crl.ts'
import { CrlRejected } from '../../src/x509/crl-rejected.ts'
import { blockOf, ONE_WEEK_SECONDS, readBlocks, verifyAsIn2017 } from './boringssl-pem.ts'
import { describeVectors } from './vectors.ts'

const AT = new Date('2017-03-09T00:00:00Z')

/** The suite knows no indirect CRLs: one is no answer, also about certificates of its own issuer. */
const POLICY: RevocationPolicy = {
  nextUpdate: 'optional',
  maxAgeSeconds: ONE_WEEK_SECONDS,
  crlNumber: 'optional',
  crlSigners: 'same-anchor',
  indirectCrls: 'refused',
  verify: verifyAsIn2017,
}

function verdictOf(file: string): string {
  const blocks = readBlocks(file)
  const [issuer, higher] = ['CA CERTIFICATE', 'CA CERTIFICATE 2'].flatMap((label) => {
    const der = blocks.get(label)
    return der === undefined ? [] : [readPathCertificate(der)]
  })
  const certificate = readPathCertificate(blockOf(blocks, 'CERTIFICATE'))
  if (issuer === undefined) throw new Error('the file has no CA')
  const path = { certificates: higher === undefined ? [certificate] : [certificate, issuer], anchor: higher ?? issuer }
  const question: RevocationQuestion = { certificate, issuer, path, at: AT }
  const crls = readable(blockOf(blocks, 'CRL'))
  const verdict = revocationCheck({ crls, ocspResponses: [], signers: [] }, POLICY)(question)
  return verdict.kind === 'unknown' ? verdict.code : verdict.kind
}

function readable(der: Uint8Array): readonly Crl[] {
  try {
    return [parseCrl(der)]
  } catch (error) {
    if (error instanceof CrlRejected) return []
    throw error
  }
}

describeVectors('boringssl-pki/crl', (folder) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.pem'))

  it('has its files', () => {
    expect(files.length).toBeGreaterThanOrEqual(62)
  })

  it.each(files)('%s', (name) => {
    const expected = name.split('_')[0]?.replace('.pem', '')
    const verdict = verdictOf(join(folder, name))
    if (expected === 'good' || expected === 'revoked') expect(verdict).toBe(expected)
    else expect(verdict).toMatch(/^crl-/)
  })

  it.each([
    ['bad_crldp_has_crlissuer', 'crl-issuer-other'],
    ['bad_fake_critical_crlentryextension', 'crl-extension-unknown'],
    ['bad_fake_critical_extension', 'crl-extension-unknown'],
    ['bad_idp_contains_wrong_uri', 'crl-scope-other'],
    ['bad_idp_indirectcrl', 'crl-indirect-refused'],
    ['bad_idp_onlycontainscacerts', 'crl-scope-other'],
    ['bad_idp_onlycontainsusercerts', 'crl-scope-other'],
    ['bad_key_rollover_signature', 'crl-signature-invalid'],
    ['bad_nextupdate_too_old', 'crl-stale'],
    ['bad_signature', 'crl-signature-invalid'],
    ['bad_thisupdate_in_future', 'crl-not-yet-valid'],
    ['bad_thisupdate_too_old', 'crl-too-old'],
    ['bad_wrong_issuer', 'crl-missing'],
    ['invalid_issuer_keyusage_no_crlsign', 'crl-signer-may-not'],
    ['invalid_revoked_empty_sequence', 'crl-missing'],
  ])('%s is told as %s', (name, code) => {
    expect(verdictOf(join(folder, `${name}.pem`))).toBe(code)
  })
})
