// What `signet sidecar` runs: its files read, its line to Signet, and the number that no later process may go below.
import { mkdirSync, statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { loadPolicy } from '../ca/policy/load-policy.ts'
import { profileNamed } from '../ca/policy/policy.ts'
import type { Mark } from '../http/sidecar/held-policy.ts'
import type { SignetLine } from '../http/sidecar/policy-feed.ts'
import { SIDECAR_LIMITS } from '../http/sidecar/sidecar-server.ts'
import type { TlsMaterial } from '../http/tls-context.ts'
import { type RunningSidecar, startSidecar } from '../main/sidecar.ts'
import { openLog } from '../ops/log.ts'
import { SECRET, writeAtomically } from './atomic-file.ts'
import type { Host } from './host.ts'
import { pause } from './pause.ts'
import { readBytesIfThere, readText } from './read-file.ts'
import { Refused } from './refused.ts'
import type { ClientPair } from './service-options.ts'
import type { SidecarCommandOptions } from './sidecar.ts'
import { readTrustBundle } from './trust-bundle.ts'

const OWN_POLICY_FOLDER = new URL('../../ca', import.meta.url).pathname

interface SidecarPlaces {
  readonly url: URL
  readonly pair: ClientPair
  readonly ca: string
}

/** Throws `Refused`, `PolicyRejected`, `ListenerUnavailable`. */
export async function openSidecar(
  name: string,
  options: SidecarCommandOptions,
  places: SidecarPlaces,
  host: Host,
): Promise<RunningSidecar> {
  const roots = await readTrustBundle(places.ca)
  mkdirSync(options.state, { recursive: true, mode: 0o700 })
  const file = join(options.state, 'newest.json')
  const policy = loadPolicy(options.policy ?? OWN_POLICY_FOLDER)
  return startSidecar(
    {
      sidecar: name,
      issuer: places.url.origin,
      roots: roots.map(({ certificate }) => certificate.der),
      policyOid: profileNamed(policy, 'snapshot-signer').policyOid,
      mark: await readMark(file),
      keep: (mark) => writeAtomically(file, `${JSON.stringify(mark)}\n`, SECRET),
      deployment: options.deployment,
      upstream: options.upstream,
      listen: options.listen,
      operations: options.operations,
      material: await materialOf(places),
      line: signetLine(places, options.timeout),
      log: openLog({ level: 'info', clock: host.clock, destination: { write: (line: string) => host.stderr(line) } }),
      pause: (milliseconds, signal) => pause(milliseconds / 1000, signal),
      limits: { ...SIDECAR_LIMITS, upstreamSeconds: options.upstreamTimeout },
    },
    host.clock,
  )
}

/** A file that cannot be read is no beginning: whoever could take it away could bring an old policy back. */
async function readMark(file: string): Promise<Mark | undefined> {
  const bytes = await readBytesIfThere(file)
  if (bytes === undefined) return undefined
  try {
    const mark: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    const members = new Map<string, unknown>(typeof mark === 'object' && mark !== null ? Object.entries(mark) : [])
    const [epoch, seq] = [members.get('epoch'), members.get('seq')]
    if (typeof epoch === 'string' && typeof seq === 'number' && Number.isSafeInteger(seq)) return { epoch, seq }
  } catch {
    // Said below.
  }
  throw new Refused('file_unreadable', { file, reason: 'no epoch and number' })
}

/** Throws `Refused`. */
export async function materialOf({ pair, ca }: Pick<SidecarPlaces, 'pair' | 'ca'>): Promise<TlsMaterial> {
  const roots = await readTrustBundle(ca)
  return {
    certificateChain: await readText(pair.certificate),
    privateKey: await readText(pair.key),
    clientAuthorities: roots.map(({ pem }) => pem),
  }
}

/** Whether the files have changed since it was asked the last time. */
export function changedSince({ certificate, key }: ClientPair): () => boolean {
  const look = (): string =>
    [certificate, key]
      .map((file) => statSync(file, { throwIfNoEntry: false }))
      .map((found) => `${String(found?.ino)} ${String(found?.mtimeMs)}`)
      .join()
  let seen = look()
  return () => {
    const now = look()
    const hasChanged = now !== seen
    seen = now
    return hasChanged
  }
}

/** Each question reads the files anew, so that a certificate that was renewed is shown from then on. */
function signetLine({ url, pair, ca }: SidecarPlaces, timeoutSeconds: number): SignetLine {
  return {
    get: async (path, accept, signal) => {
      const agent = new Agent({
        ca: await readText(ca),
        cert: await readText(pair.certificate),
        key: await readText(pair.key),
        // Said outright, since NODE_TLS_REJECT_UNAUTHORIZED changes only the default.
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
      })
      return ask(new URL(path, url), agent, accept, signal, timeoutSeconds)
    },
  }
}

function ask(
  url: URL,
  agent: Agent,
  accept: string,
  signal: AbortSignal,
  timeoutSeconds: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers: { accept }, signal, timeout: timeoutSeconds * 1000 })
    asked.on('timeout', () => asked.destroy(new Refused('timed_out', { url: url.href })))
    asked.on('response', resolve)
    asked.on('error', reject)
    asked.end()
  })
}
