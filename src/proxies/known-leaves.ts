// Leaves that proxies told before, by the very text that told them: a busy caller's certificate is decoded once, and comes out as the
// same object, whose facts the verifier then knows without hashing it again.
//
// What is kept follows from the text alone, whoever told it, and says nothing of whether the certificate holds.
import { RecentlyUsed } from '../domain/recently-used.ts'
import { readForwardedCertificate, type UnvouchedHeader, type Voucher } from './forwarded-certificate.ts'
import type { ForwardedCertificate } from './forwarded-leaf.ts'
import type { ToldHeaders } from './told-headers.ts'

/** A leaf of ours and the text that told it take about 3 KiB. */
const CAPACITY = 32_768

interface KnownLeaf {
  /** All that told it beside the text by which it is found. */
  readonly beside: string
  readonly leaf: ForwardedCertificate
}

export class KnownLeaves {
  /** By the longest text of those that told it, which nearly always is the certificate: as it came, it need not be written anew to be found. */
  readonly #leaves = new RecentlyUsed<string, KnownLeaf>(CAPACITY)

  /** As `readForwardedCertificate`. */
  read(headers: ToldHeaders, voucher: Voucher): ForwardedCertificate | UnvouchedHeader {
    const { longest, beside } = toldTexts(headers, voucher)
    if (longest === '') return readForwardedCertificate(headers, voucher)
    const known = this.#leaves.get(longest)
    if (known?.beside === beside) return known.leaf
    const read = readForwardedCertificate(headers, voucher)
    if (read.kind === 'leaf') this.#leaves.put(longest, { beside, leaf: read })
    return read
  }
}

interface ToldTexts {
  readonly longest: string
  readonly beside: string
}

/** All that the answer of `readForwardedCertificate` follows from. */
function toldTexts(headers: ToldHeaders, voucher: Voucher): ToldTexts {
  const field = voucher.dialect === 'envoy-grpc' ? voucher.certificate : ''
  const values = headers.certificateHeaders.map((name) => headers.get(name) ?? '')
  const longest = values.reduce((one, other) => (other.length > one.length ? other : one), field)
  // Header values hold no line feed (step 1a), so the parts cannot run into one another, and a line that has no value is the longest's.
  let beside = `${voucher.dialect} ${voucher.dialect === 'xfcc' ? voucher.hops : 0}`
  headers.certificateHeaders.forEach((name, index) => (beside += lineOf(name, values[index], longest)))
  return { longest, beside: beside + lineOf('', field, longest) }
}

function lineOf(name: string, value: string | undefined, longest: string): string {
  return value === longest ? `\n${name}` : `\n${name}:${value ?? ''}`
}
