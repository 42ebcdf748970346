// How long tokens and their keys live, as the policy says it (`ca/credentials.json`, `token`).

export interface TokenPolicy {
  readonly defaultSeconds: number
  readonly maxSeconds: number
  /** How long a key signs before the next one takes over. */
  readonly keySignsSeconds: number
  /** Clock difference allowed for at both ends of a key's life. */
  readonly keyOverlapSeconds: number
  readonly jwksMaxAgeSeconds: number
}
