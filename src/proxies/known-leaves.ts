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

export class KnownLeaves {
  readonly #leaves = new RecentlyUsed<string, ForwardedCertificate>(CAPACITY)

  /** As `readForwardedCertificate`. */
  read(headers: ToldHeaders, voucher: Voucher): ForwardedCertificate | UnvouchedHeader {
    const text = toldText(headers, voucher)
    if (text === undefined) return readForwardedCertificate(headers, voucher)
    const known = this.#leaves.get(text)
    if (known !== undefined) return known
    const read = readForwardedCertificate(headers, voucher)
    if (read.kind === 'leaf') this.#leaves.put(text, read)
    return read
  }
}

/** All that the answer of `readForwardedCertificate` follows from; undefined where no certificate is told. */
function toldText(headers: ToldHeaders, voucher: Voucher): string | undefined {
  const { certificateHeaders } = headers
  const [field, hops] = [
    voucher.dialect === 'envoy-grpc' ? voucher.certificate : '',
    voucher.dialect === 'xfcc' ? voucher.hops : 0,
  ]
  if (certificateHeaders.length === 0 && field === '') return undefined
  // Header values hold no line feed (step 1a), so the parts cannot run into one another.
  let told = `${voucher.dialect} ${hops}\n`
  for (const name of certificateHeaders) told += `${name}:${headers.get(name) ?? ''}\n`
  return `${told}\n${field}`
}
