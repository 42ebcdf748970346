// What is known of a certificate's revocation at an instant. A list that is missing or has ended is `unknown`, and never `good`.

export type RevocationAnswer =
  | { readonly kind: 'good'; readonly goodUntil: Date }
  | { readonly kind: 'revoked'; readonly reason: string; readonly date: Date }
  /** `none`: nothing was heard of that issuer; `stale`: what was heard has ended; `not-yet-valid`: it begins later. */
  | { readonly kind: 'unknown'; readonly fault: 'none' | 'stale' | 'not-yet-valid' }
