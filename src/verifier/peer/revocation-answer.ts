// What is known of a certificate's revocation at an instant. A list that is missing or has ended is `unknown`, and never `good`.
import type { RevocationFault } from '../revocation/revocation-status.ts'

export type RevocationAnswer =
  | { readonly kind: 'good'; readonly goodUntil: Date }
  | { readonly kind: 'revoked'; readonly reason: string; readonly date: Date }
  /** Why nothing speaks for it now. */
  | { readonly kind: 'unknown'; readonly fault: RevocationFault }
