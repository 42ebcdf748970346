// A CRL that stands behind the verdicts of now, for a metric or a health check.

export interface HeldCrl {
  readonly issuer: string
  /** `delta`: what has changed since a `full` one, or since that of the same `point`. */
  readonly kind: 'full' | 'delta' | 'partition'
  /** Where the certificates that it speaks for say that it is; undefined: for all of its issuer. */
  readonly point: string | undefined
  readonly number: string
  readonly thisUpdate: Date
  readonly nextUpdate: Date | undefined
}

/** How much is known of all certificates of an issuer. */
export interface HeldNumbers {
  /** Of the complete CRL. */
  readonly complete: bigint
  /** Of that, or of the delta to it. */
  readonly newest: bigint
}
