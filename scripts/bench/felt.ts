// How long a revocation takes until it is felt: from the answer to whoever revoked to the first refusal, in the process that did it, by
// OCSP, in a verifier on the feed, and at an nginx whose CRL file `signet crl watch` keeps. Each is measured of the same revocations.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { parseSerialNumber, serialBytes } from '../../src/domain/serial-number.ts'
import { openVerifier, type Verifier, type VerifierOptions } from '../../src/verifier/index.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { encodeCertId } from '../../src/x509/ocsp-cert-id.ts'
import { encodeOcspRequest } from '../../src/x509/ocsp-request.ts'
import { parseOcspResponse } from '../../src/x509/ocsp-response.ts'
import { makeRequest } from './certification-requests.ts'
import { Connection, encodeRequest } from './connection.ts'
import { type BenchOptions, type Benchmark, type Figure, median, quantile } from './figure.ts'
import { addProject, BenchInstallation, type Enrolled, enrolMember, identityOf } from './installation.ts'
import { CLIENT_CORE, freePort, HOME, spawnPinned } from './pinned.ts'
import { populate } from './population.ts'
import { insertRevoked } from './revoked-certificates.ts'

const [ENTRIES, MANY_ENTRIES] = [10_000, 1_000_000]
const REVOCATIONS = 30
const LOOK_MILLISECONDS = 20
const GIVE_UP_MILLISECONDS = 30_000
const NAME = 'web.internal'
const PROJECT = 'leavers'

export const felt: Benchmark = {
  name: 'felt',
  measures: `${REVOCATIONS} revocations until they are refused in the process, by OCSP, by a verifier on the feed and by nginx behind crl watch; ${ENTRIES.toLocaleString('en')} entries`,
  run: (options) =>
    BenchInstallation.during(async (installation) => {
      options.say('filling the database')
      await populate(installation, { members: 100, certificates: ENTRIES, revoked: ENTRIES })
      return measure(installation, options, 2500)
    }),
}

export const feltMillion: Benchmark = {
  name: 'felt-million',
  measures: `the same with ${MANY_ENTRIES.toLocaleString('en')} entries`,
  run: (options) =>
    BenchInstallation.during(async (installation) => {
      options.say('filling the database')
      await installation.serve()
      await installation.stop()
      insertRevoked(installation.databasePath, MANY_ENTRIES)
      // What nginx takes for so long a file is reported, and has no target.
      return measure(installation, options, undefined)
    }),
}

interface Delays {
  readonly process: number
  readonly ocsp: number
  readonly verifier: number
  readonly nginx: number
}

/** `nginxMilliseconds`: its target. */
async function measure(
  installation: BenchInstallation,
  { say }: BenchOptions,
  nginxMilliseconds: number | undefined,
): Promise<readonly Figure[]> {
  await installation.serve()
  const administrator = await installation.connectAdministrator()
  const names = { project: PROJECT, owner: 'olivia' }
  const owner = await Connection.open(installation.server, await addProject(installation, administrator, names))
  const verifier = await openVerifier(verifierOptions(installation))
  const servers = await Servers.start(installation, administrator)
  try {
    say('revoking')
    const delays: Delays[] = []
    for (let number = 0; number < REVOCATIONS; number += 1) {
      const leaver = await enrolMember(installation, administrator, owner, {
        project: PROJECT,
        user: `leaver${number}`,
      })
      delays.push(await delaysOf(installation, owner, leaver, { verifier, servers }))
    }
    return figuresOf(delays, nginxMilliseconds)
  } finally {
    await verifier.close()
    await servers.stop()
    for (const connection of [administrator, owner]) connection.close()
  }
}

function figuresOf(delays: readonly Delays[], nginxMilliseconds: number | undefined): readonly Figure[] {
  const figures = (name: string, values: readonly number[], value: number | undefined): readonly Figure[] => [
    { name: `${name}, median`, value: median(values), unit: 'ms' },
    {
      name: `${name}, 99th percentile`,
      value: quantile(values, 0.99),
      unit: 'ms',
      ...(value === undefined ? {} : { target: { kind: 'at-most', value } as const }),
    },
  ]
  const of = (place: keyof Delays): readonly number[] => delays.map((delay) => delay[place])
  return [
    ...figures('refused in the process', of('process'), 50),
    ...figures('revoked by OCSP', of('ocsp'), 1000),
    ...figures('refused by a verifier on the feed', of('verifier'), 1000),
    ...figures('refused by nginx', of('nginx'), nginxMilliseconds),
  ]
}

async function delaysOf(
  installation: BenchInstallation,
  owner: Connection,
  leaver: Enrolled,
  { verifier, servers }: { readonly verifier: Verifier; readonly servers: Servers },
): Promise<Delays> {
  const caller = await Connection.open(installation.server, leaver)
  const me = encodeRequest('GET', '/v1/me')
  const der = derOf(leaver.certificate)
  const isVerified = (): boolean => verifier.verifyCertificate(der, { ...QUESTION, at: new Date() }).kind === 'verified'
  const isGood = await ocspAsker(installation, leaver)
  if ((await caller.send(me)).status !== 200 || (await servers.visit(leaver)) !== 200) throw new Error('not let in')
  if (!isVerified() || !(await isGood())) throw new Error('not good')
  await owner.ask('POST', `/v1/certificates/${leaver.serial}/revoke`, { reason: 'superseded' })
  const answered = performance.now()
  const since = (at: number): number => Math.max(0, at - answered)
  const [process, ocsp, inVerifier, nginx] = await Promise.all([
    until(async () => (await caller.send(me)).status !== 200, 0).then(since),
    until(async () => !(await isGood()), 1).then(since),
    until(() => Promise.resolve(!isVerified()), 1).then(since),
    until(async () => (await servers.visit(leaver)) !== 200, LOOK_MILLISECONDS).then(since),
  ])
  caller.close()
  return { process, ocsp, verifier: inVerifier, nginx }
}

