// OCSP over TLS, in processor time of the service: a kept answer against an empty handler on the same kind of listener, and one
// that is signed afresh against the signature alone.
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { serialBytes, parseSerialNumber } from '../../src/domain/serial-number.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { encodeCertId } from '../../src/x509/ocsp-cert-id.ts'
import { encodeOcspRequest } from '../../src/x509/ocsp-request.ts'
import type { BenchOptions, Benchmark, Figure } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import type { LoadResult } from './load.ts'
import { CLIENT_CORE, NODE, runPinned, SERVICE_CORE, spawnPinned } from './pinned.ts'
import { populate } from './population.ts'
import type { RepeatOrder } from './repeat-load.ts'

const CONNECTIONS = 16
const CERTIFICATES = 10_000
const WARM_UP = { answers: 20_000, atMostSeconds: 30 }
/** Of a ResponseData with one certificate and a nonce. */
const SIGNED_BYTES = 200

export const ocsp: Benchmark = {
  name: 'ocsp',
  measures: `OCSP over TLS, one core, ${CERTIFICATES.toLocaleString('en')} revoked certificates: kept answers against an empty handler, those signed afresh against the signature`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

async function measure(installation: BenchInstallation, options: BenchOptions): Promise<readonly Figure[]> {
  options.say('filling the database')
  await populate(installation, { members: 100, certificates: CERTIFICATES, revoked: CERTIFICATES })
  await installation.serve(options.profileFolder)
  const load = (path: string, pid: number): Promise<LoadResult> =>
    runPinned<LoadResult>(CLIENT_CORE, 'repeat-load.ts', {
      server: installation.server,
      connections: CONNECTIONS,
      method: 'GET',
      path,
      warmUp: WARM_UP,
      clients: 'awake',
      seconds: options.seconds,
      pid,
    } satisfies RepeatOrder)
  options.say('asking for what is kept')
  const kept = await load(await pathFor(installation, undefined), installation.pid)
  options.say('asking with a nonce')
  const fresh = await load(await pathFor(installation, new Uint8Array(32)), installation.pid)
  await installation.stop()
  options.say('asking an empty handler')
  const empty = await withEmptyHandler(installation, (pid) => load('/empty', pid))
  return figuresOf(kept, fresh, empty)
}

function figuresOf(kept: LoadResult, fresh: LoadResult, empty: LoadResult): readonly Figure[] {
  const rate = ({ answers, seconds }: LoadResult): number => answers / seconds
  const used = ({ serviceSeconds, answers }: LoadResult): number => (serviceSeconds * 1e6) / answers
  const signature = signatureMicroseconds()
  return [
    { name: 'kept answers', value: rate(kept), unit: '/s' },
    { name: 'answers signed afresh', value: rate(fresh), unit: '/s' },
    { name: 'empty answers', value: rate(empty), unit: '/s' },
    { name: 'processor time of a kept answer', value: used(kept), unit: 'µs' },
    { name: 'processor time of an empty answer', value: used(empty), unit: 'µs' },
    {
      name: 'share of the empty handler',
      value: used(empty) / used(kept),
      unit: '',
      target: { kind: 'at-least', value: 0.8 },
    },
    { name: 'processor time of an answer signed afresh', value: used(fresh), unit: 'µs' },
    { name: 'a signature and an empty answer', value: signature + used(empty), unit: 'µs' },
    {
      name: 'share of the signing bound',
      value: (signature + used(empty)) / used(fresh),
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

/** Processor time of one ECDSA signature on P-256 by node:crypto, in this process. */
function signatureMicroseconds(): number {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const bytes = Buffer.alloc(SIGNED_BYTES, 0x30)
  const signed = (count: number): void => {
    for (let number = 0; number < count; number += 1) sign('sha256', bytes, privateKey)
  }
  signed(2_000)
  const began = process.cpuUsage()
  signed(20_000)
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 20_000
}

async function withEmptyHandler<Result>(
  installation: BenchInstallation,
  use: (pid: number) => Promise<Result>,
): Promise<Result> {
  const script = join(import.meta.dirname, 'constant-route.ts')
  const child = spawnPinned(SERVICE_CORE, NODE, [script, installation.configFile])
  if (child.stdout === null) throw new Error('no output to read')
  await once(child.stdout, 'data')
  try {
    return await use(child.pid ?? 0)
  } finally {
    child.kill('SIGKILL')
  }
}
