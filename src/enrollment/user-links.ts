// Who of a provider is which user: said by an administrator. A link is what signs somebody in, so taking it away ends their
// sessions of that provider in the same transaction, the API keys that were made in sessions, the tokens that they bought, and the groups that the provider named.
import type { UserLink } from '../directory/sign-in-store.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { UserName } from '../domain/user-name.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, endKeys, once } from './directory-act.ts'
import { revokeTokensObtained } from './end-identity.ts'
import { EnrollmentRefused } from './errors.ts'
import { refuseStaleSignIn } from './fresh-sign-in.ts'
import { keptAsJson } from './idempotency.ts'
import { requireAdministrator } from './second-look.ts'
import { endSessionsOf } from './sessions.ts'
import { SignInRefused } from './sign-in-errors.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const KEPT_LINK = keptAsJson<UserLink>('createdAt')
const KEPT_COUNT = keptAsJson<{ readonly removed: number }>()

type LinkAsked = Asked & { readonly user: UserName; readonly provider: string }

/**
 * By an administrator. With their certificate also themselves, since somebody has to be the first; a session does not make
 * itself another way in.
 */
export async function linkUser(
  context: ActContext,
  asked: LinkAsked & { readonly subject: string },
): Promise<UserLink> {
  const { user, provider, subject } = asked
  return context.acts.run(async (tx) => {
    await linkable(context, tx, asked)
    refuseStaleSignIn(context, asked.caller)
    return once(context, tx, asked, KEPT_LINK, async () => {
      const link: UserLink = { provider, subject, user, createdAt: context.clock.now() }
      await tx.insertLink(link)
      await tellOfLinks(tx, user)
      await audit(context, tx, asked, 'user.link', `user:${user}`, { provider, subject })
      return link
    })
  })
}

/** By an administrator. Throws `SignInRefused` (`link_unknown`). */
export async function unlinkUser(context: ActContext, asked: LinkAsked): Promise<{ readonly removed: number }> {
  const { user, provider } = asked
  return context.acts.run(async (tx) => {
    await linkable(context, tx, asked)
    return once(context, tx, asked, KEPT_COUNT, async () => {
      const removed = await tx.deleteLinks(user, provider)
      if (removed === 0) throw new SignInRefused('link_unknown', { user, provider })
      const at = context.clock.now()
      await endSessionsOf(tx, user, { at, provider })
      // Of which provider a session was is forgotten before the keys end that were made in it: those of all sessions end.
      await endKeys(context, tx, asked, { kind: 'made-in-sessions', user })
      await revokeTokensObtained(tx, `user:${user}`, at)
      await tellOfLinks(tx, user)
      await forgetGroups(tx, asked)
      await audit(context, tx, asked, 'user.unlink', `user:${user}`, { provider, removed })
      return { removed }
    })
  })
}

/** Which links somebody has now, for whoever must know after a restore which have ended. */
export async function tellOfLinks(tx: UnitOfWork, user: UserName): Promise<void> {
  const links = (await tx.linksOf(user)).map(({ provider, subject }) => ({ provider, subject }))
  await tx.change({ kind: 'user-links', user, links })
}

/** The provider's groups were somebody else's, or are nobody's from now on. */
async function forgetGroups(tx: UnitOfWork, { user, provider }: LinkAsked): Promise<void> {
  const last = await tx.signIn(user)
  if (last?.provider !== provider) return
  await tx.putSignIn({ ...last, groups: [] })
  await tx.change({ kind: 'sign-in', ...last, groups: [], at: last.at.getTime() })
}

async function linkable(context: ActContext, tx: UnitOfWork, { caller, user }: LinkAsked): Promise<void> {
  const found = await tx.user(user, 'update')
  await requireAdministrator(tx, caller, context.clock.now())
  if (caller.kind === 'session' && caller.user === user) {
    throw new EnrollmentRefused('not_permitted', { why: 'a session links nobody to itself' })
  }
  if (found === undefined || found.status === 'deleted') throw new DirectoryRefused('user_unknown', { user })
}
