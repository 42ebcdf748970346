// Signing in at a provider that the browser is sent to, and what it comes back with. Only the listener for browsers does it: the
// attempt is in a cookie of that browser, and so is the session afterwards, unless a program on the person's machine opened the
// browser: it gets a code, at its own loopback address (RFC 8252 §7.3), and exchanges that for the session.
import { z } from '@hono/zod-openapi'
import { timingSafeEqual } from 'node:crypto'
import { makeLoginCode } from '../../enrollment/login-code.ts'
import { signIn, type StartedSession } from '../../enrollment/sign-in.ts'
import { attemptOf, beginAttempt, type SignInAttempt } from '../../enrollment/sign-in-attempt.ts'
import { SignInRefused } from '../../enrollment/sign-in-errors.ts'
import type { RedirectProvider } from '../../enrollment/sign-in-provider.ts'
import { clientAddressOf } from '../client-address.ts'
import { ATTEMPT_COOKIE, cookieOf, setCookie } from '../cookies.ts'
import { secretName } from '../credential-limit.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, type ApiContext, IN_PATH, newApi, originOf, redirectRoute } from '../route.ts'
import { LoginStart } from '../schemas.ts'
import { handOverNew } from './sign-in.ts'

/** Where a browser that signed in goes: nothing that a request brings has a say in it. */
const AFTER_SIGN_IN = '/v1/me'

const PROVIDER = z.strictObject({ provider: IN_PATH })

/** Nobody keeps the answer, and no page is told the address that it came from: codes stand in it. */
const SECRET_ADDRESS = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }

export function redirectSignInRoutes(parts: ApiParts): Api {
  const api = newApi()
  addBegin(api, parts)
  addCallback(api, parts)
  return api
}

function addBegin(api: Api, parts: ApiParts): void {
  api.openapi(
    redirectRoute({
      path: '/v1/login/{provider}',
      params: PROVIDER,
      query: LoginStart,
      summary: 'Sends a browser to the provider. On the listener for browsers.',
      status: 302,
    }),
    async (c) => {
      requireBrowserListener(parts, c)
      const provider = redirectProvider(parts, c.req.valid('param').provider)
      const { port, challenge } = c.req.valid('query')
      const program = port === undefined || challenge === undefined ? undefined : { port: Number(port), challenge }
      const { name } = provider.rules
      const { token, secrets } = await beginAttempt(parts.tokens, name, program)
      const redirectUri = callbackOf(parts, name)
      // A program's browser may be one that somebody else's link opened: it does not sign in unseen.
      const login = program === undefined ? 'as-it-is' : 'again'
      const url = await provider.begin(secrets, { redirectUri, login })
      setCookie(c, ATTEMPT_COOKIE, token, parts.context.policy.credentials.signIn.attemptSeconds)
      return sendOn(c, url, 302)
    },
  )
}

function addCallback(api: Api, parts: ApiParts): void {
  api.openapi(
    redirectRoute({
      path: '/v1/login/{provider}/callback',
      params: PROVIDER,
      // What else a provider says is its own affair.
      query: z.looseObject({}),
      summary: 'Takes a browser back from the provider. On the listener for browsers.',
      status: 303,
    }),
    async (c) => {
      requireBrowserListener(parts, c)
      const provider = redirectProvider(parts, c.req.valid('param').provider)
      const token = cookieOf(c, ATTEMPT_COOKIE)
      const address = clientAddressOf(c.get('socket'))
      const credential = `${provider.rules.name} ${secretName(token ?? '')}`
      const started = await parts.credentialLimit.run({ kind: 'sign-in', credential, address }, () =>
        cameBack(parts, c, provider, token),
      )
      setCookie(c, ATTEMPT_COOKIE, '', 0)
      const { program } = started.attempt
      if (program === undefined) {
        await handOverNew(parts, c, started)
        return sendOn(c, new URL(AFTER_SIGN_IN, parts.signIn.browserUrl), 303)
      }
      const code = await makeLoginCode(parts.tokens, started.session, program.challenge)
      return sendOn(c, new URL(`http://127.0.0.1:${String(program.port)}/?code=${code}`), 303)
    },
  )
}

interface CameBack extends StartedSession {
  readonly attempt: SignInAttempt
}

/** Throws `SignInRefused` and what `signIn` throws. */
async function cameBack(
  parts: ApiParts,
  c: ApiContext,
  provider: RedirectProvider,
  token: string | undefined,
): Promise<CameBack> {
  const attempt = await attemptOf(parts.tokens, token, provider.rules.name)
  const callback = new URL(callbackOf(parts, provider.rules.name))
  callback.search = new URL(c.req.url).search
  requireState(callback, attempt)
  const person = await provider.finish(callback, attempt.secrets)
  const started = await signIn(parts.context, {
    rules: provider.rules,
    person,
    origin: originOf(c),
    signedInAt: parts.context.clock.now(),
    single: attempt,
  })
  return { ...started, attempt }
}

/** Before anybody is asked: what another browser began, or a page made up, does not make us speak to the provider. */
function requireState({ searchParams }: URL, { secrets }: SignInAttempt): void {
  const [state = '', ...others] = searchParams.getAll('state')
  const [shown, own] = [Buffer.from(state), Buffer.from(secrets.state)]
  if (others.length > 0 || shown.length !== own.length || !timingSafeEqual(shown, own)) {
    throw new SignInRefused('sign_in_refused')
  }
}

/** One for each provider: an answer of one cannot be brought to another (RFC 9700 §4.4.2.2). */
function callbackOf({ signIn: { browserUrl } }: ApiParts, provider: string): string {
  return `${browserUrl}/v1/login/${provider}/callback`
}

function redirectProvider({ signIn: { providers } }: ApiParts, name: string): RedirectProvider {
  const provider = providers.get(name)
  if (provider?.kind !== 'redirect') throw new SignInRefused('provider_unknown', { provider: name.slice(0, 64) })
  return provider
}

function requireBrowserListener({ signIn: { browserUrl } }: ApiParts, c: ApiContext): void {
  if (c.get('listener') !== 'browser') throw new HttpRefused('browsers_only', { browserUrl })
}

function sendOn(c: ApiContext, to: URL, status: 302 | 303): Response {
  return c.body(null, status, { ...SECRET_ADDRESS, location: to.href })
}
