// `/authz/*`: a proxy asks about the call that it holds. nginx auth_request; Traefik and Caddy forward-auth; Envoy ext_authz over HTTP
// (spec of each in docs/proxies.md). Who asks is the certificate of its own connection, and nothing that it says counts before that.
//
// Found by the raw target, before any routing: Envoy puts the caller's own path behind our prefix, and a router that resolves `..` in
// it would run another route with the proxy's identity. And answered on the connection itself: a framework's request and response
// cost more than the decision, and every model call waits for this.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CertificateFacts } from '../access/facts.ts'
import { REASONS } from '../access/reasons.ts'
import { readBodyModel } from '../proxies/body-model.ts'
import type { CallAnswer } from '../proxies/call-answer.ts'
import type { ToldCall } from '../proxies/told-call.ts'
import { headersOfRaw } from '../proxies/told-headers.ts'
import { admissionAnswer, type AdmissionQuestion, admissionQuestion } from './admission-review.ts'
import { give, type Reply as WholeReply } from './first.ts'
import { shownCertificate, shownFacts } from './authenticate.ts'
import type { ApiParts } from './parts.ts'
import { problemOf } from './problem.ts'
import type { ProblemCode } from './problems.ts'
import { readBody } from './read-body.ts'
import { makeRequestId } from './request-id.ts'

type ProxyWay = 'nginx' | 'forward-auth' | 'envoy-http'

interface ProxyEndpoint {
  readonly way: ProxyWay
  /** For metrics, and as the table of permissions has it. */
  readonly route: string
  /** Whether the question has a method of its own, which tells nothing of the call (row A16), or that of the call. */
  readonly methods: 'own' | 'of-the-call'
  readonly tell: (incoming: IncomingMessage) => Told
  readonly respond: (answer: CallAnswer, as: Written) => Reply
}

type Reply = Omit<WholeReply, 'encoding'>

/** How the answer is written down. */
interface Written {
  readonly requestId: string
  readonly admission: AdmissionQuestion | undefined
}

type Told = Pick<ToldCall, 'method' | 'target' | 'normalizedPath' | 'host'>

const ENVOY = '/authz/envoy'

/** By the path in front of the query. */
const ENDPOINTS: ReadonlyMap<string, ProxyEndpoint> = new Map([
  ['/authz/nginx', { way: 'nginx', route: '/authz/nginx', methods: 'own', tell: toldByNginx, respond: forNginx }],
  [
    '/authz/forward-auth',
    { way: 'forward-auth', route: '/authz/forward-auth', methods: 'own', tell: toldByTraefik, respond: forProxy },
  ],
])
const OWN_METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'POST'])
const OF_ENVOY: ProxyEndpoint = {
  way: 'envoy-http',
  route: '/authz/envoy/{path}',
  methods: 'of-the-call',
  tell: toldByEnvoy,
  respond: forEnvoy,
}

export function isProxyCall(rawTarget: string): boolean {
  return rawTarget.startsWith('/authz/')
}

/** Answers whatever comes: nobody asks twice. Never rejects. */
export async function answerProxyCall(
  parts: ApiParts,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const started = performance.now()
  const requestId = makeRequestId()
  const endpoint = endpointOf(incoming)
  const route = endpoint?.route ?? '/authz'
  const reply =
    endpoint === undefined
      ? problem('not_found', requestId)
      : await answered(parts, incoming, endpoint, requestId).catch((error: unknown) =>
          failed(parts, incoming, error, { requestId, route }),
        )
  parts.observer.request(route, incoming.method ?? '', reply.status, (performance.now() - started) / 1000)
  // A body that nobody read: its end is not waited for.
  const end = incoming.complete || !hasBody(incoming) ? [] : ['connection', 'close']
  const headers = ['x-request-id', requestId, ...reply.headers, ...end]
  give(outgoing, { ...reply, headers, encoding: 'utf8' }, (error) => parts.observer.failed(error, { requestId, route }))
}

/** What the client broke off is no fault of ours, and nobody reads the answer. */
function failed(
  { observer }: ApiParts,
  incoming: IncomingMessage,
  error: unknown,
  facts: { readonly requestId: string; readonly route: string },
): Reply {
  const isBrokenOff = incoming.destroyed && !incoming.complete
  if (!isBrokenOff) observer.failed(error, facts)
  return problem(isBrokenOff ? 'request_unreadable' : 'internal', facts.requestId)
}

function problem(code: ProblemCode, requestId: string): Reply {
  const document = problemOf(code, {}, requestId)
  return { status: document.status, headers: PROBLEM_HEADERS, body: JSON.stringify(document) }
}

function endpointOf({ url = '', method }: IncomingMessage): ProxyEndpoint | undefined {
  if (url.startsWith(`${ENVOY}/`)) return OF_ENVOY
  const query = url.indexOf('?')
  const endpoint = ENDPOINTS.get(query < 0 ? url : url.slice(0, query))
  return endpoint?.methods === 'own' && !OWN_METHODS.has(method) ? undefined : endpoint
}

