// Which policies a path is asked for (RFC 5280 §6.1.1 (c), (e)-(g)).

export interface PolicySettings {
  /** user-initial-policy-set: dotted OIDs. */
  readonly accepted: ReadonlySet<string> | 'any'
  /** initial-explicit-policy. */
  readonly explicit: 'required' | 'optional'
  /** initial-policy-mapping-inhibit. */
  readonly mapping: 'allowed' | 'inhibited'
  /** initial-any-policy-inhibit. */
  readonly anyPolicy: 'allowed' | 'inhibited'
}

export const ANY_POLICY: PolicySettings = {
  accepted: 'any',
  explicit: 'optional',
  mapping: 'allowed',
  anyPolicy: 'allowed',
}