const QUESTION = { actingUser: { kind: 'credential-itself' }, revocation: 'required' } as const

function verifierOptions({ server, configuration }: BenchInstallation): VerifierOptions {
  return {
    roots: { pem: server.ca },
    from: { url: `https://localhost:${server.port}` },
    trustDomain: configuration.trustDomain,
    accept: { projects: [PROJECT], services: [], administrators: 'refuse' },
  }
}

/** Asks over plain HTTP whether a certificate is good, by the answers that caches get. */
async function ocspAsker({ ports }: BenchInstallation, { certificate }: Enrolled): Promise<() => Promise<boolean>> {
  const [leaf, issuer] = [certificateOf(certificate, 0), certificateOf(certificate, 1)]
  const { subjectEncoded: name, publicKey } = issuer.tbs
  const serial = serialBytes(parseSerialNumber(leaf.tbs.serialHex))
  const id = encodeCertId('sha1', { name, keyBytes: publicKey.keyBytes }, serial)
  const path = encodeURIComponent(Buffer.from(encodeOcspRequest([id], undefined)).toString('base64'))
  return async () => {
    const answer = await fetch(`http://127.0.0.1:${ports.http}/pki/ocsp/${path}`)
    const response = parseOcspResponse(new Uint8Array(await answer.arrayBuffer()))
    const [only] = response.kind === 'basic' ? response.responses : []
    return only?.status.kind === 'good'
  }
}

function certificateOf(chain: string, number: number) {
  const { tbs } = parseCertificate(derOf(chain, number))
  return { tbs }
}

function derOf(chain: string, number = 0): Buffer {
  const blocks = [...chain.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)/g)].map(([, text = '']) => text)
  return Buffer.from(blocks[number] ?? '', 'base64')
}

/** Gives the instant at which it held. */
async function until(holds: () => Promise<boolean>, pauseMilliseconds: number): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > GIVE_UP_MILLISECONDS) throw new Error('a revocation is not felt')
    await new Promise((look) => setTimeout(look, pauseMilliseconds))
  }
  return performance.now()
}

/** nginx that asks for client certificates, and the watch that keeps its CRL file. */
class Servers {
  readonly #port: number
  readonly #ca: string
  readonly #children: readonly ChildProcess[]

  private constructor(port: number, ca: string, children: readonly ChildProcess[]) {
    this.#port = port
    this.#ca = ca
    this.#children = children
  }

  static async start({ folder, ports, server }: BenchInstallation, administrator: Connection): Promise<Servers> {
    const place = join(folder, 'nginx')
    mkdirSync(place)
    const put = (name: string, text: string): string => {
      writeFileSync(join(place, name), text, { mode: 0o600 })
      return join(place, name)
    }
    await administrator.ask('PUT', `/v1/services/${NAME}`, { systemUser: 'www-data' })
    const asked = makeRequest()
    const issued = await administrator.ask('POST', `/v1/services/${NAME}/certificates`, { csr: asked.pem })
    const { certificate, key } = identityOf(issued, asked.key)
    put('server.pem', certificate)
    put('server.key', key)
    const ca = put('ca.pem', server.ca)
    const port = await freePort()
    const hook = `[ ! -e ${join(place, 'pid')} ] || kill -HUP $(cat ${join(place, 'pid')})`
    const watch = spawnPinned(CLIENT_CORE, join(HOME, 'scripts', 'signet'), [
      ...['crl', 'watch', '--bundle', '--out', join(place, 'crls.pem'), '--exec', hook],
      ...['--ca', ca, '--url', `https://localhost:${ports.https}`],
    ])
    watch.stdout?.resume()
    await until(async () => existsSync(join(place, 'crls.pem')), LOOK_MILLISECONDS)
    const words = ['-p', place, '-e', join(place, 'log'), '-c', put('nginx.conf', configuration(place, port))]
    const nginx = spawn('nginx', words, { stdio: 'ignore' })
    const servers = new Servers(port, readFileSync(ca, 'utf8'), [watch, nginx])
    await until(async () => (await servers.visit()) !== 0, LOOK_MILLISECONDS)
    return servers
  }

  /** The status of one request on a connection of its own; 0: there was none. */
  visit(identity?: Enrolled): Promise<number> {
    const shown = identity === undefined ? {} : { cert: identity.certificate, key: identity.key }
    const options = { host: '127.0.0.1', port: this.#port, ca: this.#ca, servername: NAME, agent: false, ...shown }
    return new Promise((told) => {
      const asked = request({ ...options, path: '/' }, (answer) => {
        answer.resume().on('end', () => told(answer.statusCode ?? 0))
      })
      asked.on('error', () => told(0))
      asked.end()
    })
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      const ended = new Promise((done) => child.once('exit', done))
      if (child.exitCode === null && child.kill('SIGTERM')) await ended
    }
  }
}

function configuration(place: string, port: number): string {
  const at = (name: string): string => join(place, name)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${at(kind)};`)
  return `
    daemon off; worker_processes 1; pid ${at('pid')}; ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections 256; }
    http {
      access_log off; ${temporary.join(' ')}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${at('server.pem')}; ssl_certificate_key ${at('server.key')};
        ssl_client_certificate ${at('ca.pem')}; ssl_crl ${at('crls.pem')};
        ssl_verify_client on; ssl_verify_depth 2; ssl_session_tickets off;
        location / { return 200; }
      }
    }`
}
