// The person behind a session token: a Bearer for programs on 8443, a cookie for browsers on 8445, neither in the other place. The
// token is verified, the session looked up in memory, where every process has what has ended it.
import { timingSafeEqual } from 'node:crypto'
import type { SessionView } from '../access/snapshot.ts'
import type { Caller } from '../domain/caller.ts'
import { sha256Hex } from '../enrollment/idempotency.ts'
import { type VerifiedSession, verifySessionToken } from '../enrollment/session-token.ts'
import { endReusedSession, isReused } from '../enrollment/sessions.ts'
import type { PersonBehind, SessionCaller } from '../enrollment/sign-in-subject.ts'
import { SignInRefused } from '../enrollment/sign-in-errors.ts'
import { presentedType } from '../tokens/verify-token.ts'
import { nowOf, shownFacts } from './authenticate.ts'
import { clientAddressOf } from './client-address.ts'
import { cookieOf, SESSION_COOKIE } from './cookies.ts'
import { secretName } from './credential-limit.ts'
import type { ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'
import { type ApiContext, originOf } from './route.ts'

export interface ShownSession {
  readonly caller: SessionCaller
  readonly shown: VerifiedSession
}

const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]+)$/

/** Whether the Authorization header carries a session token; nothing of it is verified. */
export function showsSession(context: ApiContext): boolean {
  const token = BEARER.exec(context.req.header('authorization') ?? '')?.[1]
  return token !== undefined && presentedType(token) === 'session+jwt'
}

/** Throws `HttpRefused`, `SignInRefused`, `TokenRejected`. */
export async function programSessionOf(parts: ApiParts, context: ApiContext): Promise<SessionCaller> {
  return (await shownSessionOf(parts, context)).caller
}

/** Who a browser speaks for: whoever its cookie says, and nobody without one. Throws as above. */
export async function browserCallerOf(parts: ApiParts, context: ApiContext): Promise<Caller> {
  if (context.req.header('authorization') !== undefined) throw new HttpRefused('credential_buys_none')
  if (cookieOf(context, SESSION_COOKIE) === undefined) return { kind: 'anonymous' }
  return (await shownSessionOf(parts, context)).caller
}

/** The session that this request shows, and which of its tokens. A browser that writes shows its page token too. */
export async function shownSessionOf(parts: ApiParts, context: ApiContext): Promise<ShownSession> {
  const token = tokenOf(parts, context)
  const address = clientAddressOf(context.get('socket'))
  const attempt = { kind: 'bearer', credential: secretName(token), address } as const
  return parts.credentialLimit.run(attempt, () => goodSession(parts, context, token))
}

/**
 * Whoever signed in with a token that is the matter of a request, and not its credential: the caller counts its failures.
 * Throws `HttpRefused`, `SignInRefused`, `TokenRejected`.
 */
export async function personBehind(parts: ApiParts, context: ApiContext, token: string): Promise<PersonBehind> {
  const shown = await verifySessionToken(parts.tokens, token)
  requireFresh(parts)
  return { caller: callerFrom(parts, await sessionOf(parts, context, shown)), expiresAt: shown.expiresAt }
}

async function goodSession(parts: ApiParts, context: ApiContext, token: string): Promise<ShownSession> {
  const shown = await verifySessionToken(parts.tokens, token)
  requireFresh(parts)
  const session = await sessionOf(parts, context, shown)
  if (context.get('listener') === 'browser') requirePageToken(context, session)
  return { caller: callerFrom(parts, session), shown }
}

function tokenOf(parts: ApiParts, context: ApiContext): string {
  if (context.get('listener') === 'browser') {
    const cookie = cookieOf(context, SESSION_COOKIE)
    if (cookie === undefined) throw new SignInRefused('session_ended')
    return cookie
  }
  // A certificate beside it would be a second principal.
  if (shownFacts(parts, context.get('socket')) !== 'absent') throw new HttpRefused('credential_conflict')
  const token = BEARER.exec(context.req.header('authorization') ?? '')?.[1]
  if (token === undefined) throw new HttpRefused('authorization_malformed')
  return token
}

/** A snapshot that may have missed the end of a session lets none in. */
function requireFresh(parts: ApiParts): void {
  const { confirmedAtMilliseconds, staleAfterMilliseconds } = parts.snapshot
  const isFresh = nowOf(parts).monotonic - confirmedAtMilliseconds < staleAfterMilliseconds
  if (!isFresh) throw new HttpRefused('temporarily_unavailable', { reason: 'SNAPSHOT_STALE' }, { 'retry-after': '1' })
}

async function sessionOf(parts: ApiParts, context: ApiContext, shown: VerifiedSession): Promise<SessionView> {
  let session = parts.snapshot.session(shown.id)
  if (session === undefined || session.generation < shown.generation) {
    // It may have been made by another process a moment ago.
    await parts.refresh()
    session = parts.snapshot.session(shown.id)
  }
  const { clock } = parts.context
  if (session === undefined || session.generation < shown.generation || session.endsAt <= clock.now().getTime()) {
    throw new SignInRefused('session_ended')
  }
  const known = { generation: session.generation, rotatedAt: new Date(session.rotatedAt) }
  if (isReused(parts.context, known, shown.generation, clock.now())) {
    await endReusedSession(parts.context, { ...shown, origin: originOf(context) })
    throw new SignInRefused('session_ended')
  }
  return session
}

/** A provider that was taken out of the configuration lets nobody in any more. */
function callerFrom({ signIn, snapshot }: ApiParts, session: SessionView): SessionCaller {
  const provider = signIn.providers.get(session.provider)
  if (provider === undefined || snapshot.user(session.user)?.status !== 'active') {
    throw new SignInRefused('session_ended')
  }
  return {
    kind: 'session',
    user: session.user,
    sessionId: session.id,
    provider: session.provider,
    signedInAt: new Date(session.signedInAt),
    administers: provider.rules.administers,
  }
}

/**
 * SameSite and `Origin` (app.ts) keep other sites out; this keeps out what runs on a neighbouring host or port, whose requests
 * carry the cookie and, where a browser sends none, no `Origin`. Hono's own `csrf` lets cross-origin JSON through.
 */
function requirePageToken(context: ApiContext, { pageTokenHash }: SessionView): void {
  if (context.req.method === 'GET' || context.req.method === 'HEAD') return
  const shown = sha256Hex(context.req.header('signet-page-token') ?? '')
  if (!timingSafeEqual(Buffer.from(shown), Buffer.from(pageTokenHash))) throw new HttpRefused('page_token_missing')
}
