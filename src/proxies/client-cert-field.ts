// The Client-Cert field: one byte sequence, and nothing after it. RFC 9440 §2.2; RFC 8941 §3.3.5. The chain of Client-Cert-Chain is
// not read: issuers come from our own trust.
import { CLIENT_CERT } from './certificate-headers.ts'
import { ABSENT, base64Leaf, type ForwardedCertificate, refusedLeaf } from './forwarded-leaf.ts'
import type { ToldHeaders } from './told-headers.ts'

export function readClientCertField(headers: ToldHeaders): ForwardedCertificate {
  // RFC 8941 §4.2 allows spaces around an item. A field that is there and empty says as much as none.
  const item = (headers.get(CLIENT_CERT) ?? '').trim()
  if (item === '') return headers.get('client-cert-chain') === undefined ? ABSENT : refusedLeaf('certificate-missing')
  const base64 = /^:(?<base64>[^:]*):$/.exec(item)?.groups?.['base64']
  return base64 === undefined ? refusedLeaf('syntax') : base64Leaf(base64)
}
