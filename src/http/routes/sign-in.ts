// Signing in with a name and a password, a session's next token, and signing out. Programs get the token in the body and send it as
// Bearer; browsers get it as a cookie and never see it.
import { z } from '@hono/zod-openapi'
import { type SessionToken, signSessionToken } from '../../enrollment/session-token.ts'
import { endSession, rotateSession } from '../../enrollment/sessions.ts'
import { signIn, type StartedSession } from '../../enrollment/sign-in.ts'
import { SignInRefused } from '../../enrollment/sign-in-errors.ts'
import type { PasswordProvider } from '../../enrollment/sign-in-provider.ts'
import type { PersonSession } from '../../domain/session.ts'
import { clientAddressOf } from '../client-address.ts'
import { PAGE_COOKIE, SESSION_COOKIE, setCookie } from '../cookies.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import {
  type Api,
  type ApiContext,
  bodyRoute,
  callerIn,
  IN_PATH,
  newApi,
  NONE,
  originOf,
  plainRoute,
} from '../route.ts'
import { LoginBody } from '../schemas.ts'
import { shownSessionOf } from '../session-caller.ts'

export const SessionAnswer = z
  .strictObject({
    user: z.string(),
    provider: z.string(),
    signedInAt: z.string(),
    expiresAt: z.string().openapi({ description: 'End of this token: ask for the next one before' }),
    endsAt: z.string().openapi({ description: 'End of the session, whatever is asked for' }),
    token: z.string().optional().openapi({ description: 'For programs; a browser has it as a cookie' }),
  })
  .openapi('Session')

export function signInRoutes(parts: ApiParts): Api {
  const api = newApi()
  addPassword(api, parts)
  const post = { method: 'post', params: NONE, query: NONE, status: 200 } as const
  api.openapi(
    plainRoute({
      ...post,
      path: '/v1/session/refresh',
      summary:
        "A session's next token; the one that asked goes on for a minute. Shown after that, it ends the session.",
      answer: SessionAnswer,
    }),
    async (c) => {
      await callerIn(parts, c)
      const { shown } = await shownSessionOf(parts, c)
      const session = await rotateSession(parts.context, { ...shown, origin: originOf(c) })
      return c.json(await handOver(parts, c, session), 200, NO_STORE)
    },
  )
  api.openapi(
    plainRoute({
      ...post,
      path: '/v1/logout',
      summary: 'Ends the session that asks. All its tokens end with it.',
      answer: z.strictObject({}).openapi('SignedOut'),
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      if (caller.kind === 'session') await endSession(parts.context, { id: caller.sessionId, origin: originOf(c) })
      if (c.get('listener') === 'browser')
        for (const name of [SESSION_COOKIE, PAGE_COOKIE] as const) setCookie(c, name, '', 0)
      return c.json({}, 200, NO_STORE)
    },
  )
  return api
}

function addPassword(api: Api, parts: ApiParts): void {
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/login/{provider}',
      params: z.strictObject({ provider: IN_PATH }),
      summary: 'Signs in with a name and a password, at a provider that takes them',
      body: LoginBody,
      status: 200,
      answer: SessionAnswer,
    }),
    async (c) => {
      const provider = passwordProvider(parts, c.req.valid('param').provider)
      const { user, password } = c.req.valid('json')
      const address = clientAddressOf(c.get('socket'))
      // Directories know a name in any letter case: one name, one count.
      const credential = `${provider.rules.name} ${user.toLowerCase()}`
      const attempt = { kind: 'sign-in', credential, address } as const
      const person = await parts.credentialLimit.run(attempt, () => checked(provider, user, password))
      const signedInAt = parts.context.clock.now()
      const started = await signIn(parts.context, { rules: provider.rules, person, origin: originOf(c), signedInAt })
      return c.json(await handOverNew(parts, c, started), 200, NO_STORE)
    },
  )
}

const NO_STORE = { 'cache-control': 'no-store' }

/** `sign_in_busy` says when to come again. */
async function checked(provider: PasswordProvider, user: string, password: string) {
  try {
    return await provider.check(user, password)
  } catch (error) {
    if (error instanceof SignInRefused && error.code === 'sign_in_busy') {
      throw new HttpRefused('sign_in_busy', {}, { 'retry-after': '1' })
    }
    throw error
  }
}

function passwordProvider({ signIn: { providers } }: ApiParts, name: string): PasswordProvider {
  const provider = providers.get(name)
  if (provider?.kind !== 'password') throw new SignInRefused('provider_unknown', { provider: name.slice(0, 64) })
  return provider
}

/** A new session: a browser gets its page token too. */
export async function handOverNew(parts: ApiParts, c: ApiContext, { session, pageToken }: StartedSession) {
  const answer = await handOver(parts, c, session)
  if (c.get('listener') === 'browser') setCookie(c, PAGE_COOKIE, pageToken, secondsTo(parts, session.endsAt))
  return answer
}

/** Signs the session's newest token and hands it over as the listener has it. */
export async function handOver(parts: ApiParts, c: ApiContext, session: PersonSession) {
  const { token, expiresAt }: SessionToken = await signSessionToken(parts.tokens, session)
  const isBrowser = c.get('listener') === 'browser'
  if (isBrowser) setCookie(c, SESSION_COOKIE, token, secondsTo(parts, expiresAt))
  return {
    user: session.user,
    provider: session.provider,
    signedInAt: session.signedInAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    endsAt: session.endsAt.toISOString(),
    ...(isBrowser ? {} : { token }),
  }
}

function secondsTo({ context }: ApiParts, end: Date): number {
  return Math.max(0, Math.floor((end.getTime() - context.clock.now().getTime()) / 1000))
}
