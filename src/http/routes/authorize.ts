// The decision over HTTP. A model server or a registered proxy names itself by its own service certificate and hands over what its
// caller showed; or a caller asks about itself, and this very request is judged: its connection and its Authorization.
import type { z } from '@hono/zod-openapi'
import type { Socket } from 'node:net'
import type { Route } from '../../access/decision.ts'
import type { ActingUser } from '../../access/facts.ts'
import { type AskedCall, handedOver, putCall } from '../../proxies/asked-call.ts'
import type { PutCall } from '../../proxies/judged-call.ts'
import {
  decisionBody,
  explainedStepBody,
  handedCertificate,
  mayBeTold,
  presentedHere,
  trustAsker,
} from '../ask-about-call.ts'
import { shownFacts } from '../authenticate.ts'
import { clientAddressOf } from '../client-address.ts'
import { AuthorizeBody, DecisionBody } from '../decision-schemas.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, type ApiContext, bodyRoute, newApi, NONE } from '../route.ts'

type Asked = z.output<typeof AuthorizeBody>

export const AUTHORIZE = '/v1/authorize'

export function authorizeRoutes(parts: ApiParts): Api {
  const api = newApi()
  api.openapi(
    bodyRoute({
      method: 'post',
      path: AUTHORIZE,
      params: NONE,
      summary: 'May this caller act as this user on this deployment? Answers 200 whatever the answer.',
      body: AuthorizeBody,
      status: 200,
      answer: DecisionBody,
    }),
    async (c) => {
      const asked = c.req.valid('json')
      const put = await putOf(parts, c, asked)
      return c.json(await (asked.explain ? explained(parts, put) : decided(parts, put)), 200, NOT_KEPT)
    },
  )
  return api
}

const NOT_KEPT = { 'cache-control': 'no-store' }

async function decided(parts: ApiParts, put: PutCall) {
  return decisionBody(await parts.calls.decide(put, 'authorize'))
}

/** It is asked to be looked at, and lets nobody through: it counts for no quota. */
async function explained(parts: ApiParts, put: PutCall) {
  const { decision, steps } = await parts.calls.explain({ ...put, counting: 'looked-at' })
  const body = decisionBody({ decision, retryAfterSeconds: undefined })
  return { ...body, reason: decision.reason, explanation: steps.map(explainedStepBody) }
}

/** A body that hands over what a caller showed, and wants no explanation; undefined for every other, good or bad. */
export function handedOverQuestion(body: unknown): HandedOverQuestion | undefined {
  const { success, data } = AuthorizeBody.safeParse(body)
  if (!success || data.explain) return undefined
  const { credential } = data
  return credential === undefined ? undefined : { ...data, credential }
}

export type HandedOverQuestion = Asked & { readonly credential: NonNullable<Asked['credential']> }

/** Of an asker that shows no Authorization. Throws `HttpRefused`. */
export async function usualDecision(parts: ApiParts, socket: Socket, asked: HandedOverQuestion) {
  const route = routeOf(asked)
  await trustAsker(parts, socket, route)
  return decided(parts, putHandedOver(parts, asked, route))
}

async function putOf(parts: ApiParts, c: ApiContext, asked: Asked): Promise<PutCall> {
  const route = routeOf(asked)
  if (asked.explain) await mayBeTold(parts, c, route)
  const { credential } = asked
  if (credential === undefined) return putCall({ ...sharedOf(asked, route), ...aboutItself(parts, c, asked, route) })
  if (!asked.explain) {
    if (c.req.header('authorization') !== undefined) throw new HttpRefused('credential_buys_none')
    await trustAsker(parts, c.get('socket'), route)
  }
  return putHandedOver(parts, { ...asked, credential }, route)
}

function putHandedOver(parts: ApiParts, asked: HandedOverQuestion, route: Route): PutCall {
  const { certificate, ...others } = asked.credential
  return putCall({
    ...sharedOf(asked, route),
    asker: 'trusted',
    certificate: handedCertificate(parts, certificate),
    presented: handedOver(others),
    clientAddress: asked.clientAddress,
  })
}

type Shown = Pick<AskedCall, 'asker' | 'certificate' | 'presented' | 'clientAddress'>

/** An Authorization that was shown to be told why is of whoever asks, and no part of the question. */
function aboutItself(parts: ApiParts, c: ApiContext, { explain }: Asked, route: Route): Shown {
  const socket = c.get('socket')
  return {
    asker: 'self',
    certificate: shownFacts(parts, socket),
    presented: explain ? [] : presentedHere(parts, c, route),
    clientAddress: clientAddressOf(socket),
  }
}

function sharedOf(
  { action, method, path, actingUser, delegatedFor }: Asked,
  route: Route,
): Omit<AskedCall, keyof Shown> {
  return { route, action, method, path, actingUser: actingUserOf(actingUser), delegatedFor }
}

function actingUserOf(asked: Asked['actingUser']): ActingUser {
  return typeof asked === 'string' ? { kind: 'named', name: asked } : asked
}

function routeOf({ deployment, host, model }: Asked): Route {
  return { deployment, host, models: model === undefined ? [] : [model] }
}
