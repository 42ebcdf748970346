// The life of a session after the sign-in: its tokens replace one another, and it ends: by its owner, by whoever shows a token
// that was replaced, or with what it hangs on (CP §4.15).
import { addSeconds } from '../domain/clock.ts'
import { changeOfSession, type PersonSession } from '../domain/session.ts'
import type { UserName } from '../domain/user-name.ts'
import type { AuditAct } from '../domain/audit-event.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { endApiKeys } from './end-api-keys.ts'
import { revokeTokensObtained } from './end-identity.ts'
import { SignInRefused } from './sign-in-errors.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface SessionAsked {
  readonly id: string
  /** Of the token that was shown. */
  readonly generation: number
  readonly origin: RequestOrigin
}

type Rotation = { readonly kind: 'going-on'; readonly session: PersonSession } | { readonly kind: 'reused' }

/**
 * The session with its next token. Who asks twice with one token (an answer was lost, two pages asked at once) gets the same
 * one again within the overlap; after it the token is one that somebody kept, and the session ends. Throws `SignInRefused`.
 */
export async function rotateSession(context: ActContext, asked: SessionAsked): Promise<PersonSession> {
  const outcome = await context.acts.run(async (tx): Promise<Rotation> => {
    const now = context.clock.now()
    const session = await goingOn(tx, asked.id, now)
    if (isReused(context, session, asked.generation, now)) {
      await endReused(tx, session, now, asked.origin)
      return { kind: 'reused' }
    }
    if (asked.generation < session.generation) return { kind: 'going-on', session }
    const next: PersonSession = { ...session, generation: session.generation + 1, rotatedAt: now }
    await tx.updateSession(next)
    await tx.change(changeOfSession(next))
    return { kind: 'going-on', session: next }
  })
  if (outcome.kind === 'reused') throw new SignInRefused('session_ended')
  return outcome.session
}

/** A token that was replaced and is past its overlap was shown: it ends the session, whoever holds the newer one. */
export async function endReusedSession(context: ActContext, asked: SessionAsked): Promise<void> {
  await context.acts.run(async (tx) => {
    const now = context.clock.now()
    const session = await tx.session(asked.id, 'update')
    if (session === undefined || session.endedAt !== undefined) return
    if (isReused(context, session, asked.generation, now)) {
      await endReused(tx, session, now, asked.origin)
    }
  })
}

/** Signs out. A session that has ended already stays so. */
export async function endSession(context: ActContext, { id, origin }: Omit<SessionAsked, 'generation'>): Promise<void> {
  await context.acts.run(async (tx) => {
    const now = context.clock.now()
    const session = await tx.session(id, 'update')
    if (session?.endedAt === undefined && session !== undefined) {
      await endOne(tx, session, now, origin, 'user.sign-out')
    }
  })
}

/** In the transaction of what ends a user's right to them. `provider`: of that one alone; undefined: of all. */
export async function endSessionsOf(
  tx: UnitOfWork,
  user: UserName,
  by: { readonly at: Date; readonly provider: string | undefined },
): Promise<void> {
  for (const session of await tx.liveSessionsOf(user, by.at)) {
    if (by.provider !== undefined && session.provider !== by.provider) continue
    const ended = { ...session, endedAt: by.at }
    await tx.updateSession(ended)
    await tx.change(changeOfSession(ended))
  }
}

/** Makes room for one more. The user is locked by whoever signs them in, so two at once do not both see the last room. */
export async function endOldestSessions(
  { clock, policy }: Pick<ActContext, 'clock' | 'policy'>,
  tx: UnitOfWork,
  user: UserName,
  origin: RequestOrigin,
): Promise<void> {
  const now = clock.now()
  const live = await tx.liveSessionsOf(user, now)
  const oldestFirst = live.toSorted((one, other) => one.signedInAt.getTime() - other.signedInAt.getTime())
  const tooMany = Math.max(0, live.length + 1 - policy.credentials.signIn.maxPerUser)
  for (const session of oldestFirst.slice(0, tooMany)) await endOne(tx, session, now, origin, 'session.end')
}

/** Whether a token of that generation is older than the overlap lets it be. */
export function isReused(
  { policy }: Pick<ActContext, 'policy'>,
  session: { readonly generation: number; readonly rotatedAt: Date },
  generation: number,
  now: Date,
): boolean {
  if (generation >= session.generation) return false
  const overlapEnds = addSeconds(session.rotatedAt, policy.credentials.signIn.overlapSeconds)
  return generation < session.generation - 1 || now >= overlapEnds
}

/** Throws `SignInRefused` (`session_ended`). */
export async function goingOn(tx: UnitOfWork, id: string, now: Date): Promise<PersonSession> {
  const found = await tx.session(id, 'none')
  if (found === undefined) throw new SignInRefused('session_ended')
  // The user first, as everything that ends a user's sessions has it.
  const user = await tx.user(found.user, 'share')
  const session = await tx.session(id, 'update')
  const isOver = session === undefined || session.endedAt !== undefined || session.endsAt <= now
  if (isOver || user?.status !== 'active') throw new SignInRefused('session_ended')
  return session
}

/** Somebody else may have had the session, made keys in it and exchanged its tokens. */
async function endReused(tx: UnitOfWork, session: PersonSession, at: Date, origin: RequestOrigin): Promise<void> {
  await endOne(tx, session, at, origin, 'session.end')
  await endApiKeys(tx, { kind: 'made-with', proof: `session:${session.id}` }, { at, actor: 'system', origin })
  await revokeTokensObtained(tx, `user:${session.user}`, at)
}

async function endOne(
  tx: UnitOfWork,
  session: PersonSession,
  at: Date,
  { requestId }: RequestOrigin,
  act: AuditAct,
): Promise<void> {
  const ended: PersonSession = { ...session, endedAt: at }
  await tx.updateSession(ended)
  await tx.change(changeOfSession(ended))
  const actor = act === 'user.sign-out' ? `user:${session.user}` : 'system'
  const details = { session: session.id, provider: session.provider }
  await tx.audit({ at, actor, act, object: `user:${session.user}`, requestId, details })
}
