// The cookies of the listener for browsers. `__Host-` (RFC 6265bis §4.1.3.2): this host alone set them, over TLS, for all of it; no
// neighbour under a common domain can plant one.
import type { ApiContext } from './route.ts'
import { HttpRefused } from './problem.ts'

/** The session token. No script reads it. */
export const SESSION_COOKIE = '__Host-signet-session'
/** What pages show when they write: they read it here. */
export const PAGE_COOKIE = '__Host-signet-page'
/** The attempt to sign in at a provider that the browser was sent to. */
export const ATTEMPT_COOKIE = '__Host-signet-attempt'

type Cookie = typeof SESSION_COOKIE | typeof PAGE_COOKIE | typeof ATTEMPT_COOKIE

/** The one cookie of that name. Throws `HttpRefused` when it came twice: it is not clear which one counts. */
export function cookieOf({ env }: Pick<ApiContext, 'env'>, name: Cookie): string | undefined {
  const pairs = (env.incoming.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const [value, ...others] = pairs.flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []))
  if (others.length > 0) throw new HttpRefused('request_ambiguous', { header: 'cookie' })
  return value === '' ? undefined : value
}

/** Adds one to the answer. An empty value with no seconds takes it away. */
export function setCookie(context: ApiContext, name: Cookie, value: string, maxAgeSeconds: number): void {
  const hidden = name === PAGE_COOKIE ? '' : '; HttpOnly'
  const text = `${name}=${value}; Path=/; Max-Age=${String(maxAgeSeconds)}; Secure; SameSite=Lax${hidden}`
  context.header('set-cookie', text, { append: true })
}
