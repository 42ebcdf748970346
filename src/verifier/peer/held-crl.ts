// A CRL that stands behind the verdicts of now, for a metric or a health check.

export interface HeldCrl {
  readonly issuer: string
  readonly number: string
  readonly thisUpdate: Date
  readonly nextUpdate: Date | undefined
}
