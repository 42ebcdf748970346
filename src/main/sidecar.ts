// Joins the parts of a sidecar and runs it: the policy that it holds, the feed that keeps it in step, the listener in front of the
// model server, and on loopback what it says of itself.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemRandom } from '../domain/clock.ts'
import { FailureCounts } from '../domain/failure-counts.ts'
import { limitedAddress } from '../domain/limited-address.ts'
import { HeldPolicy, type HeldPolicyParts } from '../http/sidecar/held-policy.ts'
import { PolicyFeed, type SignetLine } from '../http/sidecar/policy-feed.ts'
import { SidecarFigures } from '../http/sidecar/sidecar-figures.ts'
import { SIDECAR_LIMITS, type SidecarLimits, SidecarServer } from '../http/sidecar/sidecar-server.ts'
import { ListenerUnavailable } from '../domain/listener-unavailable.ts'
import type { Place } from '../http/listener.ts'
import type { TlsMaterial } from '../http/tls-context.ts'
import type { Log } from '../ops/log.ts'
import { CallDesk } from '../proxies/answer-call.ts'
import type { FailedAttempt, FailureLimit } from '../proxies/credential-facts.ts'
import { BcryptThread } from '../tokens/bcrypt-thread.ts'
import { KdfGate } from '../tokens/kdf-gate.ts'
import { PassphraseCheck } from '../tokens/passphrase-check.ts'

export interface SidecarOptions extends Omit<HeldPolicyParts, 'clock'> {
  readonly deployment: string
  readonly upstream: URL
  readonly listen: Place
  readonly operations: Place | 'off'
  readonly material: TlsMaterial
  readonly line: SignetLine
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly limits?: SidecarLimits
}

export interface RunningSidecar {
  readonly port: number
  readonly operationsPort: number | undefined
  readonly policy: HeldPolicy
  readonly server: SidecarServer
  replaceMaterial(material: TlsMaterial): void
  /** Finishes what was accepted, for `seconds` at most. */
  stop(seconds?: number): Promise<void>
}

const STOP_SECONDS = 8
const TICKET_KEY_MILLISECONDS = 3_600_000

/**
 * Takes calls from the beginning: until a snapshot is there each is refused with SNAPSHOT_STALE. Throws `ListenerUnavailable`.
 */
export async function startSidecar(options: SidecarOptions, clock: Clock): Promise<RunningSidecar> {
  const { log, deployment, upstream, limits = SIDECAR_LIMITS } = options
  const policy = new HeldPolicy({ ...options, clock })
  const figures = new SidecarFigures()
  const bcrypt = new BcryptThread()
  const desk = deskOf(policy, figures, bcrypt, clock)
  const watch = {
    passed: (status: number) => figures.passed(status),
    cut: (reason: string) => figures.cut(reason),
    refused: (reason: string) => figures.decided(reason),
    failed: (error: unknown) => log.error({ err: error }, 'a call failed'),
  }
  const parts = { desk, snapshot: policy.snapshot, deployment, upstream, limits, watch }
  const server = await SidecarServer.listen(options.listen, options.material, parts)
  policy.onChange = () => void server.policyChanged()
  const feed = new PolicyFeed({ ...options, policy, watch: feedWatch(log, policy, figures) })
  const operations = await openOperations(options.operations, policy, figures, server)
  feed.start()
  const ticketKeys = setInterval(() => server.rotateTicketKeys(), TICKET_KEY_MILLISECONDS).unref()
  return {
    port: server.port,
    operationsPort: operations === undefined ? undefined : (operations.address() as AddressInfo).port,
    policy,
    server,
    replaceMaterial: (material) => server.replaceMaterial(material),
    stop: async (seconds = STOP_SECONDS) => {
      clearInterval(ticketKeys)
      await feed.stop()
      await server.close(seconds)
      operations?.closeAllConnections()
      operations?.close()
      await bcrypt.close()
    },
  }
}

