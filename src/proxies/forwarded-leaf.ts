// The codings in which proxies put one certificate: DER in base64, or PEM with every special character percent-encoded. Both are
// read in their canonical form alone, so that one certificate has one text. RFC 4648 §3.5, §4; RFC 3986 §2.1; RFC 7468 §5.1.
import { parsePemBundle, PemRejected } from '../x509/pem.ts'

/**
 * - `syntax`: not the form of this dialect; `base64`, `percent`, `pem`: a coding that is not exactly its own
 * - `several-certificates`: two where one belongs; `too-large`: over the bounds
 * - `not-verified`: the proxy did not find it good, or does not say; `certificate-missing`: it speaks of one that is not there
 * - `too-few-hops`: fewer elements than the proxies that are registered; `url-escaped`: Traefik 2.8 to 2.9.1
 */
export type ForwardedFault =
  | 'syntax'
  | 'base64'
  | 'percent'
  | 'pem'
  | 'several-certificates'
  | 'too-large'
  | 'not-verified'
  | 'certificate-missing'
  | 'too-few-hops'
  | 'url-escaped'

export type ForwardedCertificate =
  | { readonly kind: 'leaf'; readonly der: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly fault: ForwardedFault }

export const ABSENT: ForwardedCertificate = Object.freeze({ kind: 'absent' })

/** A leaf of ours is under 2 KiB; one with an ML-DSA key and signature under 8. */
export const MAX_LEAF_BYTES = 16 * 1024
/** Of the text, each character of it percent-encoded at worst: more is not looked at. */
const MAX_LEAF_CHARACTERS = 64 * 1024

export function refusedLeaf(fault: ForwardedFault): ForwardedCertificate {
  return { kind: 'refused', fault }
}

/** DER in base64 with its padding, without white space. */
export function base64Leaf(base64: string): ForwardedCertificate {
  if (base64.length > MAX_LEAF_CHARACTERS) return refusedLeaf('too-large')
  const der = Buffer.from(base64, 'base64')
  // Node skips what is not base64; only the canonical text comes back the same.
  if (der.length === 0 || der.toString('base64') !== base64) return refusedLeaf('base64')
  return leafOf(new Uint8Array(der))
}

/** URL-encoded PEM of exactly one certificate. The empty text is none. */
export function escapedPemLeaf(escaped: string): ForwardedCertificate {
  if (escaped === '') return ABSENT
  if (escaped.length > MAX_LEAF_CHARACTERS) return refusedLeaf('too-large')
  // A `+` or a `/` that is not encoded was not written by nginx nor by Envoy, and `+` is a space to some.
  if (!/^(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+$/.test(escaped)) return refusedLeaf('percent')
  return pemLeaf(unescaped(escaped))
}

/** PEM is ASCII: escapes that are not UTF-8 are no PEM either, and come back as they are. */
function unescaped(escaped: string): string {
  try {
    return decodeURIComponent(escaped)
  } catch (error) {
    if (error instanceof URIError) return escaped
    throw error
  }
}

function pemLeaf(text: string): ForwardedCertificate {
  try {
    const [der, ...more] = parsePemBundle(text, 'CERTIFICATE')
    if (der === undefined) return refusedLeaf('pem')
    return more.length > 0 ? refusedLeaf('several-certificates') : leafOf(der)
  } catch (error) {
    if (error instanceof PemRejected) return refusedLeaf('pem')
    throw error
  }
}

function leafOf(der: Uint8Array): ForwardedCertificate {
  return der.length > MAX_LEAF_BYTES ? refusedLeaf('too-large') : { kind: 'leaf', der }
}
