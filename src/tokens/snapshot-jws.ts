// What sidecars get is signed: snapshots of the policy and the checkpoints after them, each a compact JWS (RFC 7515 §7.1) that
// brings its signer's certificates along (`x5c`, §4.1.6). Whether those hold, and what the claims say, is for others to judge
// (verifier/snapshot-trust.ts, http/sidecar).
//
// The algorithm comes from the certified key, never from the header (RFC 8725 §3.1); each use has its own `typ`.
import { isSignedBy, JWS_ALGORITHMS } from '../domain/jws-algorithm.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { Signer } from '../domain/signer.ts'
import { SnapshotRejected } from './snapshot-rejected.ts'

/** For one sidecar: the policy, and what has changed since. For everyone: how far the feed of revocations is. */
export type SnapshotType = 'snapshot+jwt' | 'checkpoint+jwt' | 'revocations+jwt'

/** A snapshot key with the certificates that make it one: its own, then the CA's, DER. */
export interface SnapshotSigner {
  readonly signer: Signer<'snapshot'>
  readonly chain: readonly Uint8Array[]
}

export async function signSnapshot(
  typ: SnapshotType,
  claims: object,
  { signer, chain }: SnapshotSigner,
): Promise<string> {
  const x5c = chain.map((der) => Buffer.from(der).toString('base64'))
  const signingInput = `${encodePart({ alg: JWS_ALGORITHMS[signer.algorithm].alg, typ, x5c })}.${encodePart(claims)}`
  const signature = await signer.sign(Buffer.from(signingInput))
  return `${signingInput}.${Buffer.from(signature).toString('base64url')}`
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

/** The parts of a JWS of ours. Nothing of it is verified. */
export interface UnverifiedSnapshot {
  readonly alg: string
  readonly chain: readonly Uint8Array[]
  readonly payload: Uint8Array
  readonly signingInput: Uint8Array
  readonly signature: Uint8Array
}

/** Leaf and issuing CA; the root is pinned. */
const MAX_CHAIN = 3

/** Throws `SnapshotRejected` (`snapshot_malformed`, `snapshot_type`). */
export function readSnapshot(compact: string, typ: SnapshotType): UnverifiedSnapshot {
  const parts = compact.split('.')
  const [header, payload, signature] = parts
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) throw malformed()
  if (!parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))) throw malformed()
  const { alg, chain, typ: found } = parseHeader(header)
  if (found !== typ) throw new SnapshotRejected('snapshot_type', { typ: found })
  return {
    alg,
    chain,
    payload: Buffer.from(payload, 'base64url'),
    signingInput: Buffer.from(`${header}.${payload}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

/** The three members that ours have: whatever else a header says, we did not say it. */
function parseHeader(encoded: string): { readonly alg: string; readonly typ: string; readonly chain: Uint8Array[] } {
  const header = new Map<string, unknown>(Object.entries(parseSnapshotJson(Buffer.from(encoded, 'base64url'))))
  const [alg, typ, x5c] = [header.get('alg'), header.get('typ'), header.get('x5c')]
  if (header.size !== 3 || typeof alg !== 'string' || typeof typ !== 'string' || !Array.isArray(x5c)) throw malformed()
  if (x5c.length === 0 || x5c.length > MAX_CHAIN) throw malformed()
  const chain = x5c.map((text: unknown) => {
    if (typeof text !== 'string') throw malformed()
    return Buffer.from(text, 'base64')
  })
  return { alg, typ, chain }
}

/** Throws `SnapshotRejected` (`snapshot_malformed`) for what is no JSON object. */
export function parseSnapshotJson(bytes: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Said below.
  }
  throw malformed()
}

function malformed(): SnapshotRejected {
  return new SnapshotRejected('snapshot_malformed')
}

/** `publicKey`: SubjectPublicKeyInfo of the certified signer. Throws `SnapshotRejected` (`snapshot_signature`). */
export function verifySnapshotSignature(
  snapshot: UnverifiedSnapshot,
  publicKey: Uint8Array,
  algorithm: KeyAlgorithmName,
): void {
  if (!isSignedBy(snapshot, publicKey, algorithm)) throw new SnapshotRejected('snapshot_signature')
}