async function answered(
  parts: ApiParts,
  incoming: IncomingMessage,
  { tell, way, respond }: ProxyEndpoint,
  requestId: string,
): Promise<Reply> {
  const { socket } = incoming
  const shown = shownFacts(parts, socket)
  const isService = shown !== 'absent' && shown.kind === 'verified' && shown.profile === 'service'
  // Reading takes memory and time, and whoever can be no proxy is refused whatever stands there.
  const body = isService && hasBody(incoming) ? await bodyOf(incoming) : 'none'
  if (body === 'too-large') return problem('body_too_large', requestId)
  noteUse(parts, shown)
  const told: ToldCall = {
    ...tell(incoming),
    headers: headersOfRaw(incoming.rawHeaders),
    deployment: undefined,
    model: modelIn(body, incoming),
    certificate: { kind: 'in-headers' },
    clientAddress: undefined,
  }
  const certificate = shownCertificate(socket) ?? 'absent'
  const admission = typeof body === 'string' ? undefined : admissionQuestion(body)
  return respond(await parts.calls.answer(told, { kind: 'proxy', certificate }, way), { requestId, admission })
}

/** A rotation waits until the proxy asks with its new certificate. */
function noteUse(parts: ApiParts, facts: CertificateFacts | 'absent'): void {
  if (facts === 'absent' || facts.kind === 'refused' || facts.profile !== 'service') return
  parts.sightings.saw(facts.serial, parts.context.clock.now())
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

/** A body is read where the proxy sends one along. */
async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array | 'encoded' | 'too-large'> {
  const { headers } = incoming
  // It only ends when its sender likes, and no proxy of these sends it so.
  if (headers['transfer-encoding'] !== undefined) return 'encoded'
  return Number(headers['content-length']) <= MAX_TOLD_BODY_BYTES ? readBody(incoming) : 'too-large'
}

/** What the body names must agree with the rest. */
function modelIn(body: Uint8Array | 'none' | 'encoded', { headers }: IncomingMessage): ToldCall['model'] {
  if (body === 'none') return 'untold'
  if (body === 'encoded') return { kind: 'refused', fault: 'encoded' }
  const contentEncoding = headers['content-encoding']
  return readBodyModel({ bytes: body, contentType: headers['content-type'], contentEncoding })
}

const MAX_TOLD_BODY_BYTES = 1024 * 1024

/** What a proxy should tell and does not is refused: nothing is skipped because nobody told. */
const UNTOLD = ''

function toldByNginx({ headers }: IncomingMessage): Told {
  return {
    method: single(headers['x-original-method']),
    target: single(headers['x-original-uri']),
    host: single(headers['x-original-host']),
    normalizedPath:
      headers['x-signet-normalized-uri'] === undefined ? undefined : single(headers['x-signet-normalized-uri']),
  }
}

function toldByTraefik({ headers }: IncomingMessage): Told {
  return {
    method: single(headers['x-forwarded-method']),
    target: single(headers['x-forwarded-uri']),
    host: single(headers['x-forwarded-host']),
    normalizedPath: undefined,
  }
}

/** Envoy asks with the caller's own method and Host, and its path behind the prefix. */
function toldByEnvoy({ headers, method, url = '' }: IncomingMessage): Told {
  return { method, target: url.slice(ENVOY.length), host: headers.host, normalizedPath: undefined }
}

/** Of two lines Node makes one text with a comma; the strict reading of all headers refuses the call for that. */
function single(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : UNTOLD
}

/** nginx passes on 401 and 403 alone, and makes 500 of everything else: the status that is meant stands in a header. */
function forNginx(answer: CallAnswer, as: Written): Reply {
  if (answer.status === 200) return responseTo(answer, 200, as, [])
  const status = answer.status === 401 ? 401 : 403
  return responseTo(answer, status, as, [['x-authz-status', String(answer.status)]])
}

function forProxy(answer: CallAnswer, as: Written): Reply {
  return responseTo(answer, answer.status, as, [])
}

/** Envoy takes the names of what must not reach the model server from the answer. */
function forEnvoy(answer: CallAnswer, as: Written): Reply {
  if (answer.status !== 200) return responseTo(answer, answer.status, as, [])
  const toRemove = answer.headersToRemove().join(',')
  return responseTo(answer, 200, as, [['x-envoy-auth-headers-to-remove', toRemove]])
}

function responseTo(
  answer: CallAnswer,
  status: number,
  as: Written,
  more: readonly (readonly [name: string, value: string])[],
): Reply {
  const { body, headers } = contentFor(answer, as)
  const all = [...headers]
  for (const [name, value] of answer.headers) all.push(name, value)
  for (const [name, value] of answer.identity) all.push(name, value)
  // Some proxies pass on one line alone, so all challenges stand in one (RFC 9110 §11.6.1).
  if (answer.challenges.length > 0) all.push('www-authenticate', answer.challenges.join(', '))
  for (const [name, value] of more) all.push(name, value)
  return { status, headers: all, body }
}

function contentFor(answer: CallAnswer, { requestId, admission }: Written): Pick<Reply, 'headers' | 'body'> {
  if (admission !== undefined) return { headers: ADMISSION_HEADERS, body: admissionAnswer(admission, answer) }
  if (answer.status === 200) return { headers: NO_BODY_HEADERS, body: '' }
  return { headers: PROBLEM_HEADERS, body: problemBody(answer.reason, answer.status, requestId) }
}

const NO_BODY_HEADERS = ['cache-control', 'no-store']
const ADMISSION_HEADERS = [...NO_BODY_HEADERS, 'content-type', 'application/json']
const PROBLEM_HEADERS = [...NO_BODY_HEADERS, 'content-type', 'application/problem+json']

/** The code is the reason, in upper case; `status` is the one that is meant, whatever nginx can pass on. */
function problemBody(reason: CallAnswer['reason'], status: number, requestId: string): string {
  const { advice: title } = REASONS[reason]
  return JSON.stringify({ type: `urn:signet:reason:${reason}`, title, status, code: reason, requestId })
}
