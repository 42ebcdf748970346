// A project member's own certificate: the first with an enrolment token or a sign-in of just now, the next ones with the
// certificate before (CP §4.1, §4.6, §4.15). Nobody else gets one: not an owner, not an administrator, not a launcher.
import { actorOf, type Caller } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { UserName } from '../domain/user-name.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import {
  enrolmentPrincipal,
  liveEnrolmentToken,
  refuseOtherCredential,
  spendEnrolmentToken,
} from './enrolment-token.ts'
import { refuseStaleSignIn } from './fresh-sign-in.ts'
import type { IdempotentRequest } from './idempotency.ts'
import {
  type CertificateAnswer,
  type CertificateDemand,
  type CsrSource,
  issueCertificate,
} from './issue-certificate.ts'
import { activeMembership, callerStillGood, notPermitted, refuseReplaced } from './second-look.ts'

export interface MemberCertificateRequest {
  readonly caller: Caller
  readonly project: ProjectName
  readonly user: UserName
  readonly csr: CsrSource
  readonly enrolmentToken?: string | undefined
  readonly lifetimeSeconds?: number | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export async function issueForMember(context: ActContext, asked: MemberCertificateRequest): Promise<CertificateAnswer> {
  const { project, user } = asked
  const commonName = projectUserName(project, user, context.policy.names)
  const identity = `member:${commonName}`
  const proof = proofOf(context, asked, identity)
  return issueCertificate(context, {
    subject: { profile: 'project-user', project, user },
    csr: asked.csr,
    lifetimeSeconds: asked.lifetimeSeconds,
    identity,
    project,
    caller: asked.caller,
    idempotent: asked.idempotent,
    origin: asked.origin,
    ...proof,
  })
}

type Proof = Pick<CertificateDemand, 'obtainedWith' | 'principal' | 'lookFirst' | 'lookAgain' | 'recordBeside'>

function proofOf(context: ActContext, asked: MemberCertificateRequest, identity: string): Proof {
  const { caller, enrolmentToken } = asked
  if (enrolmentToken !== undefined) return withEnrolmentToken(context, asked, identity, enrolmentToken)
  return caller.kind === 'session' ? withSession(context, asked, caller) : withCertificate(context, asked)
}

function withSession(
  context: ActContext,
  { project, user }: MemberCertificateRequest,
  caller: Extract<Caller, { readonly kind: 'session' }>,
): Proof {
  if (caller.user !== user) throw notPermitted(caller)
  refuseStaleSignIn(context, caller)
  return {
    obtainedWith: `session:${caller.sessionId}`,
    principal: actorOf(caller),
    lookAgain: async (tx) => {
      await activeMembership(tx, project, user, 'share')
      await callerStillGood(tx, caller, context.clock.now())
      const renewUntil = addSeconds(caller.signedInAt, context.policy.credentials.renewalSeconds)
      return { renewUntil, requester: actorOf(caller) }
    },
  }
}

function withCertificate(context: ActContext, { caller, project, user }: MemberCertificateRequest): Proof {
  if (caller.kind !== 'member' || caller.project !== project || caller.user !== user) throw notPermitted(caller)
  return {
    obtainedWith: `certificate:${caller.certificate.serial}`,
    principal: actorOf(caller),
    lookAgain: async (tx) => {
      const before = await callerStillGood(tx, caller, context.clock.now())
      refuseReplaced(before)
      return { renewUntil: before?.renewUntil, requester: actorOf(caller) }
    },
  }
}

function withEnrolmentToken(
  context: ActContext,
  { caller, project, user, origin }: MemberCertificateRequest,
  identity: string,
  token: string,
): Proof {
  refuseOtherCredential(caller)
  return {
    obtainedWith: enrolmentPrincipal(token),
    principal: enrolmentPrincipal(token),
    lookFirst: (tx) => liveEnrolmentToken(context, tx, token, identity),
    lookAgain: async (tx) => {
      const { createdBy } = await liveEnrolmentToken(context, tx, token, identity)
      await activeMembership(tx, project, user, 'share')
      const renewUntil = addSeconds(context.clock.now(), context.policy.credentials.renewalSeconds)
      return { renewUntil, requester: createdBy }
    },
    // Spent where the certificate is recorded, so that a repeated request (same token, same Idempotency-Key) is answered.
    recordBeside: (tx, issued) => spendEnrolmentToken(context, tx, token, identity, issued, origin),
  }
}
