// Enrolment tokens (CP §4.1): 256 random bits, told once, good for one certificate of one identity, kept as a hash. A token
// stands in the body of the request, never in an Authorization header, so that no log of headers holds one.
import { actorOf, type Caller } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { parseProjectUserName, projectUserName } from '../domain/project-user-name.ts'
import { parseSerialNumber, type SerialNumber } from '../domain/serial-number.ts'
import { parseUserName, type UserName } from '../domain/user-name.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import type { EnrolmentTokenRecord } from './enrolment-store.ts'
import { EnrollmentRefused } from './errors.ts'
import { endOfExchange } from './exchanged-certificate.ts'
import { refuseStaleSignIn } from './fresh-sign-in.ts'
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
 * For a member: by an owner of the project or an administrator, never for themselves, and only while the member holds no live
 * certificate: nobody who is at work is impersonated, and nobody renews past the end of renewals by enrolling themselves.
 * Throws `EnrollmentRefused`, `DirectoryRefused`.
 */
export async function enrolMember(
  context: ActContext,
  asked: Asked & { readonly project: ProjectName; readonly user: UserName },
): Promise<EnrolmentToken> {
  const { caller, project, user } = asked
  const identity = `member:${projectUserName(project, user, context.policy.names)}`
  return context.acts.run(async (tx) => {
    const now = context.clock.now()
    if (!(await isOwner(tx, caller, project, now))) await requireAdministrator(tx, caller, now)
    return onceFor(context, tx, actorOf(caller), asked.idempotent, 'secret', async () => {
      if ('user' in caller && caller.user === user) throw notPermitted(caller)
      await activeMembership(tx, project, user, 'share')
      await refuseAtWork(tx, asked, identity, now)
      return makeToken(context, tx, asked, identity)
    })
  })
}

/** A key in custody that was never handed over is nobody's work: its member enrols to fetch it. */
async function refuseAtWork(
  tx: UnitOfWork,
  { project, user }: { readonly project: ProjectName; readonly user: UserName },
  identity: string,
  at: Date,
): Promise<void> {
  const kept = await tx.keptKey(project, user, 'none')
  const idle = kept?.handedOverAt === undefined ? kept?.keyFingerprint : undefined
  const live = await tx.liveCertificatesOf(identity, at)
  if (live.some(({ keyFingerprint }) => keyFingerprint !== idle))
    throw new EnrollmentRefused('member_at_work', { identity })
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
  await refusePassing(context, tx, caller, createdAt)
  const expiresAt = addSeconds(createdAt, context.policy.credentials.enrolmentTokenSeconds)
  const createdBy = actorOf(caller)
  // One at a time: a second token would still be good when the first has made its certificate.
  await tx.voidEnrolmentTokens(identity, createdAt)
  await tx.insertEnrolmentToken({
    hash: sha256Hex(token),
    identity,
    createdBy,
    createdWith: proofOf(caller),
    createdAt,
    expiresAt,
  })
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

/** What it buys is good for a month: neither an old session nor the token of another issuer buys that. */
async function refusePassing(context: ActContext, tx: UnitOfWork, caller: Caller, at: Date): Promise<void> {
  refuseStaleSignIn(context, caller)
  if (!('certificate' in caller)) return
  if ((await endOfExchange(tx, caller.certificate.serial, at)) === undefined) return
  throw new EnrollmentRefused('not_permitted', { why: 'what the token of a trusted issuer bought enrols nobody' })
}

/** What the maker has to hold on to until the token is spent. */
function proofOf(caller: Caller): string {
  if ('certificate' in caller) return caller.certificate.serial
  if (caller.kind === 'session') return `${SESSION_PROOF}${caller.sessionId}`
  if (caller.kind === 'offline') return 'offline'
  throw notPermitted(caller)
}

const SESSION_PROOF = 'session:'

/**
 * The token, when it is for this identity and whoever made it still may: its maker's certificate is good, and an owner still
 * is one. Asked before anything is signed, and again where the certificate is recorded. A spent token is found too, since a
 * repeated request is answered; `spendEnrolmentToken` refuses it. Throws `EnrollmentRefused` with one code for everything.
 */
export async function liveEnrolmentToken(
  context: ActContext,
  tx: UnitOfWork,
  token: string,
  identity: string,
): Promise<EnrolmentTokenRecord> {
  const record = await tx.enrolmentToken(sha256Hex(token))
  const isLive = record?.identity === identity && record.expiresAt > context.clock.now()
  if (!isLive || !(await makerStillMay(context, tx, record))) throw new EnrollmentRefused('enrolment_token_invalid')
  return record
}

async function makerStillMay(context: ActContext, tx: UnitOfWork, record: EnrolmentTokenRecord): Promise<boolean> {
  const { policy } = context
  if (record.createdWith === 'offline') return true
  if (record.createdWith.startsWith(SESSION_PROOF)) return sessionStillMay(context, tx, record)
  const certificate = await tx.certificate(parseSerialNumber(record.createdWith), 'share')
  if (certificate?.status !== 'good') return false
  // An administrator's certificates are revoked with the role; an owner may have become a scientist.
  if (certificate.profile !== 'project-user') return true
  const { project, user } = parseProjectUserName(certificate.commonName, policy.names)
  const membership = await tx.membership(project, parseUserName(user, policy.names), 'share')
  return membership?.member.status === 'active' && membership.member.role === 'owner'
}

/** The maker's session goes on, and they still are an administrator or, for a member, an owner of its project. */
async function sessionStillMay(
  { clock, policy }: ActContext,
  tx: UnitOfWork,
  { createdWith, identity }: EnrolmentTokenRecord,
): Promise<boolean> {
  const found = await tx.session(createdWith.slice(SESSION_PROOF.length), 'none')
  const user = found && (await tx.user(found.user, 'share'))
  const session = found && (await tx.session(found.id, 'share'))
  const isOver = session === undefined || session.endedAt !== undefined || session.endsAt <= clock.now()
  if (isOver || user?.status !== 'active') return false
  if (user.platformRole === 'admin') return true
  const [kind, name = ''] = identity.split(':', 2)
  if (kind !== 'member') return false
  const { project } = parseProjectUserName(name, policy.names)
  const membership = await tx.membership(project, session.user, 'share')
  return membership?.member.status === 'active' && membership.member.role === 'owner'
}

/** Spends the token, once, where its certificate is recorded. Throws `EnrollmentRefused` with one code for everything. */
export async function spendEnrolmentToken(
  context: ActContext,
  tx: UnitOfWork,
  token: string,
  identity: string,
  issued: { readonly serial: SerialNumber },
  origin: RequestOrigin,
): Promise<void> {
  const at = context.clock.now()
  const spent = await tx.spendEnrolmentToken(sha256Hex(token), at)
  if (spent?.identity !== identity) throw new EnrollmentRefused('enrolment_token_invalid')
  await tx.audit({
    at,
    actor: identity,
    act: 'enrolment.spend',
    object: identity,
    requestId: origin.requestId,
    details: { principal: enrolmentPrincipal(token), createdBy: spent.createdBy, serial: issued.serial },
  })
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
