// Enrolment tokens and idempotency keys, as a transaction keeps them.

export interface EnrolmentTokenRecord {
  /** SHA-256 of the token, hexadecimal: the token itself is told once and kept nowhere. */
  readonly hash: string
  /** Whom it makes a certificate for: `member:PROJECT__USER` or `service:NAME`. */
  readonly identity: string
  /** Who made it, as audit events write an actor. */
  readonly createdBy: string
  /** Serial of the certificate that its maker proved itself with; `offline` at the machine. */
  readonly createdWith: string
  readonly createdAt: Date
  readonly expiresAt: Date
}

/** One write request as its client names it: the principal is part of it, so nobody can replay another's answer. */
export interface IdempotencyScope {
  readonly principal: string
  readonly method: string
  readonly path: string
  readonly key: string
  /** SHA-256 of the request body, hexadecimal. */
  readonly bodyDigest: string
}

export type IdempotencyClaim =
  { readonly kind: 'new' } | { readonly kind: 'replay'; readonly response: string } | { readonly kind: 'other-body' }

export interface EnrolmentStore {
  insertEnrolmentToken(record: EnrolmentTokenRecord): Promise<void>
  /** Spent or not, voided or not: the row as it is, locked against being spent meanwhile. */
  enrolmentToken(hash: string): Promise<EnrolmentTokenRecord | undefined>
  /** Spends an unspent token: of two at once, one gets the record and the other undefined. */
  spendEnrolmentToken(hash: string, at: Date): Promise<EnrolmentTokenRecord | undefined>
  /** Ends unspent tokens of an identity, when the identity ends. */
  voidEnrolmentTokens(identity: string, at: Date): Promise<void>

  /** Claims the key with a unique row that lives until `expiresAt`, or tells what was answered before. */
  claimIdempotencyKey(scope: IdempotencyScope, at: Date, expiresAt: Date): Promise<IdempotencyClaim>
  saveIdempotentResponse(scope: IdempotencyScope, response: string): Promise<void>
}
