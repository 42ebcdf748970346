// Tokens: issued to whoever holds a certificate, over the connection that shows it; introspected and revoked. A token never
// buys another token or a certificate, and never outlives the certificate that bought it (CP §4.12).
import { actorOf, type Caller, type CertifiedCaller, holderName } from '../domain/caller.ts'
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import { TokenRejected } from '../tokens/errors.ts'
import { introspect, type Introspection } from '../tokens/introspection.ts'
import type { PermittedActor, TokenActor } from '../tokens/token-actor.ts'
import {
  parseTokenAudience,
  type TokenBinding,
  type TokenClaims,
  type TokenLifetime,
  type TokenRequest,
  type TokenSubject,
} from '../tokens/token-claims.ts'
import { type IssuedToken, issueToken } from '../tokens/token-signer.ts'
import type { TrustedIssuers } from '../tokens/trusted-issuer.ts'
import { type TokenExpectations, type VerifiedToken, verifyToken } from '../tokens/verify-token.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { type IdempotentRequest, keptAsJson, onceFor } from './idempotency.ts'
import { goodJob, type JobCaller } from './job-holder.ts'
import { callerStillGood, notPermitted } from './second-look.ts'
import type { TokenKeyring } from './token-keyring.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface TokenContext extends ActContext {
  readonly keys: TokenKeyring
  /** `iss`: the public URL of the service. */
  readonly tokenIssuer: string
  /** Whether a name is a deployment, a service or the issuer itself. */
  readonly isAudience: (name: string) => boolean
  readonly isTokenRevoked: (jti: string) => boolean
  readonly trustedIssuers: TrustedIssuers
}

