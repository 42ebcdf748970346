// A checkpoint of the feed of revocations: a compact JWS (RFC 7515 §7.1) that brings its signer's certificates along (`x5c`, §4.1.6). The
// signer is one whom a pinned root stands for, whose policy is of this use alone, and who is not revoked, nor is the CA above, by lists
// that are in force; the algorithm comes from its key, never from the header (RFC 8725 §3.1).
import { isSignedBy } from '../../domain/jws-algorithm.ts'
import type { CheckRevocation } from '../path/revocation-check.ts'
import { type SignerVerdict, verifySnapshotSigner } from '../snapshot-trust.ts'
import { membersOf, numberIn, textIn } from './json-members.ts'
import { PROFILES } from './own-policy.ts'

export interface FeedCheckpoint {
  readonly epoch: string
  /** Nothing up to this number is missing before it. */
  readonly seq: number
  /** Of each issuer the number and the hash of its last event. */
  readonly heads: ReadonlyMap<string, { readonly seq: number; readonly hash: string }>
  /** When it was known to be everything. */
  readonly time: Date
}

const TYPE = 'revocations+jwt'

const SIGNER_POLICY = [...PROFILES].find(([, profile]) => profile === 'snapshot-signer')?.[0] ?? ''

export interface CheckpointQuestion {
  /** DER. */
  readonly roots: readonly Uint8Array[]
  readonly at: Date
  readonly checkRevocation: CheckRevocation
}

/** Undefined for what is no checkpoint of ours. Throws `TypeError` for a signed one that says something else. */
export function readCheckpoint(compact: string, question: CheckpointQuestion): FeedCheckpoint | undefined {
  const [header = '', payload = '', signature = '', ...more] = compact.split('.')
  if (more.length > 0 || ![header, payload, signature].every((part) => /^[A-Za-z0-9_-]+$/.test(part))) return undefined
  const read = readHeader(header)
  const verdict = read === undefined ? undefined : verifySigner(read.chain, question)
  if (read === undefined || verdict?.kind !== 'trusted') return undefined
  const { algorithm, spki } = verdict.publicKey
  if (algorithm === 'rsa') return undefined
  const signingInput = Buffer.from(`${header}.${payload}`)
  const parts = { alg: read.alg, signingInput, signature: Buffer.from(signature, 'base64url') }
  return isSignedBy(parts, spki, algorithm) ? readClaims(jsonOf(payload)) : undefined
}

function verifySigner(
  chain: readonly Uint8Array[],
  { roots, at, checkRevocation: check }: CheckpointQuestion,
): SignerVerdict {
  const revocation = { kind: 'checked', check, unknown: 'refuse' } as const
  return verifySnapshotSigner(chain, { roots, policyOid: SIGNER_POLICY, at, revocation })
}

function readHeader(encoded: string): { readonly alg: string; readonly chain: readonly Uint8Array[] } | undefined {
  const header = membersOf(jsonOf(encoded))
  const [alg, x5c] = [header.get('alg'), header.get('x5c')]
  if (header.size !== 3 || header.get('typ') !== TYPE || typeof alg !== 'string' || !Array.isArray(x5c))
    return undefined
  const chain = x5c.map((each: unknown) => Buffer.from(typeof each === 'string' ? each : '', 'base64'))
  return { alg, chain }
}

function readClaims(claims: unknown): FeedCheckpoint {
  const members = membersOf(claims)
  const issuers = members.get('issuers')
  const isOurs = members.get('version') === 1 && members.get('aud') === 'revocations'
  if (!isOurs || !Array.isArray(issuers)) throw new TypeError('no claims of a checkpoint')
  const time = new Date(textIn(members, 'time'))
  if (Number.isNaN(time.getTime())) throw new TypeError('no time')
  return { epoch: textIn(members, 'epoch'), seq: numberIn(members, 'seq'), heads: new Map(issuers.map(readHead)), time }
}

function readHead(row: unknown): [string, { readonly seq: number; readonly hash: string }] {
  const members: readonly unknown[] = Array.isArray(row) ? row : []
  const [issuer, seq, hash] = members
  if (typeof issuer !== 'string' || typeof seq !== 'number' || typeof hash !== 'string') throw new TypeError('no head')
  return [issuer, { seq, hash }]
}

function jsonOf(encoded: string): unknown {
  try {
    return JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
  } catch {
    // What is no JSON has no members.
    return undefined
  }
}
