// A service account's certificate: obtained by an owner or a launcher, and renewed with the one before by the account itself
// (CP §4.2, §4.6).
import { actorOf, type Caller } from '../domain/caller.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { ServiceAccountName } from '../domain/user-name.ts'
import { accountGrant, accountHolder } from './account-grant.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import type { IdempotentRequest } from './idempotency.ts'
import { type CertificateAnswer, type CsrSource, issueCertificate } from './issue-certificate.ts'

export interface AccountCertificateRequest {
  readonly caller: Caller
  readonly project: ProjectName
  readonly account: ServiceAccountName
  readonly csr: CsrSource
  readonly lifetimeSeconds?: number | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export async function issueForAccount(
  context: ActContext,
  { project, account, csr, lifetimeSeconds, idempotent, origin, ...asked }: AccountCertificateRequest,
): Promise<CertificateAnswer> {
  const caller = accountHolder(asked.caller)
  const granted = { caller, project, account }
  return issueCertificate(context, {
    subject: { profile: 'service-account', project, account },
    csr,
    lifetimeSeconds,
    identity: `account:${projectUserName(project, account, context.policy.names)}`,
    project,
    caller,
    obtainedWith: `certificate:${caller.certificate.serial}`,
    principal: actorOf(caller),
    idempotent,
    origin,
    lookFirst: (tx) => accountGrant(context, tx, granted),
    lookAgain: (tx) => accountGrant(context, tx, granted),
  })
}
