// From what the doctor was told to what it found at a live proxy: reads the caller's files, builds the cases, asks them.
import { attributeValues } from '../../x509/distinguished-name.ts'
import { OID } from '../../x509/oid.ts'
import { parseCertificate } from '../../x509/certificate.ts'
import type { Host } from '../host.ts'
import { withProgress } from '../progress.ts'
import { readPemOrDer, readText } from '../read-file.ts'
import { WrongUsage } from '../refused.ts'
import { type ClientPair, trustFile } from '../service-options.ts'
import { readTrustBundle } from '../trust-bundle.ts'
import { makeForeignCopy, type Pair } from './foreign-certificate.ts'
import { type KnownWorld, plainAttempt, proxyCases } from './proxy-case.ts'
import { ProxyClient, type ProxySetting } from './proxy-client.ts'
import { examineProxy } from './proxy-examination.ts'
import { kindOfAnswer, type ProxyKind } from './proxy-kind.ts'
import type { Diagnosis } from './proxy-report.ts'

export interface ProxyOptions {
  readonly ca?: string
  readonly connect?: string
  readonly as?: string
  readonly path: string
  readonly echo?: string
  readonly unprotected: string
  readonly otherHost: string
  readonly gatewayHost?: string
  readonly model?: string
  readonly otherModel?: string
  readonly modelHeader?: string
  readonly apiKeyFile?: string
  readonly revokedCert?: string
  readonly revokedKey?: string
  readonly kind?: ProxyKind
  /** Seconds, for one answer and for all of them. */
  readonly timeout: number
  readonly time: number
}

/** Throws `Refused`, `WrongUsage`. */
export async function diagnoseProxy(
  proxy: URL,
  caller: ClientPair,
  options: ProxyOptions,
  host: Host,
): Promise<Omit<Diagnosis, 'knobs'>> {
  const patient = await readPatient(proxy, caller, options, host)
  const { world, setting } = patient
  const client = new ProxyClient(setting)
  const plain = plainAttempt(world)
  const open = await client.send({ ...plain, shows: 'nothing', call: { ...plain.call, target: world.unprotectedPath } })
  const unprotected = open.kind === 'answered' && open.status < 300 ? 'open' : 'closed'
  const revoked = setting.pairs.revoked === undefined ? 'absent' : 'given'
  const { cases, notAsked } = proxyCases({ world, unprotected, revoked })
  const echo = options.echo === undefined ? 'absent' : 'echoes'
  const examined = await withProgress(host, 'asking the proxy', (say) =>
    examineProxy({ client, plain, echo, clock: host.clock, seconds: options.time, say }, cases),
  )
  const told = open.kind === 'answered' ? kindOfAnswer(open.headers) : undefined
  return { proxy: proxy.origin, kind: options.kind ?? told, examined, notAsked }
}

interface Patient {
  readonly world: KnownWorld
  readonly setting: ProxySetting
}

async function readPatient(proxy: URL, caller: ClientPair, options: ProxyOptions, host: Host): Promise<Patient> {
  const roots = (await readTrustBundle(trustFile(options, host))).map(({ pem }) => pem)
  const own = await readPair(caller)
  const [leaf = new Uint8Array(), issuer = leaf] = await readPemOrDer(caller.certificate, 'CERTIFICATE')
  const foreign = await makeForeignCopy(own.certificate)
  const revoked = await revokedPair(options)
  const names = [options.otherHost, options.gatewayHost].flatMap((name) => name ?? [])
  const world: KnownWorld = {
    host: proxy.host,
    otherHost: options.otherHost,
    path: options.echo ?? options.path,
    unprotectedPath: options.unprotected,
    actingUser: options.as ?? commonNameOf(leaf),
    certificate: leaf,
    // Whose text it is does not matter where the text proves nothing; the caller's own is let in the furthest.
    otherCertificate: leaf,
    foreignCertificate: foreign.der,
    issuer,
    ...(await toldOf(options)),
  }
  const pairs = { own, foreign, ...(revoked === undefined ? {} : { revoked }) }
  const address = addressOf(proxy, options.connect)
  return {
    world,
    setting: { address, names: [proxy.hostname, ...names], roots, pairs, milliseconds: options.timeout * 1000 },
  }
}

async function toldOf(options: ProxyOptions): Promise<Partial<KnownWorld>> {
  const { gatewayHost, model, otherModel, modelHeader, apiKeyFile } = options
  return {
    ...(gatewayHost === undefined ? {} : { gatewayHost }),
    ...(model === undefined ? {} : { model }),
    ...(otherModel === undefined ? {} : { otherModel }),
    ...(modelHeader === undefined ? {} : { modelHeader: modelHeader.toLowerCase() }),
    ...(apiKeyFile === undefined ? {} : { apiKey: (await readText(apiKeyFile)).trim() }),
  }
}

async function readPair({ certificate, key }: ClientPair): Promise<Pair> {
  return { certificate: await readText(certificate), key: await readText(key) }
}

function revokedPair({ revokedCert, revokedKey }: ProxyOptions): Promise<Pair> | undefined {
  if (revokedCert === undefined && revokedKey === undefined) return undefined
  if (revokedCert !== undefined && revokedKey !== undefined)
    return readPair({ certificate: revokedCert, key: revokedKey })
  throw new WrongUsage('a revoked certificate needs its key: --revoked-cert, --revoked-key')
}

function commonNameOf(leaf: Uint8Array): string {
  const [name] = attributeValues(parseCertificate(leaf).tbs.subject, OID.commonName)
  if (name === undefined) throw new WrongUsage('the certificate has no common name: say as whom it acts, with --as')
  return name
}

function addressOf(proxy: URL, connect: string | undefined): ProxySetting['address'] {
  const url = connect === undefined ? proxy : new URL(`https://${connect}`)
  // An IPv6 address stands in brackets in a URL, and without them in a connection.
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port === '' ? 443 : url.port) }
}
