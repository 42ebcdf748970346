// Enrolment tokens (CP §4.1): 256 random bits, told once, good for one certificate of one identity, kept as a hash. A token
// stands in the body of the request, never in an Authorization header, so that no log of headers holds one.
import { actorOf, type Caller } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { UserName } from '../domain/user-name.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { EnrollmentRefused } from './errors.ts'
import { type IdempotentRequest, onceFor, principalOfSecret, sha256Hex } from './idempotency.ts'
import { activeMembership, activeService, isOwner, notPermitted, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const TOKEN_BYTES = 32
const TOKEN_PREFIX = 'enrol_'

export interface EnrolmentToken {
  /** Told once. */
  readonly token: string
  readonly identity: string
  readonly expiresAt: Date
}

interface Asked {
  readonly caller: Caller
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

/**
 * For a member: by an owner of the project; by an administrator only while the member has no good certificate, and never for
 * themselves: nobody who is at work is impersonated unseen. Throws `EnrollmentRefused`, `DirectoryRefused`.
 */
export async function enrolMember(
  context: ActContext,
  asked: Asked & { readonly project: ProjectName; readonly user: UserName },
): Promise<EnrolmentToken> {
  const { caller, project, user } = asked
  const identity = `member:${projectUserName(project, user, context.policy.names)}`
  return context.acts.run(async (tx) => {
    const now = context.clock.now()
    const isByOwner = await isOwner(tx, caller, project, now)
    if (!isByOwner) await requireAdministrator(tx, caller, now)
    return onceFor(context, tx, actorOf(caller), asked.idempotent, 'secret', async () => {
      if (!isByOwner) {
        const isTheirOwn = caller.kind === 'admin' && caller.user === user
        const isAtWork = (await tx.liveCertificatesOf(identity, now)).some(({ status }) => status === 'good')
        if (isTheirOwn || isAtWork) throw notPermitted(caller)
      }
      await activeMembership(tx, project, user, 'share')
      return makeToken(context, tx, asked, identity)
    })
  })
}

/** For a service: by an administrator. */
export async function enrolService(
  context: ActContext,
  asked: Asked & { readonly name: ServiceName },
): Promise<EnrolmentToken> {
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, asked.caller, context.clock.now())
    return onceFor(context, tx, actorOf(asked.caller), asked.idempotent, 'secret', async () => {
      await activeService(tx, asked.name, 'share')
      return makeToken(context, tx, asked, `service:${asked.name}`)
    })
  })
}

async function makeToken(
  context: ActContext,
  tx: UnitOfWork,
  { caller, origin }: Asked,
  identity: string,
): Promise<EnrolmentToken> {
  const token = TOKEN_PREFIX + Buffer.from(context.random(TOKEN_BYTES)).toString('base64url')
  const createdAt = context.clock.now()
  const expiresAt = addSeconds(createdAt, context.policy.credentials.enrolmentTokenSeconds)
  const createdBy = actorOf(caller)
  await tx.insertEnrolmentToken({ hash: sha256Hex(token), identity, createdBy, createdAt, expiresAt })
  await tx.audit({
    at: createdAt,
    actor: createdBy,
    act: 'enrolment.create',
    object: identity,
    requestId: origin.requestId,
    details: { principal: enrolmentPrincipal(token), expiresAt: expiresAt.toISOString() },
  })
  return { token, identity, expiresAt }
}

/** Spends the token for this identity, once. Throws `EnrollmentRefused` with one code for unknown, spent, expired and foreign. */
export async function spendEnrolmentToken(tx: UnitOfWork, token: string, identity: string, at: Date): Promise<void> {
  const spent = await tx.spendEnrolmentToken(sha256Hex(token), at)
  if (spent?.identity !== identity || spent.expiresAt <= at) throw new EnrollmentRefused('enrolment_token_invalid')
}

export function enrolmentPrincipal(token: string): string {
  return principalOfSecret('enrolment', sha256Hex(token))
}

/** An enrolment token is presented alone: beside another credential it is not clear who asks. */
export function refuseOtherCredential(caller: Caller): void {
  if (caller.kind !== 'anonymous') {
    throw new EnrollmentRefused('not_permitted', { why: 'an enrolment token is presented without another credential' })
  }
}
