// Names of groups that stand for rights in a Kubernetes cluster: the cluster's API server alone gives them, for the call that is asked
// about (src/proxies/reviewed-facts.ts). What a token, a directory or a provider says of such a group says nothing.

const REVIEWED = 'kubernetes:'

export function isReviewedGroup(group: string): boolean {
  return group.startsWith(REVIEWED)
}

/** Those of a cluster that all begin so. */
export function reviewedGroupsOf(cluster: string): string {
  return `${REVIEWED}${cluster}:`
}
