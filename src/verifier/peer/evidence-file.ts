// Certificates and CRLs of a file: PEM with any blocks of the two, or one of them in DER. What it cannot be is refused as a whole.
import { CodedError } from '../../domain/coded-error.ts'
import { MAX_CRL_BYTES } from '../../x509/crl.ts'
import { parsePem } from '../../x509/pem.ts'

/** What is read of a file or an answer, unverified. */
export interface Evidence {
  readonly certificates: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
}

export class EvidenceUnreadable extends CodedError<'evidence_unreadable'> {
  constructor(from: string, why: string, options?: ErrorOptions) {
    super('evidence_unreadable', { from, why }, options)
  }
}

/** PEM is a third larger than what it holds. */
const MAX_CRL_CHARACTERS = MAX_CRL_BYTES * 1.5

const BLOCK = /-----BEGIN (CERTIFICATE|X509 CRL)-----[^-]+-----END \1-----/g

/** Throws `EvidenceUnreadable`. `from`: for the message. */
export function readEvidence(bytes: Uint8Array, from: string): Evidence {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!text.subarray(0, 64 * 1024).includes('-----BEGIN ')) return fromDer(bytes, from)
  try {
    return fromPem(text.toString('latin1'))
  } catch (cause) {
    throw new EvidenceUnreadable(from, 'no PEM of certificates or CRLs', { cause })
  }
}

function fromPem(text: string): Evidence {
  const certificates: Uint8Array[] = []
  const crls: Uint8Array[] = []
  for (const [block, label] of text.matchAll(BLOCK)) {
    if (label === 'CERTIFICATE') certificates.push(parsePem(block, label))
    else if (label === 'X509 CRL') crls.push(parsePem(block, label, MAX_CRL_CHARACTERS))
  }
  return { certificates, crls }
}

/**
 * Both are SEQUENCE { SEQUENCE { … } AlgorithmIdentifier BIT STRING }. A certificate of version 3 begins with [0]; a CRL with its
 * version as an INTEGER, or with an algorithm.
 */
function fromDer(der: Uint8Array, from: string): Evidence {
  const inner = contentsAt(der, contentsAt(der, 0))
  const first = inner === undefined ? undefined : der[inner]
  if (first === 0xa0) return { certificates: [der], crls: [] }
  if (first === 0x02 || first === 0x30) return { certificates: [], crls: [der] }
  throw new EvidenceUnreadable(from, 'neither PEM nor DER')
}

/** Where the contents of the SEQUENCE at `at` begin. */
function contentsAt(der: Uint8Array, at: number | undefined): number | undefined {
  if (at === undefined || der[at] !== 0x30) return undefined
  const length = der[at + 1] ?? 0
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f)
}
