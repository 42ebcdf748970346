// OCSP over TLS, in processor time of the service: a kept answer against a handler that does nothing, and one that is signed afresh
// against a handler that only signs. All of them in turn, several times over, on the same listener code and the same core: what one of
// them suffers from neighbours the others suffer too.
import { once } from 'node:events'
import { join } from 'node:path'
import { serialBytes, parseSerialNumber } from '../../src/domain/serial-number.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { encodeCertId } from '../../src/x509/ocsp-cert-id.ts'
import { encodeOcspRequest } from '../../src/x509/ocsp-request.ts'
import { type BenchOptions, type Benchmark, type Figure, median, quantile } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import type { LoadResult } from './load.ts'
import { CLIENT_CORE, NODE, runPinned, SERVICE_CORE, spawnPinned } from './pinned.ts'
import { populate } from './population.ts'
import type { RepeatOrder } from './repeat-load.ts'

const CONNECTIONS = 16
const CERTIFICATES = 10_000
const ROUNDS = 9
const WARM_UP = { answers: 20_000, atMostSeconds: 30 }
/** The caches were given to another meanwhile. */
const WARM_AGAIN = { answers: 2_000, atMostSeconds: 10 }

export const ocsp: Benchmark = {
  name: 'ocsp',
  measures: `OCSP over TLS, one core, ${CERTIFICATES.toLocaleString('en')} revoked certificates: kept answers against an empty handler, those signed afresh against a handler that signs`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

/** What is asked for, in the order of a round. */
const WAYS = ['kept', 'empty', 'constant', 'fresh', 'signed'] as const

type Way = (typeof WAYS)[number]

interface Place {
  readonly port: number
  readonly path: string
  readonly pid: number
}

async function measure(installation: BenchInstallation, options: BenchOptions): Promise<readonly Figure[]> {
  options.say('filling the database')
  await populate(installation, { members: 100, certificates: CERTIFICATES, revoked: CERTIFICATES })
  await installation.serve(options.profileFolder)
  const kept = await pathFor(installation, undefined)
  const fresh = await pathFor(installation, new Uint8Array(32))
  return withConstants(installation, kept, async ({ port, pid }) => {
    const service = { port: installation.ports.https, pid: installation.pid }
    const places: Readonly<Record<Way, Place>> = {
      kept: { ...service, path: kept },
      empty: { port, pid, path: '/empty' },
      constant: { port, pid, path: '/constant' },
      fresh: { ...service, path: fresh },
      signed: { port, pid, path: '/signed' },
    }
    return figuresOf(await inRounds(installation, options, places))
  })
}

async function inRounds(
  { server }: BenchInstallation,
  options: BenchOptions,
  places: Readonly<Record<Way, Place>>,
): Promise<Readonly<Record<Way, readonly LoadResult[]>>> {
  const results: Record<Way, LoadResult[]> = { kept: [], empty: [], constant: [], fresh: [], signed: [] }
  for (let round = 0; round < ROUNDS; round += 1) {
    options.say(`round ${round + 1} of ${ROUNDS}`)
    for (const way of WAYS) {
      const { port, path, pid } = places[way]
      const order: RepeatOrder = {
        server: { ...server, port },
        connections: CONNECTIONS,
        method: 'GET',
        path,
        warmUp: round === 0 ? WARM_UP : WARM_AGAIN,
        clients: 'awake',
        seconds: options.seconds / ROUNDS,
        pid,
      }
      results[way].push(await runPinned<LoadResult>(CLIENT_CORE, 'repeat-load.ts', order))
    }
  }
  return results
}

function figuresOf(results: Readonly<Record<Way, readonly LoadResult[]>>): readonly Figure[] {
  const rate = (way: Way): number => median(results[way].map(({ answers, seconds }) => answers / seconds))
  // Neighbours only ever add to it: the quarter of the rounds that they disturbed least says most.
  const used = (way: Way): number =>
    quantile(
      results[way].map(({ answers, serviceSeconds }) => (serviceSeconds * 1e6) / answers),
      0.25,
    )
  return [
    { name: 'kept answers', value: rate('kept'), unit: '/s' },
    { name: 'answers signed afresh', value: rate('fresh'), unit: '/s' },
    { name: 'empty answers', value: rate('empty'), unit: '/s' },
    { name: 'processor time of a kept answer', value: used('kept'), unit: 'µs' },
    { name: 'of an empty answer', value: used('empty'), unit: 'µs' },
    { name: 'of a constant with the headers and octets of a kept answer', value: used('constant'), unit: 'µs' },
    {
      name: 'share of the empty handler',
      value: used('empty') / used('kept'),
      unit: '',
      target: { kind: 'at-least', value: 0.8 },
    },
    { name: 'share of the constant', value: used('constant') / used('kept'), unit: '' },
    { name: 'processor time of an answer signed afresh', value: used('fresh'), unit: 'µs' },
    { name: 'of a handler that only signs', value: used('signed'), unit: 'µs' },
    {
      name: 'share of the signing bound',
      value: used('signed') / used('fresh'),
      unit: '',
      target: { kind: 'at-least', value: 0.5 },
    },
  ]
}

/** An administrator's own certificate, which is good. */
async function pathFor({ administrator, ports }: BenchInstallation, nonce: Uint8Array | undefined): Promise<string> {
  const leaf = parseCertificate(derOf(administrator.certificate))
  const answer = await fetch(`http://127.0.0.1:${ports.http}/pki/ca/users-1.cer`)
  const { tbs } = parseCertificate(new Uint8Array(await answer.arrayBuffer()))
  const issuer = { name: tbs.subjectEncoded, keyBytes: tbs.publicKey.keyBytes }
  const id = encodeCertId('sha1', issuer, serialBytes(parseSerialNumber(leaf.tbs.serialHex)))
  const request = Buffer.from(encodeOcspRequest([id], nonce)).toString('base64')
  return `/pki/ocsp/${encodeURIComponent(request)}`
}

function derOf(chain: string): Buffer {
  const [first = ''] = /-----BEGIN CERTIFICATE-----([^-]+)/.exec(chain)?.slice(1) ?? []
  return Buffer.from(first, 'base64')
}

/** The handlers that OCSP is held against, in a process of their own on the service's core, started as the service is. */
async function withConstants<Result>(
  { configFile, ports }: BenchInstallation,
  path: string,
  use: (constants: { readonly port: number; readonly pid: number }) => Promise<Result>,
): Promise<Result> {
  const kept = await fetch(`http://127.0.0.1:${ports.http}${path}`)
  const body = Buffer.from(await kept.arrayBuffer()).toString('base64')
  const dropped = new Set(['connection', 'date', 'keep-alive'])
  const headers = JSON.stringify(Object.fromEntries([...kept.headers].filter(([name]) => !dropped.has(name))))
  const script = join(import.meta.dirname, 'constant-ocsp.ts')
  const words = ['--max-semi-space-size=32', '--disable-warning=ExperimentalWarning', script, configFile, headers, body]
  const child = spawnPinned(SERVICE_CORE, NODE, words)
  if (child.stdout === null) throw new Error('no output to read')
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  try {
    return await use({ port: Number(said.toString()), pid: child.pid ?? 0 })
  } finally {
    child.kill('SIGKILL')
  }
}
