// A person whom a provider has recognised becomes a user with a session (CP §3.2.3, §4.15). The link decides who they are, never a
// name; the groups of the last sign-in are replaced by those of this one, as they are written.
import { randomUUID } from 'node:crypto'
import { addSeconds } from '../domain/clock.ts'
import type { PersonSession } from '../domain/session.ts'
import { changeOfSession } from '../domain/session.ts'
import { parseUserName } from '../domain/user-name.ts'
import { NameRejected } from '../domain/name-rules.ts'
import { NameTaken } from '../domain/name-taken.ts'
import type { User } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { acceptedGroups } from './groups.ts'
import { sha256Hex } from './idempotency.ts'
import { endOldestSessions } from './sessions.ts'
import { SignInRefused } from './sign-in-errors.ts'
import type { ProvidedPerson, ProviderRules } from './sign-in-provider.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import { tellOfLinks } from './user-links.ts'

export interface SignInAsked {
  readonly rules: ProviderRules
  readonly person: ProvidedPerson
  readonly origin: RequestOrigin
  /** When the provider recognised them: a little before now, where a code was handed on. */
  readonly signedInAt: Date
  /** Of an attempt that may be used once. */
  readonly single?: { readonly key: string; readonly expiresAt: Date }
}

export interface StartedSession {
  readonly session: PersonSession
  /** Told once, to the browser: pages show it when they write. */
  readonly pageToken: string
}

/** 128 bits: a session is not guessed. */
const SESSION_ID_BYTES = 16
const PAGE_TOKEN_BYTES = 32

/** Recognises the person, keeps their groups and starts a session. Throws `SignInRefused`, `DirectoryRefused`. */
export async function signIn(context: ActContext, asked: SignInAsked): Promise<StartedSession> {
  const groups = acceptedGroups(asked.person.groups, asked.rules)
  return context.acts.run(async (tx) => {
    await spendAttempt(context, tx, asked)
    const user = await userOf(context, tx, asked)
    await keepGroups(tx, asked, user, groups)
    await endOldestSessions(context, tx, user.name, asked.origin)
    const started = newSession(context, user, asked)
    await tx.insertSession(started.session)
    await tx.change(changeOfSession(started.session))
    await tx.audit({
      at: context.clock.now(),
      actor: `user:${user.name}`,
      act: 'user.sign-in',
      object: `user:${user.name}`,
      requestId: asked.origin.requestId,
      details: { provider: asked.rules.name, session: started.session.id, groups: groups.length },
    })
    return started
  })
}

/** An attempt comes back once: of two, the second is refused. */
async function spendAttempt(context: ActContext, tx: UnitOfWork, { rules, single }: SignInAsked): Promise<void> {
  if (single === undefined) return
  const scope = { principal: `sign-in:${rules.name}`, method: 'GET', path: '/', key: single.key, bodyDigest: '' }
  const claim = await tx.claimIdempotencyKey(scope, context.clock.now(), single.expiresAt)
  if (claim.kind !== 'new') throw new SignInRefused('sign_in_refused')
}

async function userOf(context: ActContext, tx: UnitOfWork, asked: SignInAsked): Promise<User> {
  const { rules, person } = asked
  const link = await tx.link(rules.name, person.subject, 'none')
  const user = link === undefined ? await newUser(context, tx, asked) : await tx.user(link.user, 'update')
  // It may have been taken away while we waited for the user.
  const still = await tx.link(rules.name, person.subject, 'share')
  if (user === undefined || still?.user !== user.name) throw linkRequired(asked)
  if (user.status !== 'active') throw new DirectoryRefused('user_blocked', { user: user.name })
  return user
}

/** A name that is or was somebody's is theirs: an administrator says whether this is the same person. */
async function newUser(context: ActContext, tx: UnitOfWork, asked: SignInAsked): Promise<User> {
  const { rules, person, origin } = asked
  if (!rules.createUsers || person.name === undefined) throw linkRequired(asked)
  const createdAt = context.clock.now()
  const name = nameOf(context, person.name, asked)
  const user: User = { id: randomUUID(), name, status: 'active', platformRole: 'user', createdAt }
  try {
    await tx.insertUser(user)
  } catch (error) {
    if (!(error instanceof NameTaken)) throw error
    // Perhaps by this very person, a moment ago.
    const link = await tx.link(rules.name, person.subject, 'none')
    const found = link && (await tx.user(link.user, 'update'))
    if (found === undefined) throw linkRequired(asked)
    return found
  }
  await tx.insertLink({ provider: rules.name, subject: person.subject, user: name, createdAt })
  await tx.change({ kind: 'user', name, status: 'active', platformRole: 'user' })
  await tellOfLinks(tx, name)
  await tx.audit({
    at: createdAt,
    actor: `provider:${rules.name}`,
    act: 'user.add',
    object: `user:${name}`,
    requestId: origin.requestId,
    details: { platformRole: 'user', provider: rules.name, subject: person.subject },
  })
  return user
}

function nameOf(context: ActContext, text: string, asked: SignInAsked): User['name'] {
  try {
    return parseUserName(text, context.policy.names)
  } catch (error) {
    throw error instanceof NameRejected ? linkRequired(asked) : error
  }
}

/** The person is told what an administrator needs to know; both are what the provider calls them. */
function linkRequired({ rules, person }: SignInAsked): SignInRefused {
  return new SignInRefused('user_link_required', { provider: rules.name, subject: person.subject })
}

async function keepGroups(tx: UnitOfWork, asked: SignInAsked, user: User, groups: readonly string[]): Promise<void> {
  const { rules, signedInAt, person } = asked
  const signIn = { user: user.name, provider: rules.name, subject: person.subject, groups }
  await tx.putSignIn({ ...signIn, at: signedInAt })
  await tx.change({ kind: 'sign-in', ...signIn, at: signedInAt.getTime() })
}

function newSession({ clock, random, policy }: ActContext, user: User, asked: SignInAsked): StartedSession {
  const pageToken = Buffer.from(random(PAGE_TOKEN_BYTES)).toString('base64url')
  const session: PersonSession = {
    id: Buffer.from(random(SESSION_ID_BYTES)).toString('base64url'),
    user: user.name,
    provider: asked.rules.name,
    signedInAt: asked.signedInAt,
    endsAt: addSeconds(asked.signedInAt, policy.credentials.signIn.sessionSeconds),
    generation: 1,
    rotatedAt: clock.now(),
    pageTokenHash: sha256Hex(pageToken),
  }
  return { session, pageToken }
}
