// Every sealed key of an installation, wherever it stands: what a rotation of the master key goes through. A table that gets
// sealed rows gets a kind here, or a rotation leaves it behind.
import type { IssuerId } from '../domain/issuer-id.ts'
import type { KeptKey } from './custody-store.ts'

export type SealedKind = 'issuer' | 'server' | 'snapshot' | 'responder' | 'token' | 'member' | 'connector'

/** In the order of a rotation. */
export const SEALED_KINDS = [
  'issuer',
  'server',
  'snapshot',
  'responder',
  'token',
  'member',
  'connector',
] as const satisfies readonly SealedKind[]

/** Where a sealed key stands, with what its seal authenticates. */
export type SealedPlace =
  | { readonly kind: 'issuer'; readonly id: IssuerId }
  | (CertifiedPlace & { readonly kind: 'server' })
  | (CertifiedPlace & { readonly kind: 'snapshot' })
  | (CertifiedPlace & { readonly kind: 'responder' })
  | { readonly kind: 'token'; readonly kid: string }
  | ({ readonly kind: 'member' } & Pick<KeptKey, 'project' | 'user' | 'keyFingerprint'>)
  | { readonly kind: 'connector'; readonly model: string }

/** Of a key that stands beside its certificate. */
export interface CertifiedPlace {
  readonly serial: string
  readonly certificate: Uint8Array
}

export interface SealedRow {
  readonly place: SealedPlace
  readonly sealedKey: Uint8Array
}

export interface SealedKeyStore {
  /** The next rows of a kind in the order of their keys; after nothing, the first ones. */
  sealedKeys(kind: SealedKind, after: SealedPlace | undefined, limit: number): Promise<readonly SealedRow[]>
  /** Compare-and-swap on the sealed bytes; false when others stand there by now, or the row is gone. */
  replaceSealedKey(seen: SealedRow, sealedKey: Uint8Array): Promise<boolean>
}
