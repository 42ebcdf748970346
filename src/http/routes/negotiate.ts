// Signing in with a Kerberos ticket (RFC 4559): the client shows a token, and hears one that proves the service. Without a token it is
// told that one is wanted. There is one round alone: nothing is kept between requests.
import { z } from '@hono/zod-openapi'
import { signIn } from '../../enrollment/sign-in.ts'
import { SignInRefused } from '../../enrollment/sign-in-errors.ts'
import type { NegotiateProvider } from '../../enrollment/sign-in-provider.ts'
import { clientAddressOf } from '../client-address.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, type ApiContext, IN_PATH, newApi, NONE, originOf, plainRoute } from '../route.ts'
import { handOverNew, SessionAnswer } from './sign-in.ts'

const CHALLENGE = { 'www-authenticate': 'Negotiate' }

export function negotiateRoutes(parts: ApiParts): Api {
  const api = newApi()
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/login/{provider}/negotiate',
      params: z.strictObject({ provider: IN_PATH }),
      summary: 'Signs in with a Kerberos ticket (Authorization: Negotiate), at a provider that takes them',
      query: NONE,
      status: 200,
      answer: SessionAnswer,
    }),
    async (c) => {
      const provider = negotiateProvider(parts, c.req.valid('param').provider)
      const token = tokenIn(c)
      const address = clientAddressOf(c.get('socket'))
      const attempt = { kind: 'sign-in', credential: `${provider.rules.name} ticket`, address } as const
      const { person, answer } = await parts.credentialLimit.run(attempt, () => accepted(provider, token))
      const signedInAt = parts.context.clock.now()
      const started = await signIn(parts.context, { rules: provider.rules, person, origin: originOf(c), signedInAt })
      const proof = answer === undefined ? '' : ` ${Buffer.from(answer).toString('base64')}`
      const headers = { 'cache-control': 'no-store', 'www-authenticate': `Negotiate${proof}` }
      return c.json(await handOverNew(parts, c, started), 200, headers)
    },
  )
  return api
}

function negotiateProvider({ signIn: { providers } }: ApiParts, name: string): NegotiateProvider {
  const provider = providers.get(name)
  if (provider?.kind !== 'negotiate') throw new SignInRefused('provider_unknown', { provider: name.slice(0, 64) })
  return provider
}

/** Throws `HttpRefused`. */
function tokenIn(c: ApiContext): Uint8Array {
  const [, token] = /^Negotiate ([A-Za-z0-9+/]+={0,2})$/i.exec(c.req.header('authorization') ?? '') ?? []
  if (token === undefined) throw new HttpRefused('sign_in_refused', {}, CHALLENGE)
  return Buffer.from(token, 'base64')
}

async function accepted(provider: NegotiateProvider, token: Uint8Array) {
  try {
    return await provider.accept(token)
  } catch (error) {
    if (error instanceof SignInRefused && error.code === 'sign_in_refused') {
      throw new HttpRefused('sign_in_refused', {}, CHALLENGE)
    }
    throw error
  }
}
