// nginx: `X-SSL-Client-Cert $ssl_client_escaped_cert` (PEM, percent-encoded, the leaf alone) beside `X-SSL-Client-Verify
// $ssl_client_verify`, which is SUCCESS, NONE or FAILED:reason. nginx leaves a header away that would be empty.
import { SSL_CLIENT_CERT, SSL_CLIENT_VERIFY } from './certificate-headers.ts'
import { ABSENT, escapedPemLeaf, type ForwardedCertificate, refusedLeaf } from './forwarded-leaf.ts'
import type { ToldHeaders } from './told-headers.ts'

export function readNginxCertificate(headers: ToldHeaders): ForwardedCertificate {
  const certificate = headers.get(SSL_CLIENT_CERT) ?? ''
  const verify = headers.get(SSL_CLIENT_VERIFY) ?? ''
  if (certificate !== '') return verify === 'SUCCESS' ? escapedPemLeaf(certificate) : refusedLeaf('not-verified')
  if (verify === '' || verify === 'NONE') return ABSENT
  return refusedLeaf(verify === 'SUCCESS' ? 'certificate-missing' : 'not-verified')
}
