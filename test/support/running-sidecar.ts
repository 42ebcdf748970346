// A sidecar in this process, with everything real: its listener, its line to a service over TLS, the model server behind it.
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import { profileNamed } from '../../src/ca/policy/policy.ts'
import type { Clock } from '../../src/domain/clock.ts'
import type { Mark } from '../../src/http/sidecar/held-policy.ts'
import { type RunningSidecar, startSidecar } from '../../src/main/sidecar.ts'
import { parsePemBundle } from '../../src/x509/pem.ts'
import { agentFor, type ClientIdentity } from './https-client.ts'
import type { TestService } from './test-service.ts'

const POLICY_OID = profileNamed(loadPolicy(new URL('../../ca', import.meta.url).pathname), 'snapshot-signer').policyOid

export interface SidecarSetting {
  readonly service: TestService
  readonly name: string
  readonly deployment: string
  readonly identity: ClientIdentity
  readonly upstream: string
  readonly clock: Clock
  readonly mark?: Mark
}

export interface TestSidecar extends RunningSidecar {
  readonly url: string
  readonly marks: readonly Mark[]
  /** Resolves when the policy that is held fulfils it. */
  until(fulfils: () => boolean): Promise<void>
}

export async function runSidecar(setting: SidecarSetting): Promise<TestSidecar> {
  const { service, identity, clock } = setting
  const marks: Mark[] = []
  const nothing = (): void => undefined
  const running = await startSidecar(
    {
      sidecar: setting.name,
      issuer: service.url,
      roots: parsePemBundle(service.ca, 'CERTIFICATE'),
      policyOid: POLICY_OID,
      mark: setting.mark,
      keep: (mark) => marks.push(mark),
      deployment: setting.deployment,
      upstream: new URL(setting.upstream),
      listen: { host: '127.0.0.1', port: 0 },
      operations: { host: '127.0.0.1', port: 0 },
      material: { certificateChain: identity.certificate, privateKey: identity.key, clientAuthorities: [service.ca] },
      line: { get: (path, accept, signal) => ask(service, identity, path, accept, signal) },
      log: { info: nothing, warn: nothing, error: nothing },
      pause: () => new Promise((over) => setTimeout(over, 20)),
    },
    clock,
  )
  const waiting = new Set<() => void>()
  const before = running.policy.onChange
  running.policy.onChange = () => {
    before()
    for (const look of [...waiting]) look()
  }
  return {
    ...running,
    url: `https://localhost:${String(running.port)}`,
    marks,
    until: (fulfils) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!fulfils()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}

function ask(
  service: TestService,
  identity: ClientIdentity,
  path: string,
  accept: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const agent = agentFor({ ca: service.ca, identity }, false)
    const asked = request(new URL(path, service.url), { agent, headers: { accept }, signal })
    asked.on('response', resolve)
    asked.on('error', reject)
    asked.end()
  })
}
