// A model server that asks Signet before it answers, and a direct ask. node:https alone: copy what you need.
//
//   node authorize.ts serve PORT               serve the model; each call is decided by Signet
//   node authorize.ts ask ACTING_USER          may I, with the certificate below, act as this user?
//   node authorize.ts ask ACTING_USER FILE     may the holder of this certificate (PEM)? Asked as the model server.
//
//   SIGNET_URL         https://signet.internal:8443
//   SIGNET_CA          trust bundle: `signet trust get`
//   SIGNET_CERT, _KEY  who asks: for `serve` the certificate of the service that serves the deployment
//   SIGNET_DEPLOYMENT  the deployment that is called
//
// `ask` ends with 0 when allowed, 1 when denied, 2 when there was no decision.
import { readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'

interface Decision {
  readonly decision: 'allow' | 'deny'
  /** `ALLOWED`, `CERT_CN_MISMATCH`, `CERT_REVOKED`, … */
  readonly reason: string
  /** Who the caller is, when the certificate says so. */
  readonly subject?: { readonly name: string }
}

const { SIGNET_URL, SIGNET_CA, SIGNET_CERT, SIGNET_KEY, SIGNET_DEPLOYMENT } = process.env
if (!SIGNET_URL || !SIGNET_CA || !SIGNET_CERT || !SIGNET_KEY || !SIGNET_DEPLOYMENT) {
  console.error('set SIGNET_URL, SIGNET_CA, SIGNET_CERT, SIGNET_KEY and SIGNET_DEPLOYMENT')
  process.exit(2)
}
const own = { ca: readFileSync(SIGNET_CA), cert: readFileSync(SIGNET_CERT), key: readFileSync(SIGNET_KEY) }
const authorizeUrl = new URL('/v1/authorize', SIGNET_URL)

// One agent: the TLS connection to Signet is kept, and a decision costs one round trip.
const agent = new Agent({ ...own, keepAlive: true })

/**
 * Asks Signet. `certificate`: what the caller showed on its TLS connection to you, in DER; `undefined` asks about yourself.
 * Rejects when there is no decision (Signet is away, or you may not ask): then nobody may enter.
 */
function decide(actingUser: string, certificate: Uint8Array | undefined): Promise<Decision> {
  const credential = certificate && { certificate: Buffer.from(certificate).toString('base64') }
  const body = JSON.stringify({ credential, actingUser, deployment: SIGNET_DEPLOYMENT })
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const asked = request(authorizeUrl, { method: 'POST', agent, headers, timeout: 5000 }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (text += chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        // 200 whatever the decision; anything else is about the question: a problem document (RFC 9457).
        if (answer.statusCode === 200) resolve(JSON.parse(text) as Decision)
        else reject(new Error(`Signet answered ${String(answer.statusCode)}: ${text}`))
      })
    })
    asked.on('timeout', () => asked.destroy(new Error('Signet did not answer in time')))
    asked.on('error', reject)
    asked.end(body)
  })
}

/** One model call: whom the caller says it acts for stands in a header; who it is, in its certificate. */
async function answerTo(call: IncomingMessage): Promise<[status: number, text: string]> {
  // Two headers would be two answers to one question.
  const [actingUser, ...more] = call.headersDistinct['x-acting-user'] ?? []
  if (actingUser === undefined || more.length > 0) return [400, 'one X-Acting-User, please']
  const certificate = call.socket instanceof TLSSocket ? call.socket.getPeerX509Certificate() : undefined
  if (certificate === undefined) return [401, 'show a client certificate']
  // For each call, also on a connection that was good a moment ago: a revocation counts from the next decision on.
  const { decision, reason, subject } = await decide(actingUser, certificate.raw)
  return decision === 'allow' ? [200, `the model's answer for ${String(subject?.name)}`] : [403, reason]
}

function serve(port: number): void {
  // TLS proves that the caller holds the key. Whether the certificate is good (path, time, revocation) is Signet's to say,
  // so that there is one answer and no list of revocations here.
  const server = createServer({ ...own, requestCert: true, rejectUnauthorized: false }, (call, response) => {
    const answered = answerTo(call).catch((error: unknown): [number, string] => {
      console.error(error)
      return [503, 'no decision'] // Never in doubt for the caller.
    })
    void answered.then(([status, text]) =>
      response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`),
    )
  })
  server.listen(port, '127.0.0.1', () => console.log(`serving on ${String(port)}`))
}

async function ask(actingUser: string, file: string | undefined): Promise<void> {
  const { X509Certificate } = await import('node:crypto')
  const certificate = file === undefined ? undefined : new X509Certificate(readFileSync(file)).raw
  try {
    const { decision, reason } = await decide(actingUser, certificate)
    console.log(`${decision} ${reason}`)
    process.exitCode = decision === 'allow' ? 0 : 1
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  } finally {
    agent.destroy()
  }
}

const [command, first, second] = process.argv.slice(2)
if (command === 'serve' && first !== undefined) serve(Number(first))
else if (command === 'ask' && first !== undefined) await ask(first, second)
else {
  console.error('usage: authorize.ts serve PORT | ask ACTING_USER [FILE]')
  process.exitCode = 2
}
