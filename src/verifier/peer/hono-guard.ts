// A guard for Hono on Node (`@hono/node-server`, which hands Node's request on as `env.incoming`): the identity is `identityOf(c)`, and
// `c.get('identity')` where the application declares that variable.
import { refusalResponse } from './refusal-response.ts'
import { type NodeRequest, type PeerGuard, verifyRequest } from './verify-request.ts'

export interface HonoContextLike {
  readonly env: unknown
  readonly set?: unknown
}

/** Without Node's request there is no connection to look at, and the guard lets nobody in. */
const NO_CONNECTION: NodeRequest = { socket: undefined, rawHeaders: [] }

/** The platform's, where the types of a project have one: the others of the package need neither Node's types nor a browser's. */
export type FetchResponse = typeof globalThis extends { Response: new (...given: never[]) => infer Made } ? Made : never

export function guardHono<Context extends HonoContextLike>(
  guard: PeerGuard<Context>,
): (c: Context, next: () => Promise<void>) => Promise<FetchResponse | undefined> {
  return async (c, next) => {
    const verdict = verifyRequest(incomingOf(c.env) ?? NO_CONNECTION, guard, c)
    if (verdict.kind === 'refused') {
      const { status, headers, body } = refusalResponse(verdict)
      return new Response(body, { status, headers })
    }
    // Its type is the application's: which variables there are is not known here.
    if (typeof c.set === 'function') Reflect.apply(c.set, c, ['identity', verdict.identity])
    await next()
    return undefined
  }
}

function incomingOf(env: unknown): NodeRequest | undefined {
  if (typeof env !== 'object' || env === null || !('incoming' in env)) return undefined
  const { incoming } = env
  return isNodeRequest(incoming) ? incoming : undefined
}

function isNodeRequest(value: unknown): value is NodeRequest {
  return typeof value === 'object' && value !== null && 'rawHeaders' in value && Array.isArray(value.rawHeaders)
}
