// Makes and signs CRLs (RFC 5280 §5) around entries that are not copied. Dates, numbers and entries are the caller's:
// `crl-schedule.ts` decides the first two, `crl-ledger.ts` has the last. What is long is signed and hashed in a thread.
import { createHash } from 'node:crypto'
import { PARTS_THREAD } from '../ca/keystore/parts-thread.ts'
import type { Signer } from '../domain/signer.ts'
import { frameCrl } from '../x509/crl.ts'
import { type CrlFrame, frameTbsCrl } from '../x509/tbs-crl.ts'
import { type CrlIssuer, crlExtensions } from './crl-issuer.ts'
import type { CrlFacts, CrlRecord } from './crl-store.ts'
import type { FrozenEntries } from './entry-list.ts'

/** From this length on it is worth a thread, and too much for a row of the database at each revocation. */
export const LONG_CRL_BYTES = 64 * 1024

export interface MadeCrl {
  readonly record: CrlRecord
  /** The CRL in DER. */
  readonly parts: readonly Uint8Array[]
}

export async function makeCrl(issuer: CrlIssuer, facts: CrlFacts, entries: FrozenEntries): Promise<MadeCrl> {
  const tbs = tbsFrame(issuer, facts, entries)
  const signature = await signParts(issuer.signer, [tbs.before, ...entries.parts, tbs.after])
  const parts = partsOf(issuer, tbs, entries, signature)
  const length = lengthOf(parts)
  const sha256 = await digestOf(parts)
  // A delta cannot be made again by whoever does not remember what has changed since its base.
  const isKeptWhole = length < LONG_CRL_BYTES || facts.scope.kind === 'delta'
  const content = isKeptWhole
    ? ({ kind: 'whole', der: Buffer.concat(parts) } as const)
    : ({ kind: 'rebuilt', signature } as const)
  const served = content.kind === 'whole' ? [content.der] : parts
  return { record: { ...facts, length, sha256, content }, parts: served }
}

/** The same CRL from what was kept of it. It is the same only if its digest is that of the record. */
export function rebuildCrl(
  issuer: CrlIssuer,
  facts: CrlFacts,
  entries: FrozenEntries,
  signature: Uint8Array,
): readonly Uint8Array[] {
  return partsOf(issuer, tbsFrame(issuer, facts, entries), entries, signature)
}

/** SHA-256, hexadecimal. */
export async function digestOf(parts: readonly Uint8Array[]): Promise<string> {
  if (lengthOf(parts) >= LONG_CRL_BYTES) {
    return Buffer.from(await PARTS_THREAD.run({ kind: 'sha256', parts })).toString('hex')
  }
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

export function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

function tbsFrame(issuer: CrlIssuer, facts: CrlFacts, entries: FrozenEntries): CrlFrame {
  const { thisUpdate, nextUpdate } = facts
  const fields = {
    signatureAlgorithm: issuer.signer.algorithm,
    issuer: issuer.name,
    thisUpdate,
    nextUpdate,
    extensions: crlExtensions(issuer, facts),
  }
  return frameTbsCrl(fields, entries.length)
}

function partsOf(
  { signer }: CrlIssuer,
  tbs: CrlFrame,
  entries: FrozenEntries,
  signature: Uint8Array,
): readonly Uint8Array[] {
  const { before, after } = frameCrl(tbs, entries.length, signer.algorithm, signature)
  return [before, ...entries.parts, after]
}

function signParts(signer: Signer<'crl'>, parts: readonly Uint8Array[]): Promise<Uint8Array> {
  if (signer.signParts === undefined || lengthOf(parts) < LONG_CRL_BYTES) return signer.sign(Buffer.concat(parts))
  return signer.signParts(parts)
}
