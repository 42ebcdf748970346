// A program gets the session of the person whose browser it opened. Programs alone: a browser has its own already.
import { redeemLoginCode } from '../../enrollment/login-code.ts'
import { clientAddressOf } from '../client-address.ts'
import { secretName } from '../credential-limit.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, bodyRoute, newApi, NONE } from '../route.ts'
import { RedeemBody } from '../schemas.ts'
import { handOver, SessionAnswer } from './sign-in.ts'

export function loginCodeRoutes(parts: ApiParts): Api {
  const api = newApi()
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/session/redeem',
      params: NONE,
      summary: 'The session behind the code that the browser brought, for the program that opened it',
      body: RedeemBody,
      status: 200,
      answer: SessionAnswer,
    }),
    async (c) => {
      const { code, verifier } = c.req.valid('json')
      const address = clientAddressOf(c.get('socket'))
      const attempt = { kind: 'sign-in', credential: secretName(code), address } as const
      const session = await parts.credentialLimit.run(attempt, () => redeemLoginCode(parts.tokens, { code, verifier }))
      return c.json(await handOver(parts, c, session), 200, { 'cache-control': 'no-store' })
    },
  )
  return api
}
