// What a token exchange may give (RFC 8693 §2.1, CP §4.12): the client shows who it is apart from the subject token, and gets at
// most what both have. A workload without a certificate is named by the token of its trusted issuer alone, a person by their sign-in,
// and gets its own identity and no other. Whoever asks for somebody else needs their word (`may_act`) or a launcher's grant.
import { actorOf, type Caller, type CertifiedCaller, principalOf } from '../domain/caller.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import { TokenRejected } from '../tokens/errors.ts'
import { actingAfter, type TokenActor } from '../tokens/token-actor.ts'
import { certificateThumbprint } from '../tokens/token-claims.ts'
import { EnrollmentRefused } from './errors.ts'
import { ExchangeRefused } from './exchange-errors.ts'
import { goodJob } from './job-holder.ts'
import { requireLauncher } from './launcher.ts'
import { activeMembership, callerStillGood, notPermitted } from './second-look.ts'
import { SignInRefused } from './sign-in-errors.ts'
import { type SignInAsSubject, signInStillGood, signInSubject } from './sign-in-subject.ts'
import type { TokenContext } from './token-acts.ts'
import { holderOf, judgeSubjectToken, projectIdentity, type SubjectToken, subjectStillActive } from './token-subject.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface ExchangeClient {
  readonly caller: Caller
  /** The certificate that the connection shows, in DER. */
  readonly certificate: Uint8Array | undefined
  readonly subjectToken: string
  readonly subjectTokenType: SubjectTokenType
  /** Of a sign-in token; undefined for every other. */
  readonly signIn: SignInAsSubject | undefined
}

/** RFC 8693 §3. `jwt` is a JWT of any kind; the others say which. */
export const SUBJECT_TOKEN_TYPES = {
  'urn:ietf:params:oauth:token-type:access_token': ['own', 'sign-in', 'at+jwt'],
  'urn:ietf:params:oauth:token-type:id_token': ['JWT'],
  'urn:ietf:params:oauth:token-type:jwt': ['own', 'sign-in', 'at+jwt', 'JWT'],
} as const satisfies Record<string, readonly string[]>

export type SubjectTokenType = keyof typeof SUBJECT_TOKEN_TYPES

export interface ExchangeGrant {
  readonly token: SubjectToken
  /** The subject as an actor. */
  readonly holder: string
  /** Who asks, as the record writes it. */
  readonly requester: string
  readonly actor: TokenActor | undefined
  readonly certified: CertifiedCaller | undefined
  readonly isDelegated: boolean
  readonly notAfterLimit: Date
}

/** Throws `ExchangeRefused`, `EnrollmentRefused`, `IssuerUnreachable`, `SubjectUnmapped`, `TokenRefused`. */
export async function exchangeGrant(context: TokenContext, client: ExchangeClient): Promise<ExchangeGrant> {
  const { caller } = client
  const certified = 'certificate' in caller ? caller : undefined
  if (caller.kind !== 'anonymous' && certified === undefined) throw notPermitted(caller)
  if (caller.kind === 'admin') throw notPermitted(caller)
  const token = await judged(context, client)
  if (certified === undefined && token.from.kind === 'own') throw new EnrollmentRefused('unauthenticated')
  const holder = holderOf(context, token.subject)
  const isDelegated = certified !== undefined && actorOf(certified) !== holder
  const before = token.from.kind === 'own' ? token.from.actor : undefined
  const { expiresAt } = token
  const ends = certified?.certificate.notAfter
  return {
    token,
    holder,
    certified,
    isDelegated,
    requester: isDelegated ? actorOf(certified) : requesterOf(token, certified, holder),
    actor: isDelegated ? actingAfter(principalOf(certified), before) : before,
    notAfterLimit: ends !== undefined && ends < expiresAt ? ends : expiresAt,
  }
}

/** A person who signed in asks as themselves, whatever certificate they show: what a sign-in obtained is found by it. */
function requesterOf({ from }: SubjectToken, certified: CertifiedCaller | undefined, holder: string): string {
  if (from.kind === 'sign-in') return actorOf(from.caller)
  return certified === undefined ? holder : actorOf(certified)
}

/** The subject token, of the type that the client says. Throws `ExchangeRefused` in the place of what refused the token. */
async function judged(context: TokenContext, client: ExchangeClient): Promise<SubjectToken> {
  const { certificate, subjectToken, subjectTokenType, signIn } = client
  const presentedWith =
    certificate === undefined
      ? ({ kind: 'none' } as const)
      : ({ kind: 'certificate', thumbprint: certificateThumbprint(certificate) } as const)
  try {
    const token =
      signIn === undefined
        ? await judgeSubjectToken(context, subjectToken, presentedWith)
        : await signInSubject(context, subjectToken, signIn)
    const use = token.from.kind === 'trusted' ? token.from.issuer.typ : token.from.kind
    if (!SUBJECT_TOKEN_TYPES[subjectTokenType].some((each) => each === use)) throw new TokenRejected('token_type')
    return token
  } catch (error) {
    if (error instanceof TokenRejected || error instanceof SignInRefused)
      throw new ExchangeRefused('subject_token_refused', { reason: error.code })
    throw error
  }
}

/** In the recording transaction, under lock: client, subject, subject token and delegation are what they were. */
export async function grantStillGood(tx: UnitOfWork, context: TokenContext, grant: ExchangeGrant): Promise<void> {
  const { token, certified, isDelegated } = grant
  const at = context.clock.now()
  await subjectStillActive(tx, context, token.subject).catch(refuseEnded)
  if (token.from.kind === 'own' && (await tx.token(token.from.jti))?.revokedAt !== undefined) {
    throw new ExchangeRefused('subject_token_refused', { reason: 'token_revoked' })
  }
  if (token.from.kind === 'sign-in') await signInStillGood(tx, token.from.caller, at)
  if (at >= token.expiresAt) throw new ExchangeRefused('subject_token_refused', { reason: 'token_expired' })
  if (certified === undefined) return
  await (certified.kind === 'job' ? goodJob(context, tx, certified) : callerStillGood(tx, certified, at))
  if (isDelegated) await requireDelegation(tx, context, certified, token)
}

/** That the subject has ended is what is wrong with its token. */
function refuseEnded(error: unknown): never {
  if (error instanceof DirectoryRefused) throw new ExchangeRefused('subject_token_refused', { reason: error.code })
  throw error
}

/** The subject's own word, or what lets a launcher act for members and accounts of the projects that it lists. */
async function requireDelegation(
  tx: UnitOfWork,
  context: TokenContext,
  caller: CertifiedCaller,
  { subject, from }: SubjectToken,
): Promise<void> {
  if (from.kind === 'own' && from.permittedActor?.sub === principalOf(caller)) return
  if (caller.kind !== 'service' || subject.kind !== 'project-user') throw new ExchangeRefused('delegation_refused')
  await requireLauncher(tx, caller, subject.project, context.clock.now())
  const identity = projectIdentity(context, subject)
  if (identity.kind === 'account') return
  const { user } = await activeMembership(tx, identity.project, identity.user, 'share')
  if (user.platformRole === 'admin') throw new EnrollmentRefused('job_of_administrator', { user: identity.user })
}
