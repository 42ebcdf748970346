// Path validation for those who hold bytes: certificates, anchors and evidence of revocation as DER, with the limits that are
// usual. What the published package shows, and therefore free of every type of Node's.
import { CrlRejected } from '../../x509/crl-rejected.ts'
import { parseCrl } from '../../x509/crl.ts'
import { OcspRejected } from '../../x509/ocsp-rejected.ts'
import { parseOcspResponse } from '../../x509/ocsp-response.ts'
import { CertificateRejected } from '../../x509/tbs-certificate.ts'
import { revocationCheck } from '../revocation/check-revocation.ts'
import { RFC5280_REVOCATION } from '../revocation/revocation-policy.ts'
import { readPathCertificate } from './path-certificate.ts'
import type { PathFault } from './path-fault.ts'
import { ACCEPTED_SIGNATURES } from './path-settings.ts'
import { PATH_LIMITS } from './path-work.ts'
import type { PolicySettings } from './policy-settings.ts'
import type { RevocationSetting } from './revocation-check.ts'
import { MAX_SENT_CERTIFICATES, verifyChain } from './verify-path.ts'

export interface ChainQuestion {
  /** Trusted certificates, DER. */
  readonly anchors: readonly Uint8Array[]
  readonly at: Date
  /** Dotted OID of an extended key usage; `any`: the caller looks itself. */
  readonly purpose: string
  readonly policy: PolicySettings
  /** `waived`: RFC 5280 §6.1 alone, for certificates that break §4. */
  readonly conformance: 'required' | 'waived'
  readonly revocation: 'off' | ChainEvidence
  /** Most CA certificates below the anchor that are not self-issued. */
  readonly maxIntermediates: number
}

export interface ChainEvidence {
  /** DER. What cannot be read speaks for nobody. */
  readonly crls: readonly Uint8Array[]
  readonly ocspResponses: readonly Uint8Array[]
  readonly unknown: 'refuse' | 'allow'
}

export type ChainVerdict =
  | {
      readonly kind: 'valid'
      /** DER, the leaf first, without the anchor. */
      readonly path: readonly Uint8Array[]
      readonly anchor: Uint8Array
      readonly policies: ReadonlySet<string> | 'any'
    }
  /** `depth`: 0 is the leaf. `detail`: for logs. */
  | { readonly kind: 'refused'; readonly code: PathFault; readonly depth: number; readonly detail: string | undefined }

/**
 * `sent`: as a peer sends them, DER, the leaf first and the others in any order. Throws `CertificateRejected` for an anchor that
 * cannot be read.
 */
export function judgeChain(sent: readonly Uint8Array[], question: ChainQuestion): ChainVerdict {
  const { anchors, revocation, ...asked } = question
  const trusted = anchors.map((der) => readPathCertificate(der))
  const verdict = verifyChain(sent, trusted, {
    ...asked,
    revocation: revocation === 'off' ? { kind: 'none' } : evidenceOf(revocation, sent),
    signatures: ACCEPTED_SIGNATURES,
    limits: PATH_LIMITS,
  })
  if (verdict.kind === 'refused')
    return { kind: 'refused', code: verdict.code, depth: verdict.depth, detail: verdict.detail }
  const { certificates, anchor } = verdict.path
  const path = certificates.map(({ certificate }) => certificate.der)
  return { kind: 'valid', path, anchor: anchor.certificate.der, policies: verdict.policies }
}

function evidenceOf({ crls, ocspResponses, unknown }: ChainEvidence, sent: readonly Uint8Array[]): RevocationSetting {
  const evidence = {
    crls: readable(crls, (der) => parseCrl(der)),
    ocspResponses: readable(ocspResponses, (der) => parseOcspResponse(der)),
    // More are refused, and therefore not read either.
    signers: readable(sent.slice(0, MAX_SENT_CERTIFICATES), (der) => readPathCertificate(der)),
  }
  return { kind: 'checked', check: revocationCheck(evidence, RFC5280_REVOCATION), unknown }
}

function readable<T>(encoded: readonly Uint8Array[], parse: (der: Uint8Array) => T): readonly T[] {
  return encoded.flatMap((der) => {
    try {
      return [parse(der)]
    } catch (error) {
      const isRefusal =
        error instanceof CertificateRejected || error instanceof CrlRejected || error instanceof OcspRejected
      if (isRefusal) return []
      throw error
    }
  })
}
