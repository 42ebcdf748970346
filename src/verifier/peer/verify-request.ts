// One request of a server: under which name it acts, and whether the peer of its connection may. For Node's own `http`, `https` and
// `http2` requests, on which every framework stands.
import type { Verifier } from './open-verifier.ts'
import type { AcceptedPeers, PeerActingUser, RevocationDemand } from './question.ts'
import { type PeerIdentity, type PeerRefusal, type PeerVerdict, refused } from './verdict.ts'

/** What is read of `http.IncomingMessage` and `http2.Http2ServerRequest`. */
export interface NodeRequest {
  readonly socket?: object | null | undefined
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
}

/**
 * Where a request says whom it acts as. A header must stand there once; without it the request acts as nobody, and is refused. A
 * function gives undefined for that.
 */
export type ActingUserFrom<Request> =
  | { readonly header: string }
  | { readonly kind: 'credential-itself' }
  | ((request: Request) => PeerActingUser | undefined)

export interface PeerGuard<Request = object> {
  readonly verifier: Pick<Verifier, 'verifyPeer'>
  readonly actingUser: ActingUserFrom<Request>
  readonly revocation: RevocationDemand
  /** Instead of what the verifier was opened with. */
  readonly accept?: AcceptedPeers
  /** The time of a request. Default: the system's. */
  readonly now?: () => Date
  /** Told of each refusal, for a log. */
  readonly onRefused?: (verdict: PeerRefusal, request: Request) => void
}

/** No certificate has it as its name. */
const NOBODY = ''

const verified = new WeakMap<object, PeerIdentity>()

/** `subject`: what the framework calls the request, which `identityOf` is asked about then. */
export function verifyRequest<Request extends object>(
  raw: NodeRequest,
  guard: PeerGuard<Request>,
  subject: Request,
): PeerVerdict {
  const verdict = judge(raw, guard, subject)
  if (verdict.kind === 'refused') tellRefused(verdict, guard, subject)
  else for (const key of [raw, subject]) verified.set(key, verdict.identity)
  return verdict
}

/** A log that fails changes no verdict, and must not end the server at the call of anyone who is refused. */
function tellRefused<Request>(verdict: PeerRefusal, guard: PeerGuard<Request>, subject: Request): void {
  try {
    guard.onRefused?.(verdict, subject)
  } catch {
    // Its faults are its own.
  }
}

function judge<Request>(raw: NodeRequest, guard: PeerGuard<Request>, subject: Request): PeerVerdict {
  const acting = actingUserOrFault(raw, guard.actingUser, subject)
  if (acting instanceof Error) return refused('PDP_UNAVAILABLE', acting.message)
  if (acting === undefined) return refused('REQUEST_AMBIGUOUS', 'acting-user-twice')
  return guard.verifier.verifyPeer(raw.socket, {
    actingUser: acting,
    at: guard.now?.() ?? new Date(),
    revocation: guard.revocation,
    ...(guard.accept === undefined ? {} : { accept: guard.accept }),
  })
}

/** A function of the application may throw at what a stranger sends. */
function actingUserOrFault<Request>(raw: NodeRequest, from: ActingUserFrom<Request>, subject: Request) {
  try {
    return actingUserOf(raw, from, subject)
  } catch (fault) {
    return fault instanceof Error ? fault : new Error(String(fault))
  }
}

/** Undefined: it says so more than once. */
function actingUserOf<Request>(
  raw: NodeRequest,
  from: ActingUserFrom<Request>,
  subject: Request,
): PeerActingUser | undefined {
  if (typeof from === 'function') return from(subject) ?? NOBODY
  if ('kind' in from) return from
  const values = headerValues(raw.rawHeaders, from.header)
  return values.length > 1 ? undefined : (values[0] ?? NOBODY)
}

/** Every copy, since Node's `headers` keeps the first of some, and joins others. */
function headerValues(rawHeaders: readonly string[], name: string): readonly string[] {
  const wanted = name.toLowerCase()
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === wanted)
}

/**
 * Who calls: of a request (of Node, Express or Fastify), a stream of HTTP/2 or a context of Hono that was let in. Throws for any other:
 * a handler that nobody stands guard over knows nobody.
 */
export function identityOf(request: object): PeerIdentity {
  const identity = verified.get(request)
  if (identity === undefined) throw new Error('signet/verifier: no identity, since no guard has let this request in')
  return identity
}
