// The decision over HTTP. A model server names itself by its own service certificate and hands over what its caller showed
// on its TLS connection; or a caller asks about itself, and the connection of this very request is judged.
import { decide, decideAsker } from '../../access/decide.ts'
import { type Decision, type Question, type Route, UNTOLD_CALL } from '../../access/decision.ts'
import { type ActingUser, certificateAlone, type Credentials, NO_CREDENTIALS } from '../../access/facts.ts'
import { parsePem, PemRejected } from '../../x509/pem.ts'
import type { z } from '@hono/zod-openapi'
import { nowOf, shownFacts } from '../authenticate.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, bodyRoute, newApi, pemOrDer, NONE } from '../route.ts'
import { AuthorizeBody, DecisionBody } from '../schemas.ts'

type Asked = z.output<typeof AuthorizeBody>

export function authorizeRoutes(parts: ApiParts): Api {
  const api = newApi()
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/authorize',
      params: NONE,
      summary: 'May this caller act as this user on this deployment? Answers 200 whatever the answer.',
      body: AuthorizeBody,
      status: 200,
      answer: DecisionBody,
    }),
    async (c) => {
      const asked = c.req.valid('json')
      refuseModel(asked)
      const route = routeOf(asked)
      const shown = shownFacts(parts, c.get('socket'))
      const hasToken = c.req.header('authorization') !== undefined
      if (asked.credential !== undefined) {
        if (hasToken) throw new HttpRefused('credential_buys_none')
        await trustAsker(parts, shown, route)
      }
      const credentials =
        asked.credential === undefined ? shownAs(shown, hasToken) : handedOver(parts, asked.credential)
      const question: Question = {
        asker: asked.credential === undefined ? 'self' : 'trusted',
        call: UNTOLD_CALL,
        route,
        action: 'infer',
        credentials,
        actingUser: actingUserOf(asked.actingUser),
        delegatedFor: undefined,
        callsThisMinute: 0,
      }
      const started = performance.now()
      const decision = await decideFresh(parts, question)
      parts.observer.decided(decision.reason, (performance.now() - started) / 1000)
      return c.json(decisionBody(decision), 200, { 'cache-control': 'no-store' })
    },
  )
  return api
}

/** A deployment serves one model, which it is named for: a second selector that nothing could be held against is refused. */
function refuseModel({ model }: Asked): void {
  if (model !== undefined) throw new HttpRefused('body_rejected', { faults: ['model: deployments have no models yet'] })
}

/** An unknown subject may be one that another process added a moment ago: look once more before saying so. */
async function decideFresh(parts: ApiParts, question: Question): Promise<Decision> {
  const decision = decide(parts.snapshot, question, nowOf(parts))
  if (decision.reason !== 'SUBJECT_UNKNOWN') return decision
  await parts.refresh()
  return decide(parts.snapshot, question, nowOf(parts))
}

/** Throws `HttpRefused` unless the asking server may hand over its callers' certificates for this route. */
async function trustAsker(parts: ApiParts, shown: ReturnType<typeof shownFacts>, route: Route): Promise<void> {
  if (shown === 'absent') throw new HttpRefused('unauthenticated')
  let asker = decideAsker(parts.snapshot, shown, route, nowOf(parts))
  if (asker.kind === 'refused' && (asker.reason === 'SUBJECT_UNKNOWN' || asker.reason === 'PEP_UNTRUSTED')) {
    await parts.refresh()
    asker = decideAsker(parts.snapshot, shown, route, nowOf(parts))
  }
  if (asker.kind === 'trusted') return
  const { reason } = asker
  if (reason === 'PEP_UNTRUSTED') throw new HttpRefused('asker_untrusted', { reason })
  if (reason === 'SNAPSHOT_STALE' || reason === 'PDP_UNAVAILABLE') {
    throw new HttpRefused('temporarily_unavailable', { reason }, { 'retry-after': '1' })
  }
  throw new HttpRefused('client_certificate_refused', { reason })
}

/** Everything that the request itself presents: a token beside a good certificate is not passed over. */
function shownAs(shown: ReturnType<typeof shownFacts>, hasToken: boolean): Credentials {
  if (hasToken) return { certificate: shown, certificateSeen: 'on-this-connection', others: [UNREADABLE] }
  return shown === 'absent' ? NO_CREDENTIALS : certificateAlone(shown)
}

function handedOver(parts: ApiParts, credential: NonNullable<Asked['credential']>): Credentials {
  if ('certificate' in credential) {
    const certificate = parts.clientCertificates.verify(certificateDer(credential.certificate))
    return { certificate, certificateSeen: 'told', others: [] }
  }
  return { ...NO_CREDENTIALS, others: [UNREADABLE] }
}

const UNREADABLE = { kind: 'unreadable' } as const

/** What cannot be read as one PEM block is judged as the bytes it is: malformed, which is an answer and no error. */
function certificateDer(text: string): Uint8Array {
  try {
    const given = pemOrDer(text)
    return typeof given === 'string' ? parsePem(given, 'CERTIFICATE') : given
  } catch (error) {
    if (error instanceof PemRejected || error instanceof HttpRefused) return new Uint8Array()
    throw error
  }
}

function actingUserOf(asked: Asked['actingUser']): ActingUser {
  return typeof asked === 'string' ? { kind: 'named', name: asked } : asked
}

function routeOf({ deployment, host }: Asked): Route {
  if (deployment === undefined && host === undefined) {
    throw new HttpRefused('body_rejected', { faults: ['body: names a deployment or a host'] })
  }
  return { deployment, host, models: [] }
}

function decisionBody(decision: Decision) {
  const { reason, subject, resource, policyRevision } = decision
  const validUntil = decision.decision === 'allow' ? decision.validUntil : undefined
  return {
    decision: decision.decision,
    reason,
    ...(subject === undefined ? {} : { subject: { ...subject } }),
    // A stranger who names a deployment is not told whether there is one.
    ...(resource === undefined || subject === undefined ? {} : { resource }),
    policyRevision,
    ...(validUntil === undefined ? {} : { validUntil: validUntil.toISOString() }),
  }
}
