// Signs in with a browser: it is sent to the provider by the service, and brings a code back to this program, at a loopback address
// (RFC 8252 §7.3). The code is bound to a secret that never leaves this process, so whoever else sees it has nothing.
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import type { ServiceClient } from './client.ts'
import type { Host } from './host.ts'
import { Refused } from './refused.ts'
import { segment } from './segment.ts'
import { ServiceRefused } from './service-refused.ts'

export interface BrowserLogin {
  readonly provider: string
  readonly waitSeconds: number
}

/** The session in the service's answer. Throws `Refused`, `ServiceRefused`. */
export async function loginWithBrowser(client: ServiceClient, asked: BrowserLogin, host: Host): Promise<Answer> {
  const browserUrl = await browserUrlOf(client, asked.provider)
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const brought = Promise.withResolvers<Answer>()
  const server = createServer((request, response) => {
    takeCode(client, request, response, verifier).then((session) => {
      if (session !== undefined) brought.resolve(session)
    }, brought.reject)
  })
  const late = setTimeout(() => brought.reject(new Refused('sign_in_not_finished')), asked.waitSeconds * 1000)
  try {
    const port = await listen(server)
    const begin = new URL(`/v1/login/${segment(asked.provider)}`, browserUrl)
    begin.search = new URLSearchParams({ port: String(port), challenge }).toString()
    host.stderr(`open this in a browser on this machine, and sign in:\n  ${begin.href}\n`)
    return await brought.promise
  } finally {
    clearTimeout(late)
    server.close()
    server.closeAllConnections()
  }
}

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((listening, failed) => {
    server.once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      listening(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

/** The listener for programs says where browsers go. */
async function browserUrlOf(client: ServiceClient, provider: string): Promise<string> {
  try {
    await client.get(`/v1/login/${segment(provider)}`)
  } catch (error) {
    if (!(error instanceof ServiceRefused) || error.code !== 'browsers_only') throw error
    const { browserUrl } = error.facts
    if (typeof browserUrl === 'string' && URL.parse(browserUrl)?.protocol === 'https:') return browserUrl
  }
  throw new Refused('answer_unreadable')
}

/** Any page may call this address: what brings no code of ours is turned away, and the wait goes on. */
async function takeCode(
  client: ServiceClient,
  { method, url = '/' }: IncomingMessage,
  response: ServerResponse,
  verifier: string,
): Promise<Answer | undefined> {
  const code = new URL(url, 'http://127.0.0.1').searchParams.get('code')
  const session = method === 'GET' && code !== null ? await redeemed(client, code, verifier) : undefined
  const [status, said] = session === undefined ? [400, 'This is no sign-in.'] : [200, 'You are signed in. Close this.']
  response.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store', connection: 'close' })
  await new Promise<void>((sent) => response.end(`${said}\n`, sent))
  return session
}

async function redeemed(client: ServiceClient, code: string, verifier: string): Promise<Answer | undefined> {
  try {
    return await client.write('POST', '/v1/session/redeem', { code, verifier })
  } catch (error) {
    if (error instanceof ServiceRefused && error.status < 500) return undefined
    throw error
  }
}
