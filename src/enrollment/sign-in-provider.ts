// Where people sign in, as the acts and the edge see it. What speaks to a provider (src/signin/) implements one of these kinds;
// it finds out who somebody is, and decides nothing about what they may do.

/** What the operator's entry says, whatever the kind. */
export interface ProviderRules {
  /** As the configuration names it: part of every link. */
  readonly name: string
  /** Whether a first sign-in makes the user. */
  readonly createUsers: boolean
  readonly administers: 'when-administrator' | 'never'
  readonly missingGroups: 'refuse' | 'empty'
}

/** Who somebody is, as the provider says. */
export interface ProvidedPerson {
  /** Immutable and never given to another: `sub`, entryUUID, objectGUID. Not a name. */
  readonly subject: string
  /** What a new user would be called. */
  readonly name: string | undefined
  /** As they are written there. `unavailable`: the provider did not say, or not all of it, which is not the empty set. */
  readonly groups: readonly string[] | 'unavailable'
}

/** Takes a name and a password: passwords of a file, LDAP. */
export interface PasswordProvider {
  readonly kind: 'password'
  readonly rules: ProviderRules
  /**
   * Throws `SignInRefused`: `sign_in_refused` for whatever is wrong with name or password, in equal time; `sign_in_busy`;
   * `provider_unreachable`, which is never an allow.
   */
  check(name: string, password: string): Promise<ProvidedPerson>
}

/** What an attempt is recognised by; all of it follows from one secret that only the browser's cookie holds. */
export interface AttemptSecrets {
  readonly state: string
  readonly nonce: string
  /** PKCE (RFC 7636 §4.1). */
  readonly verifier: string
}

export interface SentAway {
  /** Where the browser is to come back to. */
  readonly redirectUri: string
  /** `again`: whoever is signed in at the provider proves it once more, and sees that they do. */
  readonly login: 'as-it-is' | 'again'
}

/** Sends the browser away and takes it back: OpenID Connect. */
export interface RedirectProvider {
  readonly kind: 'redirect'
  readonly rules: ProviderRules
  /** Where to send the browser. Throws `SignInRefused` (`provider_unreachable`). */
  begin(secrets: AttemptSecrets, sent: SentAway): Promise<URL>
  /** `callback`: the whole URL that the browser came back to. Throws `SignInRefused`. */
  finish(callback: URL, secrets: AttemptSecrets): Promise<ProvidedPerson>
}

/** Takes a token of the browser's or program's own: Kerberos by SPNEGO (RFC 4559). */
export interface NegotiateProvider {
  readonly kind: 'negotiate'
  readonly rules: ProviderRules
  /** `answer` goes back to the client (`WWW-Authenticate: Negotiate …`). Throws `SignInRefused`. */
  accept(token: Uint8Array): Promise<{ readonly person: ProvidedPerson; readonly answer: Uint8Array | undefined }>
}

export type SignInProvider = PasswordProvider | RedirectProvider | NegotiateProvider
