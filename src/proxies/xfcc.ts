// Envoy's X-Forwarded-Client-Cert: elements after commas, the newest last; in each, key=value pairs after semicolons, values in
// quotes where they hold one of these signs, a quote in them as `\"`. Envoy's documentation, "x-forwarded-client-cert".
//
// The element is counted from the right, since everything to the left of what our own proxies added is the client's. Of it only
// Cert is read: Subject, URI and Hash are texts about a certificate, and Chain ends with an issuer, which is nobody's identity.
import { XFCC } from './certificate-headers.ts'
import { ABSENT, escapedPemLeaf, type ForwardedCertificate, refusedLeaf } from './forwarded-leaf.ts'
import type { ToldHeaders } from './told-headers.ts'

/** One element per proxy on the way. */
const MAX_ELEMENTS = 16
/** Pairs of one element: DNS names may come one by one. */
const MAX_PAIRS = 128

type Pair = readonly [key: string, value: string]

/** `hops`: elements to the right that registered proxies added behind the one that saw the client; 0 takes the last. */
export function readXfcc(headers: ToldHeaders, hops: number): ForwardedCertificate {
  const value = headers.get(XFCC) ?? ''
  if (value === '') return ABSENT
  const elements = parseXfcc(value)
  if (elements === undefined) return refusedLeaf('syntax')
  const element = elements.at(-1 - hops)
  if (element === undefined) return refusedLeaf('too-few-hops')
  const [certificate, ...more] = element.filter(([key]) => key === 'cert')
  if (certificate === undefined || certificate[1] === '') return refusedLeaf('certificate-missing')
  return more.length > 0 ? refusedLeaf('several-certificates') : escapedPemLeaf(certificate[1])
}

/** Keys in lower case. Undefined when any element, also one that is not asked for, is not in this form. */
export function parseXfcc(text: string): readonly (readonly Pair[])[] | undefined {
  const elements: Pair[][] = [[]]
  let at = 0
  for (;;) {
    const read = readPair(text, at)
    const element = elements.at(-1)
    if (read === undefined || element === undefined) return undefined
    element.push(read.pair)
    if (element.length > MAX_PAIRS || elements.length > MAX_ELEMENTS) return undefined
    if (read.next === text.length) return elements
    if (text.charAt(read.next) === ',') elements.push([])
    at = read.next + 1
  }
}

/** One pair and where it ends: at a `;`, a `,` or the end of the text. */
const PAIR = / *(?<key>[A-Za-z]+)=(?:"(?<quoted>(?:[^"\\]|\\["\\])*)"|(?<plain>[^",;]*))(?=[,;]|$)/y

function readPair(text: string, from: number): { readonly pair: Pair; readonly next: number } | undefined {
  PAIR.lastIndex = from
  const { key, quoted, plain = '' } = PAIR.exec(text)?.groups ?? {}
  if (key === undefined) return undefined
  const value = quoted === undefined ? plain : quoted.replace(/\\(["\\])/g, '$1')
  return { pair: [key.toLowerCase(), value], next: PAIR.lastIndex }
}
