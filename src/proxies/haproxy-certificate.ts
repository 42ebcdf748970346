// HAProxy: `X-SSL-Client-Cert %{+Q}[ssl_c_der,base64]` (the format puts it in quotes) beside `X-SSL-Client-Verify
// %[ssl_c_verify]`, where 0 is a good certificate and also no certificate.
import { SSL_CLIENT_CERT, SSL_CLIENT_VERIFY } from './certificate-headers.ts'
import { ABSENT, base64Leaf, type ForwardedCertificate, refusedLeaf } from './forwarded-leaf.ts'
import type { ToldHeaders } from './told-headers.ts'

export function readHaproxyCertificate(headers: ToldHeaders): ForwardedCertificate {
  const value = headers.get(SSL_CLIENT_CERT) ?? ''
  const certificate = /^"(?<quoted>[^"]*)"$/.exec(value)?.groups?.['quoted'] ?? value
  const verify = headers.get(SSL_CLIENT_VERIFY) ?? ''
  if (certificate !== '') return verify === '0' ? base64Leaf(certificate) : refusedLeaf('not-verified')
  return verify === '' || verify === '0' ? ABSENT : refusedLeaf('not-verified')
}
