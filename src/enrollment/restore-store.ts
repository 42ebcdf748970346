// What only the confirmation of a restore writes.
import type { IssuerId } from '../domain/issuer-id.ts'

export interface RestoreStore {
  /** The next CRLs of the issuer get higher numbers than this one. Nothing is lowered. */
  raiseCrlNumbers(issuer: IssuerId, number: number): Promise<void>
}
