// BoringSSL's OCSP suite, with the verdicts of its own runner, at the time and with the bound of age that it has.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readPathCertificate } from '../../src/verifier/path/path-certificate.ts'
import { judgeByOcsp, type OcspQuestion } from '../../src/verifier/revocation/judge-by-ocsp.ts'
import type { RevocationPolicy } from '../../src/verifier/revocation/revocation-policy.ts'
import { OcspRejected } from '../../src/x509/ocsp-rejected.ts'
import { type OcspResponse, parseOcspResponse } from '../../src/x509/ocsp-response.ts'
import { CertificateRejected } from '../../src/x509/tbs-certificate.ts'
import { blockOf, ONE_WEEK_SECONDS, readBlocks, verifyAsIn2017 } from './boringssl-pem.ts'
import { describeVectors } from './vectors.ts'

const AT = new Date('2017-03-05T00:00:00Z')

const POLICY: RevocationPolicy = {
  nextUpdate: 'optional',
  maxAgeSeconds: ONE_WEEK_SECONDS,
  crlNumber: 'required',
  crlSigners: 'issuer-key',
  indirectCrls: 'refused',
  verify: verifyAsIn2017,
}

/** Where the suite and we disagree, and why. */
const DISAGREEMENTS: ReadonlyMap<string, string> = new Map([
  [
    'good_response_invalid_serial',
    'its certificate has a serial that is padded, which is no DER; BoringSSL takes it by an option that it means to remove',
  ],
])

/** `good` and `revoked` as the suite has them; all else is its UNKNOWN, told more closely. */
const VERDICTS: Readonly<Record<string, string>> = {
  bad_ocsp_type: 'ocsp_response_malformed',
  bad_signature: 'ocsp-signature-invalid',
  bad_status: 'ocsp_response_malformed',
  future_response: 'ocsp-not-yet-valid',
  good_response: 'good',
  good_response_invalid_serial: 'ocsp_response_malformed',
  good_response_next_update: 'good',
  good_response_sha256: 'good',
  has_critical_ct_extension: 'good',
  has_critical_response_extension: 'ocsp-extension-unknown',
  has_critical_single_extension: 'ocsp-extension-unknown',
  has_extension: 'good',
  has_single_extension: 'good',
  has_version: 'good',
  invalid_response: 'ocsp_response_malformed',
  invalid_response_data: 'ocsp_response_malformed',
  malformed_request: 'ocsp-error-status',
  missing_response: 'ocsp_response_malformed',
  multiple_response: 'ocsp-status-unknown',
  multiple_response_good_revoked: 'revoked',
  no_response: 'ocsp_response_malformed',
  ocsp_extra_certs: 'good',
  ocsp_sign_bad_indirect: 'ocsp-responder-may-not',
  ocsp_sign_direct: 'good',
  ocsp_sign_indirect: 'good',
  ocsp_sign_indirect_missing: 'ocsp-responder-other',
  old_response: 'ocsp-too-old',
  other_response: 'ocsp-certificate-other',
  produced_early_response: 'ocsp-dates-contradict',
  produced_late_response: 'ocsp-dates-contradict',
  responder_id: 'good',
  responder_name: 'good',
  revoke_response: 'revoked',
  revoke_response_reason: 'revoked',
  stale_response: 'ocsp-stale',
  unknown_response: 'ocsp-status-unknown',
}

function verdictOf(file: string): string {
  const blocks = readBlocks(file)
  const response = readable(() => parseOcspResponse(blockOf(blocks, 'OCSP RESPONSE')))
  if (typeof response === 'string') return response
  const question = readable(() => questionOf(blocks))
  if (typeof question === 'string') return question
  const verdict = judgeByOcsp(question, response)
  return verdict.kind === 'unknown' ? verdict.code : verdict.kind
}

function questionOf(blocks: ReadonlyMap<string, Uint8Array>): OcspQuestion {
  return {
    certificate: readPathCertificate(blockOf(blocks, 'CERTIFICATE')),
    issuer: readPathCertificate(blockOf(blocks, 'CA CERTIFICATE')),
    at: AT,
    policy: POLICY,
    nonce: 'none',
    // The suite leaves the revocation of responders to others; theirs do not say that they need no check.
    judgeResponder: () => ({ kind: 'good', freshUntil: undefined }),
  }
}

function readable<T extends OcspResponse | OcspQuestion>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    if (error instanceof OcspRejected || error instanceof CertificateRejected) return error.code
    throw error
  }
}

describeVectors('boringssl-pki/ocsp', (folder) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.pem'))

  it('has its files, and a verdict for each', () => {
    expect(files.map((name) => name.replace('.pem', '')).toSorted()).toEqual(Object.keys(VERDICTS).toSorted())
  })

  it('agrees with the suite, but for what is listed', () => {
    const isGood = (name: string): boolean =>
      /^(?:good|has_(?!critical_(?:re|si))|responder|ocsp_(?:extra|sign_(?:direct|indirect$)))/.test(name)
    const differing = Object.entries(VERDICTS).filter(([name, verdict]) => isGood(name) !== (verdict === 'good'))
    expect(differing.map(([name]) => name)).toEqual([...DISAGREEMENTS.keys()])
  })

  it.each(Object.entries(VERDICTS))('%s: %s', (name, verdict) => {
    expect(verdictOf(join(folder, `${name}.pem`))).toBe(verdict)
  })
})
