// Leaves that proxies told before, by the digest of the very text that told them: a busy caller's certificate is decoded once, and
// comes out as the same object, whose facts the verifier then knows without hashing it again.
//
// What is kept follows from the text alone, whoever told it, and says nothing of whether the certificate holds.
import { hash } from 'node:crypto'
import { readForwardedCertificate, type UnvouchedHeader, type Voucher } from './forwarded-certificate.ts'
import type { ForwardedCertificate } from './forwarded-leaf.ts'
import type { ToldHeaders } from './told-headers.ts'

/** As many as the verifier keeps facts of; a leaf of ours takes about 1 KiB. */
const CAPACITY = 20_000

export class KnownLeaves {
  /** The one unused for longest first: a Map keeps the order of insertion. */
  readonly #leaves = new Map<string, ForwardedCertificate>()

  /** As `readForwardedCertificate`. */
  read(headers: ToldHeaders, voucher: Voucher): ForwardedCertificate | UnvouchedHeader {
    const text = toldText(headers, voucher)
    if (text === undefined) return readForwardedCertificate(headers, voucher)
    const digest = hash('sha256', text, 'base64')
    const known = this.#leaves.get(digest)
    if (known !== undefined) return this.#keep(digest, known)
    const read = readForwardedCertificate(headers, voucher)
    return read.kind === 'leaf' ? this.#keep(digest, read) : read
  }

  #keep(digest: string, leaf: ForwardedCertificate): ForwardedCertificate {
    this.#leaves.delete(digest)
    this.#leaves.set(digest, leaf)
    const [oldest] = this.#leaves.size > CAPACITY ? this.#leaves.keys() : []
    if (oldest !== undefined) this.#leaves.delete(oldest)
    return leaf
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
  const told = certificateHeaders.map((name) => `${name}:${headers.get(name) ?? ''}\n`)
  // Header values hold no line feed (step 1a), so the parts cannot run into one another.
  return `${voucher.dialect} ${hops}\n${told.join('')}\n${field}`
}