export interface TokenAsked {
  readonly caller: Caller
  readonly audience: string
  readonly lifetime: TokenLifetime
  /** The certificate that the connection shows, in DER. */
  readonly certificate: Uint8Array | undefined
  readonly binding: 'to-certificate' | 'none'
  /** Whom the caller lets act for it: `PROJECT__USER`, or the name of a service. */
  readonly mayAct?: string | undefined
  /** Absent: what the installation prefers. */
  readonly algorithm?: TokenAlgorithm | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export interface TokenAnswer {
  readonly token: string
  readonly jti: string
  readonly expiresInSeconds: number
}

export async function issueTokenFor(context: TokenContext, asked: TokenAsked): Promise<TokenAnswer> {
  const { caller, certificate } = asked
  if (!('certificate' in caller) || certificate === undefined) throw notPermitted(caller)
  return issueTokenAs(context, asked, {
    caller,
    subject: subjectOf(caller),
    ...(caller.kind === 'job' ? { actor: await launcherOf(context, caller) } : {}),
    holder: actorOf(caller),
    binding: asked.binding === 'none' ? { kind: 'none' } : { kind: 'certificate', der: certificate },
    permittedActor: asked.mayAct === undefined ? undefined : { sub: asked.mayAct },
    lookAgain: (tx) =>
      caller.kind === 'job' ? goodJob(context, tx, caller) : callerStillGood(tx, caller, context.clock.now()),
  })
}

/** Rule 12: whoever launched a job is named in its tokens. */
async function launcherOf(context: TokenContext, caller: JobCaller): Promise<TokenActor> {
  const { launcher } = await context.acts.run((tx) => goodJob(context, tx, caller))
  return { sub: launcher }
}

/** Whose token it will be, and what the caller may have it for. */
export interface TokenGrant {
  readonly caller: CertifiedCaller
  readonly subject: TokenSubject
  /** The subject as an actor: the token ends when that ends. */
  readonly holder: string
  readonly binding: TokenBinding
  /** Who acts for the subject, where it is not the subject itself. */
  readonly actor?: TokenActor | undefined
  readonly permittedActor?: PermittedActor | undefined
  /** Runs in the recording transaction. Throws when something the act relied on has ended. */
  readonly lookAgain: (tx: UnitOfWork) => Promise<unknown>
}

/** It ends with the caller's certificate at the latest, whoever holds it. */
export async function issueTokenAs(
  context: TokenContext,
  asked: Omit<TokenAsked, 'certificate' | 'binding'>,
  grant: TokenGrant,
): Promise<TokenAnswer> {
  const { caller, holder } = grant
  const { certificate } = caller
  const { token, claims } = await signAccessToken(context, asked, { ...grant, notAfterLimit: certificate.notAfter })
  return context.acts.run(async (tx) => {
    await grant.lookAgain(tx)
    return onceFor(context, tx, actorOf(caller), asked.idempotent, 'secret', async () => {
      const requester = actorOf(caller)
      await recordToken(tx, { holder, requester, certificateSerial: certificate.serial, origin: asked.origin }, claims)
      return tokenAnswer(token, claims)
    })
  })
}

/** Signed in memory, and not recorded: until it is, nobody gets it. Throws `TokenRefused`. */
export function signAccessToken(
  context: TokenContext,
  { audience, lifetime, algorithm }: Pick<TokenAsked, 'audience' | 'lifetime' | 'algorithm'>,
  granted: Pick<TokenRequest, 'subject' | 'actor' | 'permittedActor' | 'binding' | 'notAfterLimit'>,
): Promise<IssuedToken> {
  const { tokenIssuer: issuer, policy, clock, random } = context
  const registered = parseTokenAudience(audience, context.isAudience)
  const { subject, actor, permittedActor, binding, notAfterLimit } = granted
  const request = { issuer, subject, actor, permittedActor, audience: registered, lifetime, binding, notAfterLimit }
  return issueToken(request, context.keys.signer(algorithm), policy.credentials.token, clock, random)
}

export function tokenAnswer(token: string, { jti, exp, iat }: TokenClaims): TokenAnswer {
  return { token, jti, expiresInSeconds: exp - iat }
}

export interface RecordedHolder {
  /** Whose it is and who asked for it, as audit events write an actor. */
  readonly holder: string
  readonly requester: string
  /** Of the certificate with which it ends. */
  readonly certificateSerial: string
  readonly origin: RequestOrigin
}

/** Row and audit event. */
export async function recordToken(
  tx: UnitOfWork,
  { holder, requester: actor, certificateSerial, origin }: RecordedHolder,
  { jti, aud, iat, exp, cnf }: TokenClaims,
): Promise<void> {
  const issuedAt = new Date(iat * 1000)
  const expiresAt = new Date(exp * 1000)
  await tx.insertToken({
    jti,
    subject: holder,
    audience: aud,
    issuedAt,
    expiresAt,
    requester: actor,
    certificateSerial,
  })
  await tx.audit({
    at: issuedAt,
    actor,
    act: 'token.issue',
    object: `token:${jti}`,
    requestId: origin.requestId,
    details: {
      audience: aud,
      expiresAt: expiresAt.toISOString(),
      bound: cnf === undefined ? 'none' : 'to-certificate',
      ...(holder === actor ? {} : { holder }),
    },
  })
}

/** Administrators act on the platform, not on models: no audience would accept them. */
function subjectOf(caller: Caller): TokenSubject {
  switch (caller.kind) {
    case 'member':
      return { kind: 'project-user', project: caller.project, user: caller.user }
    case 'job':
      return {
        kind: 'project-user',
        project: caller.project,
        user: holderName(caller.runsAs),
        job: caller.jobId,
      }
    case 'account':
      return { kind: 'project-user', project: caller.project, user: caller.account }
    case 'service':
      return { kind: 'service', name: caller.name }
    case 'admin':
    case 'session':
    case 'api-key':
    case 'offline':
    case 'anonymous':
      throw notPermitted(caller)
    default:
      return caller satisfies never
  }
}

/** Throws `TokenRejected`. */
export function verifyOwnToken(
  context: TokenContext,
  token: string,
  by: Pick<TokenExpectations, 'audience' | 'presentedWith'>,
): Promise<VerifiedToken> {
  const now = context.clock.now()
  return verifyToken(token, {
    ...by,
    keys: context.keys.verificationKeys(now),
    issuer: context.tokenIssuer,
    typ: 'at+jwt',
    now,
    maxLifetimeSeconds: context.policy.credentials.token.maxSeconds,
    revoked: context.isTokenRevoked,
    // What ends a subject revokes its tokens one by one, in the same transaction.
    subjectEpoch: () => undefined,
  })
}

/**
 * For a service, about tokens whose audience it answers to; for an administrator, about all; for a holder, about its own.
 * What the caller may not know of is inactive (RFC 7662 §4). Throws `EnrollmentRefused`.
 */
export async function introspectToken(
  context: TokenContext,
  asked: { readonly caller: Caller; readonly token: string; readonly audiences: readonly string[] },
): Promise<Introspection> {
  const { caller, token, audiences } = asked
  if (caller.kind === 'anonymous') throw notPermitted(caller)
  const answersToAll = caller.kind !== 'service'
  const audience = answersToAll ? ({ kind: 'any' } as const) : ({ kind: 'one-of', names: audiences } as const)
  const answer = await introspect(verifyOwnToken(context, token, { audience, presentedWith: { kind: 'not-seen' } }))
  if (!answer.active || caller.kind === 'service' || caller.kind === 'admin' || caller.kind === 'offline') return answer
  return (await isHolder(context, caller, answer.jti)) ? answer : { active: false }
}

interface TokenRevocation {
  readonly caller: Caller
  readonly token: string
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

const KEPT_NOTHING = keptAsJson<Record<string, never>>()

/** By its holder, whoever asked for it, or an administrator; a token that is none of ours is no error (RFC 7009 §2.2). */
export async function revokeTokenOf(context: TokenContext, asked: TokenRevocation): Promise<void> {
  const { caller, idempotent } = asked
  if (caller.kind === 'anonymous') throw notPermitted(caller)
  const jti = await jtiOf(context, asked.token)
  await context.acts.run(async (tx) => {
    const at = context.clock.now()
    await callerStillGood(tx, caller, at)
    await onceFor(context, tx, actorOf(caller), idempotent, KEPT_NOTHING, async () => {
      if (jti !== undefined) await revokeByJti(tx, jti, asked, at)
      return {}
    })
  })
}

async function revokeByJti(tx: UnitOfWork, jti: string, { caller, origin }: TokenRevocation, at: Date): Promise<void> {
  const record = await tx.token(jti)
  if (record === undefined || record.revokedAt !== undefined) return
  const actor = actorOf(caller)
  const isTheirs = record.subject === actor || record.requester === actor
  if (!isTheirs && caller.kind !== 'admin' && caller.kind !== 'offline') throw notPermitted(caller)
  await tx.revokeToken(jti, at)
  await tx.change({ kind: 'token-revocation', jti, expiresAt: record.expiresAt.getTime() })
  await tx.audit({
    at,
    actor,
    act: 'token.revoke',
    object: `token:${jti}`,
    requestId: origin.requestId,
    details: { subject: record.subject },
  })
}

async function jtiOf(context: TokenContext, token: string): Promise<string | undefined> {
  try {
    const by = { audience: { kind: 'any' }, presentedWith: { kind: 'not-seen' } } as const
    return (await verifyOwnToken(context, token, by)).claims.jti
  } catch (error) {
    if (error instanceof TokenRejected) return undefined
    throw error
  }
}

async function isHolder(context: TokenContext, caller: Caller, jti: string): Promise<boolean> {
  const record = await context.acts.run((tx) => tx.token(jti))
  return record !== undefined && (record.subject === actorOf(caller) || record.requester === actorOf(caller))
}
