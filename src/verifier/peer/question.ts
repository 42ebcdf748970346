// What a consumer asks about a peer, each time. No member has a default: what is not looked at is said in words.

/**
 * - `required`: refused unless what is known of revocation is fresh and says nothing against it.
 * - `if-known`: revoked is refused; what is too old, or was never heard, is let pass and told in the identity.
 * - `off`: not looked at.
 */
export type RevocationDemand = 'required' | 'if-known' | 'off'

/**
 * A text is the name that the request acts as, as it came. `credential-itself`: the request names nobody, and acts as whoever the
 * certificate names. Use it only where no header, path or body says whom the request is for.
 */
export type PeerActingUser = string | { readonly kind: 'credential-itself' }

/** Whose certificates are let in at all, before anyone is compared. */
export interface AcceptedPeers {
  /** Members, jobs and accounts of these projects. */
  readonly projects: readonly string[] | 'any'
  /** Services of these names. */
  readonly services: readonly string[] | 'any'
  /** Administrators see no project's data: a model server says `refuse`. */
  readonly administrators: 'refuse' | 'accept'
}

export interface PeerQuestion {
  readonly actingUser: PeerActingUser
  /** The time of the request: each is judged by its own, however long the connection lasts. */
  readonly at: Date
  readonly revocation: RevocationDemand
  /**
   * Answers about this certificate, DER, of a responder that was asked before (RFC 6960): one that holds counts beside the lists, and none
   * outweighs a revocation. At most 4 are looked at.
   */
  readonly ocspResponses?: readonly Uint8Array[]
  /** Instead of what the verifier was opened with. */
  readonly accept?: AcceptedPeers
}
