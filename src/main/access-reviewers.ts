// Clusters of the configuration whose API server is asked what service accounts may.
import { readFileSync } from 'node:fs'
import type { Clock } from '../domain/clock.ts'
import { KubernetesAccessReviews } from '../federation/access-review.ts'
import type { Configuration } from '../ops/configuration.ts'
import type { AccessReviewers, AccessReviews } from '../tokens/trusted-issuer.ts'

export function accessReviewersOf({ trustedIssuers, publicUrl }: Configuration, clock: Clock): AccessReviewers {
  const reviewers = new Map<string, AccessReviews>()
  for (const [cluster, entry] of trustedIssuers) {
    if (entry.kind !== 'kubernetes' || entry.reviewUrl === undefined || entry.bearerFile === undefined) continue
    const { reviewUrl: url, caFile, bearerFile, audience = publicUrl } = entry
    const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8')
    const tokenReview = entry.tokenReview ? 'asked' : 'not-asked'
    reviewers.set(cluster, new KubernetesAccessReviews({ cluster, url, ca, bearerFile, audience, tokenReview, clock }))
  }
  return reviewers
}
