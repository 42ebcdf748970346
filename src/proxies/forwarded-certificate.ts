// The client certificate that a registered proxy saw, out of the one header it may vouch with. A certificate header of any other
// form in the same call is a refusal: somebody else wrote it. Only the leaf is taken, never a chain beside it.
//
// Says what the proxy told, not that it holds: the chain, the time and revocation are judged from the bytes, as of any other.
// The proxy itself has been recognised before (step 0).
import type { CertificateDialect } from '../domain/access-policy.ts'
import { belongsTo } from './certificate-headers.ts'
import { readCaddyCertificate } from './caddy-certificate.ts'
import { readClientCertField } from './client-cert-field.ts'
import { escapedPemLeaf, type ForwardedCertificate } from './forwarded-leaf.ts'
import { readHaproxyCertificate } from './haproxy-certificate.ts'
import { readNginxCertificate } from './nginx-certificate.ts'
import type { AmbiguousHeaders, ToldHeaders } from './told-headers.ts'
import { readTraefikCertificate } from './traefik-certificate.ts'
import { readXfcc } from './xfcc.ts'

export interface UnvouchedHeader extends Omit<AmbiguousHeaders, 'fault'> {
  readonly fault: 'not-vouched'
}

/** What a proxy's registration lets it vouch with. */
export type Voucher =
  | { readonly dialect: Exclude<CertificateDialect, 'xfcc' | 'envoy-grpc'> }
  /** `hops`: how many registered proxies stand between the one that saw the client and us, each with an element of its own. */
  | { readonly dialect: 'xfcc'; readonly hops: number }
  /** `certificate`: `attributes.source.certificate` of the check, empty without a client certificate. */
  | { readonly dialect: 'envoy-grpc'; readonly certificate: string }

export function readForwardedCertificate(
  headers: ToldHeaders,
  voucher: Voucher,
): ForwardedCertificate | UnvouchedHeader {
  const foreign = headers.certificateHeaders.find((name) => !belongsTo(voucher.dialect, name))
  if (foreign !== undefined) return { kind: 'ambiguous', header: foreign, fault: 'not-vouched' }
  switch (voucher.dialect) {
    case 'none':
      return { kind: 'absent' }
    case 'xfcc':
      return readXfcc(headers, voucher.hops)
    case 'client-cert':
      return readClientCertField(headers)
    case 'nginx':
      return readNginxCertificate(headers)
    case 'traefik':
      return readTraefikCertificate(headers)
    case 'caddy':
      return readCaddyCertificate(headers)
    case 'haproxy':
      return readHaproxyCertificate(headers)
    case 'envoy-grpc':
      return escapedPemLeaf(voucher.certificate)
    default:
      return voucher satisfies never
  }
}
