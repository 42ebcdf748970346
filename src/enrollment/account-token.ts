// A token for a service account, obtained by an owner or a launcher on its behalf, or by the account itself. It is bound to no
// certificate, since the connection shows another one than the account's; it ends with the account, with the certificate that
// bought it, and with whoever asked.
import type { Caller } from '../domain/caller.ts'
import { SEPARATOR } from '../domain/name-rules.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { ServiceAccountName } from '../domain/user-name.ts'
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import type { TokenLifetime } from '../tokens/token-claims.ts'
import { actingAfter, type TokenActor } from '../tokens/token-actor.ts'
import { type AccountHolder, accountGrant, accountHolder } from './account-grant.ts'
import type { RequestOrigin } from './act-context.ts'
import type { IdempotentRequest } from './idempotency.ts'
import { issueTokenAs, type TokenAnswer, type TokenContext } from './token-acts.ts'

export interface AccountTokenRequest {
  readonly caller: Caller
  readonly project: ProjectName
  readonly account: ServiceAccountName
  readonly audience: string
  readonly lifetime: TokenLifetime
  readonly algorithm?: TokenAlgorithm | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export async function issueTokenForAccount(context: TokenContext, asked: AccountTokenRequest): Promise<TokenAnswer> {
  const { project, account } = asked
  const caller = accountHolder(asked.caller)
  const look = (tx: Parameters<typeof accountGrant>[1]) => accountGrant(context, tx, { caller, project, account })
  await context.acts.run(look)
  return issueTokenAs(context, asked, {
    caller,
    subject: { kind: 'project-user', project, user: account },
    holder: `account:${projectUserName(project, account, context.policy.names)}`,
    binding: { kind: 'none' },
    actor: actorFor(caller),
    lookAgain: look,
  })
}

/** Whoever asked on behalf of the account acts for it; the account acts for nobody. */
function actorFor(caller: AccountHolder): TokenActor | undefined {
  switch (caller.kind) {
    case 'member':
      return actingAfter(`${caller.project}${SEPARATOR}${caller.user}`, undefined)
    case 'service':
      return actingAfter(caller.name, undefined)
    case 'account':
      return undefined
    default:
      return caller satisfies never
  }
}
