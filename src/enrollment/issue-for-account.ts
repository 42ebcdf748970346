// A service account's certificate: obtained by an owner or a launcher, and renewed with the one before by the account itself
// (CP §4.2, §4.6).
import { actorOf, type Caller } from '../domain/caller.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { ServiceAccountName } from '../domain/user-name.ts'
import { accountGrant, accountHolder, type AskedOfAccount } from './account-grant.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import type { IdempotentRequest } from './idempotency.ts'
import { type CertificateAnswer, type CsrSource, issueCertificate, type LookedAgain } from './issue-certificate.ts'
import { refuseReplaced } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

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
    lookFirst: (tx) => certificateGrant(context, tx, granted),
    lookAgain: (tx) => certificateGrant(context, tx, granted),
  })
}

/** What an owner obtains has no end: a certificate of theirs that was replaced does not obtain it. A launcher works on in the overlap. */
async function certificateGrant(context: ActContext, tx: UnitOfWork, asked: AskedOfAccount): Promise<LookedAgain> {
  const granted = await accountGrant(context, tx, asked)
  const { kind, certificate } = asked.caller
  if (kind === 'member') refuseReplaced(await tx.certificateStanding(certificate.serial, 'share'))
  return granted
}
