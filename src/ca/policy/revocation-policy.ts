// How fresh revocation is kept, from `ca/revocation.json` (CP §4.9.7).
import * as z from 'zod'
import { cites, reasoned, reasonedSeconds, why } from './reasoned.ts'

export interface RevocationPolicy {
  /** CRLs of the CAs whose key is online. */
  readonly crl: {
    /** From the moment of issue to `nextUpdate`. */
    readonly nextUpdateSeconds: number
    /** A new CRL is due this long after the last, also when nothing was revoked. */
    readonly reissueEverySeconds: number
    /** Two CRLs of one issuer are at least this far apart. */
    readonly minIntervalSeconds: number
    /** Into how many parts the revocations of an issuer are divided, beside the complete CRL; 0: into none. */
    readonly partitionsPerIssuer: number
    /** A delta CRL adds to the newest complete one that is at least this old, or to the oldest that is known. */
    readonly deltaBaseSeconds: number
    /** How long before the moment of issue `thisUpdate` lies. */
    readonly backdateSeconds: number
    /** `max-age` of a published CRL. */
    readonly cacheMaxAgeSeconds: number
    /** How long an entry stays listed after its certificate has expired. */
    readonly expiredEntriesKeptSeconds: number
  }
  /** OCSP answers about what the CAs whose key is online have issued. */
  readonly ocsp: {
    /** From the moment of signing to `nextUpdate`. */
    readonly nextUpdateSeconds: number
    /** How long one signed answer is given again, while nothing changes. */
    readonly reuseSeconds: number
    /** How long before the moment of signing `thisUpdate` lies. */
    readonly backdateSeconds: number
    /** `max-age` of an answer to GET. */
    readonly cacheMaxAgeSeconds: number
  }
  /** CRLs of the CAs whose key is offline, made in a ceremony. */
  readonly rootCrl: {
    readonly nextUpdateSeconds: number
    /** From this long before `nextUpdate`, metrics, readiness and doctor warn. */
    readonly warnBeforeSeconds: number
  }
}

export const revocationSchema = z.strictObject({
  why,
  cites,
  crl: z
    .strictObject({
      nextUpdateSeconds: reasonedSeconds,
      reissueEverySeconds: reasonedSeconds,
      minIntervalSeconds: reasonedSeconds,
      partitionsPerIssuer: reasoned(0, 1024),
      deltaBaseSeconds: reasonedSeconds,
      backdateSeconds: reasoned(0, 3600),
      cacheMaxAgeSeconds: reasoned(0, 3600),
      expiredEntriesKeptSeconds: reasonedSeconds,
    })
    .refine(
      (crl) => crl.reissueEverySeconds * 2 <= crl.nextUpdateSeconds,
      'reissueEverySeconds is at most half of nextUpdateSeconds',
    )
    .refine(
      (crl) => crl.minIntervalSeconds <= crl.reissueEverySeconds,
      'minIntervalSeconds is at most reissueEverySeconds',
    )
    .refine(
      (crl) => crl.cacheMaxAgeSeconds < crl.reissueEverySeconds,
      'cacheMaxAgeSeconds is less than reissueEverySeconds',
    )
    .refine(
      (crl) => crl.expiredEntriesKeptSeconds > crl.reissueEverySeconds,
      'expiredEntriesKeptSeconds is more than reissueEverySeconds (RFC 5280 §3.3)',
    ),
  ocsp: z
    .strictObject({
      nextUpdateSeconds: reasonedSeconds,
      reuseSeconds: reasonedSeconds,
      backdateSeconds: reasoned(0, 3600),
      cacheMaxAgeSeconds: reasoned(0, 60),
    })
    .refine(
      (ocsp) => ocsp.reuseSeconds + ocsp.cacheMaxAgeSeconds < ocsp.nextUpdateSeconds,
      'reuseSeconds and cacheMaxAgeSeconds together are less than nextUpdateSeconds',
    ),
  rootCrl: z
    .strictObject({ nextUpdateSeconds: reasonedSeconds, warnBeforeSeconds: reasonedSeconds })
    .refine((crl) => crl.warnBeforeSeconds < crl.nextUpdateSeconds, 'warnBeforeSeconds is less than nextUpdateSeconds'),
}) satisfies z.ZodType<RevocationPolicy>