function deskOf(policy: HeldPolicy, figures: SidecarFigures, bcrypt: BcryptThread, clock: Clock): CallDesk {
  return new CallDesk({
    snapshot: policy.snapshot,
    clock,
    certificates: { verify: (der) => policy.verifyCertificate(der) },
    tokens: { factsOf: (token) => policy.tokenFacts(token) },
    passphrases: new PassphraseCheck({ clock, random: systemRandom, gate: new KdfGate(), bcrypt }),
    // Token keys stay with Signet.
    identity: 'none',
    limit: failureLimit(clock),
    // What Signet knows it says by itself.
    refresh: () => Promise.resolve(),
    observer: { decided: ({ reason }) => figures.decided(reason) },
  })
}

/** As Signet's own by default: failures of one credential from one address, of one address, and of all together. */
const FAILURES = { windowSeconds: 300, ofCredential: 10, ofAddress: 100, together: 10_000, keys: 10_000 } as const

function failureLimit(clock: Clock): FailureLimit {
  const counts = (keys: number): FailureCounts => new FailureCounts(clock, FAILURES.windowSeconds, keys)
  const [byCredential, byAddress, together] = [counts(FAILURES.keys), counts(FAILURES.keys), counts(1)]
  const keysOf = ({ kind, credential, address }: FailedAttempt) => {
    const from = limitedAddress(address)
    return [
      { counted: byCredential, key: `${kind} ${credential} ${from}`, most: FAILURES.ofCredential },
      { counted: byAddress, key: from, most: FAILURES.ofAddress },
      { counted: together, key: '', most: FAILURES.together },
    ] as const
  }
  return {
    waitSeconds: (attempt) => {
      const full = keysOf(attempt).find(({ counted, key, most }) => counted.failures(key) >= most)
      return full?.counted.endsInSeconds(full.key)
    },
    failed: (attempt) => {
      for (const { counted, key } of keysOf(attempt)) counted.add(key)
    },
  }
}

function feedWatch(log: Pick<Log, 'info' | 'warn'>, policy: HeldPolicy, figures: SidecarFigures) {
  let isLost = false
  return {
    followed: (what: 'snapshot' | 'checkpoint') => {
      figures.followed(what)
      if (isLost || what === 'snapshot') log.info({ ...policy.mark, what }, 'in step with Signet')
      isLost = false
    },
    lost: (error: unknown) => {
      figures.lost()
      const leftSeconds = Math.max(0, Math.floor(policy.leftMilliseconds / 1000))
      log.warn({ err: error, leftSeconds: Number.isFinite(leftSeconds) ? leftSeconds : 0 }, 'out of step with Signet')
      isLost = true
    },
  }
}

async function openOperations(
  place: Place | 'off',
  policy: HeldPolicy,
  figures: SidecarFigures,
  sidecar: SidecarServer,
): Promise<Server | undefined> {
  if (place === 'off') return undefined
  const server = createServer((request, response) => {
    const isReady = policy.leftMilliseconds > 0
    const [status, type, body] = operationsAnswer(request.url ?? '/', isReady, () =>
      figures.text({ leftSeconds: policy.leftMilliseconds / 1000, openCalls: sidecar.openCalls }),
    )
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
  })
  await new Promise<void>((listening, failed) => {
    server.once('error', (cause: Error) => failed(new ListenerUnavailable({ ...place }, cause)))
    server.listen(place.port, place.host, () => listening())
  })
  return server
}

function operationsAnswer(
  target: string,
  isReady: boolean,
  figures: () => string,
): readonly [status: number, type: string, body: string] {
  switch (target) {
    case '/healthz':
      return [200, 'application/json', '{"status":"ok"}']
    case '/readyz':
      return [isReady ? 200 : 503, 'application/json', JSON.stringify({ ready: isReady })]
    case '/metrics':
      return [200, 'text/plain; version=0.0.4', figures()]
    default:
      return [404, 'application/json', '{"code":"not_found"}']
  }
}
