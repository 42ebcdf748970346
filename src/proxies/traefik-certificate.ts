// X-Forwarded-Tls-Client-Cert of Traefik's passTLSClientCert: DER in base64, leaf first, then its issuers after commas, which are
// not used. X-Forwarded-Tls-Client-Cert-Info is text without escapes and is never read.
//
// Traefik 2.8 to 2.9.1 percent-encode the value. That is a fault of its own, so that the operator sees what to upgrade.
import { TRAEFIK_CERT } from './certificate-headers.ts'
import { ABSENT, base64Leaf, type ForwardedCertificate, refusedLeaf } from './forwarded-leaf.ts'
import type { ToldHeaders } from './told-headers.ts'

/** Leaf, issuing CA and root are three. */
const MAX_CERTIFICATES = 8

export function readTraefikCertificate(headers: ToldHeaders): ForwardedCertificate {
  const value = headers.get(TRAEFIK_CERT) ?? ''
  if (value === '') return ABSENT
  if (value.includes('%')) return refusedLeaf('url-escaped')
  const [leaf, ...issuers] = value.split(',').map(base64Leaf)
  if (leaf === undefined || issuers.length >= MAX_CERTIFICATES) return refusedLeaf('too-large')
  // Traefik writes them all; a broken one means that this is not Traefik's text.
  return issuers.find(({ kind }) => kind !== 'leaf') ?? leaf
}
