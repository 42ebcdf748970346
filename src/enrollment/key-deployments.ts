// Which deployments an API key may name: those that it would reach, through its user's membership or the groups of their last
// sign-in. What a call gets is decided anew each time; this keeps a key from naming what it could never call.
import type { ApiKeyReach } from '../domain/api-key.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { UserName } from '../domain/user-name.ts'
import type { Deployment } from '../directory/deployment-store.ts'
import { EnrollmentRefused } from './errors.ts'
import type { UnitOfWork } from './unit-of-work.ts'

interface Holder {
  readonly user: UserName
  readonly reach: ApiKeyReach
}

/** One refusal for what is not there and for what is out of reach. Throws `EnrollmentRefused`. */
export async function requireReachedDeployments(
  tx: UnitOfWork,
  holder: Holder,
  deployments: readonly DeploymentName[] | 'all',
): Promise<void> {
  if (deployments === 'all') return
  for (const name of deployments) {
    const found = await tx.deployment(name, 'share')
    const isReached = found?.status === 'active' && (await reaches(tx, holder, found))
    if (!isReached) throw new EnrollmentRefused('api_key_deployment_unknown', { deployment: name })
  }
}

async function reaches(tx: UnitOfWork, { user, reach }: Holder, { project, policy }: Deployment): Promise<boolean> {
  switch (reach.kind) {
    case 'platform':
      return false
    case 'project':
      return reach.project === project
    case 'user': {
      const membership = await tx.membership(project, user, 'share')
      if (membership?.member.status === 'active') return true
      const groups = new Set((await tx.signIn(user))?.groups)
      return policy.externalGroups.some((group) => groups.has(group))
    }
    default:
      return reach satisfies never
  }
}
