// Rights in a Kubernetes cluster as groups: a deployment that lists `kubernetes:CLUSTER:RESOURCE:NAMESPACE/NAME` among its external
// groups lets in whom the cluster's API server allows to `get` that resource (rows A2, A3). The server is asked before the decision,
// which stays what it is: a comparison of groups.
//
// Such a name is the API server's word alone: a token that claims it has not got it.
import type { TokenFacts, VerifiedToken } from '../access/facts.ts'
import type { DeploymentView } from '../access/snapshot.ts'
import { isReviewedGroup, reviewedGroupsOf } from '../domain/reviewed-group.ts'
import { type AccessReviewers, IssuerUnreachable } from '../tokens/trusted-issuer.ts'

export async function reviewedFacts(
  reviewers: AccessReviewers | undefined,
  token: string,
  facts: TokenFacts,
  deployment: DeploymentView | undefined,
): Promise<TokenFacts> {
  if (facts.verdict === 'refused' || facts.subject.kind !== 'external') return facts
  const { idp, subject } = facts.subject
  const reviews = reviewers?.get(idp)
  const wanted = deployment?.externalGroups.filter((group) => group.startsWith(reviewedGroupsOf(idp))) ?? []
  if (reviews === undefined || wanted.length === 0) return withGroups(facts, new Set())
  try {
    const review = await reviews.review(token, subject, wanted)
    return review.kind === 'granted' ? withGroups(facts, review.groups) : refused(facts, 'TOKEN_REVOKED')
  } catch (error) {
    if (error instanceof IssuerUnreachable) return refused(facts, 'PDP_UNAVAILABLE')
    throw error
  }
}

function withGroups(facts: VerifiedToken, granted: ReadonlySet<string>): VerifiedToken {
  if (facts.subject.kind !== 'external') return facts
  const claimed = [...facts.subject.groups]
  const isAsBefore = granted.size === 0 && !claimed.some(isReviewedGroup)
  if (isAsBefore) return facts
  const groups = new Set([...claimed.filter((group) => !isReviewedGroup(group)), ...granted])
  return { ...facts, subject: { ...facts.subject, groups } }
}

function refused({ kind, method }: VerifiedToken, reason: 'TOKEN_REVOKED' | 'PDP_UNAVAILABLE'): TokenFacts {
  return { kind, method, verdict: 'refused', reason }
}
