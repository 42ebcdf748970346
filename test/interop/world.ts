// What every interop test begins with: a real service, three people of one project (a good one, a good one of another name,
// and one to be revoked), and everything as files, for programs that read files.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import type { ClientIdentity } from '../support/https-client.ts'
import { makeCsr } from '../support/csr.ts'
import { type Certified, expectStatus, TestService, type TestServiceOptions } from '../support/test-service.ts'

/** A CRL follows a revocation within a second; the rest is for a busy machine. */
const CRL_WITHIN_MILLISECONDS = 15_000

export interface IdentityFiles {
  /** The leaf alone. */
  readonly leaf: string
  /** Leaf first, then its issuing CA. */
  readonly chain: string
  readonly key: string
}

export class World {
  readonly service: TestService
  readonly folder = mkdtempSync(join(tmpdir(), 'signet-interop-'))
  /** The roots, PEM. */
  readonly trust: string
  #alice: Certified | undefined

  private constructor(service: TestService) {
    this.service = service
    this.trust = this.write('ca.pem', service.ca)
  }

  /** A service with the project `vision`, which `alice` owns. */
  static async start(options: TestServiceOptions = {}): Promise<World> {
    const world = new World(await TestService.start(options))
    world.#alice = await world.service.addProject('vision', 'alice')
    return world
  }

  /** The files and helpers alone, around a service that has its own people. */
  static around(service: TestService): World {
    return new World(service)
  }

  get alice(): Certified {
    if (this.#alice === undefined) throw new Error('the world was not started')
    return this.#alice
  }

  at(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, contents: string | Uint8Array): string {
    writeFileSync(this.at(name), contents, { mode: 0o600 })
    return this.at(name)
  }

  /** A further member of `vision`, added by its owner. */
  member(user: string): Promise<Certified> {
    return this.service.addMember('vision', user, this.alice)
  }

  /** A job of a member, started by a launcher. */
  async startJob(project: string, user: string, launcher: ClientIdentity): Promise<Certified> {
    const csr = await makeCsr()
    const started = await this.service.post('/v1/jobs', { project, user, csr: csr.pem }, launcher)
    const answer = expectStatus(started, 201).json['certificate'] as Record<string, unknown>
    const certificate = String(answer['certificate']) + String(answer['chain'])
    return { certificate, key: csr.key, serial: String(answer['serial']), answer }
  }

  writeIdentity(name: string, { certificate, key }: ClientIdentity): IdentityFiles {
    const [leaf = ''] = splitPem(certificate)
    return {
      leaf: this.write(`${name}.leaf.pem`, leaf),
      chain: this.write(`${name}.pem`, certificate),
      key: this.write(`${name}.key`, key),
    }
  }

  /** Over plain HTTP, as relying servers fetch it. */
  async fetchBytes(path: string): Promise<Buffer> {
    const answer = await fetch(`${this.service.httpUrl}${path}`)
    if (!answer.ok) throw new Error(`${path}: ${String(answer.status)}`)
    return Buffer.from(await answer.arrayBuffer())
  }

  async fetchFile(path: string, name: string): Promise<string> {
    return this.write(name, await this.fetchBytes(path))
  }

  /** The CRLs of all CAs in one PEM file. */
  fetchCrls(name = 'crls.pem'): Promise<string> {
    return this.fetchFile('/pki/crl/bundle.pem', name)
  }

  /** Both issuing CAs, PEM: what stands between a leaf and the root. */
  async fetchIssuers(): Promise<string> {
    const issuers = await Promise.all(['users-1', 'services-1'].map((id) => this.fetchBytes(`/pki/ca/${id}.pem`)))
    return this.write('issuers.pem', Buffer.concat(issuers))
  }

  /** Revokes, and waits until the published CRL has the serial number. */
  async revoke({ serial }: Certified, reason = 'keyCompromise', issuer = 'users-1'): Promise<void> {
    const path = `/v1/certificates/${serial}/revoke`
    expectStatus(await this.service.post(path, { reason }, this.service.admin), 200)
    await vi.waitFor(
      async () => {
        if (!(await this.fetchBytes(`/pki/crl/${issuer}.crl`)).includes(Buffer.from(serial, 'hex'))) {
          throw new Error(`no CRL of ${issuer} has ${serial}`)
        }
      },
      { timeout: CRL_WITHIN_MILLISECONDS, interval: 50 },
    )
  }

  async close(): Promise<void> {
    await this.service.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function splitPem(text: string): string[] {
  return text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n?/g) ?? []
}
