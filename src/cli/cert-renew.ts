// `signet cert renew` and `signet cert rekey`: by mutual TLS, with the certificate that is to be followed by another. The files
// it lies in are replaced, each whole or not at all. A new key lies beside the old one until its certificate is there, and is
// taken again by the next try: the service gives whoever lost its answer the same certificate.
import { existsSync, renameSync } from 'node:fs'
import { Command, Option } from 'commander'
import { KEY_ALGORITHMS } from '../domain/key-algorithm.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { parsePemBundle } from '../x509/pem.ts'
import { durationArgument } from './arguments.ts'
import { linesOf } from './cert-issue.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { WrongUsage } from './refused.ts'
import {
  type ClientPair,
  clientPairOf,
  openClient,
  type ServiceOptions,
  withServiceOptions,
} from './service-options.ts'

interface Options extends ServiceOptions {
  readonly out?: string
  readonly keyOut?: string
  readonly algorithm?: string
  /** Seconds. */
  readonly lifetime?: number
  readonly plan?: boolean
}

export function certRenewCommand(host: Host): Command {
  const command = withRenewalOptions(new Command('renew'))
    .description('get another certificate for the same key, with the certificate itself')
    .action((options: Options) => renew(options, host))
  return withExample(
    withServiceOptions(command),
    'signet cert renew --client-cert alice.pem --client-key alice.key',
    'signet cert renew --client-cert alice.pem --client-key alice.key --out new.pem --plan',
  )
}

export function certRekeyCommand(host: Host): Command {
  const command = withRenewalOptions(new Command('rekey'))
    .description('get a certificate for a new key, which is made here; the one before is revoked after the overlap')
    .option('--key-out <file>', 'where the new key goes, PEM (default: in place of the old one)')
    .addOption(
      new Option('--algorithm <name>', 'algorithm of the new key')
        .choices([...KEY_ALGORITHMS.keys()])
        .default('ec-p256'),
    )
    .action((options: Options) => rekey(options, host))
  return withExample(
    withServiceOptions(command),
    'signet cert rekey --client-cert model.pem --client-key model.key --plan',
  )
}

function withRenewalOptions(command: Command): Command {
  return command
    .option('--out <file>', 'where certificate and chain go, PEM (default: in place of the old ones)')
    .option('--lifetime <duration>', 'how long it shall be valid (default: as its profile says)', durationArgument)
    .option('--plan', 'say what would be done, and do nothing')
}

async function renew(options: Options, host: Host): Promise<void> {
  const pair = pairOf(options, host)
  const out = options.out ?? pair.certificate
  const { certificate: before, subject } = await readSubject(pair)
  if (options.plan === true) {
    printPlan(host, options, { act: 'renew', subject, serial: before.tbs.serialHex, certificateFile: out })
    return
  }
  const client = await openClient(options, host)
  const { keepCertificate } = await import('./request-files.ts')
  const issued = await client.write('POST', '/v1/certificates/renew', { lifetimeSeconds: options.lifetime })
  keepCertificate({ csr: '', publicKey: before.tbs.spki, newKey: undefined, out }, issued, 'replace')
  const files = { certificateFile: out, keyFile: pair.key }
  print(host, options, { ...issued.document, ...files }, linesOf(issued, files))
}

async function rekey(options: Options, host: Host): Promise<void> {
  const pair = pairOf(options, host)
  const files = { certificateFile: options.out ?? pair.certificate, keyFile: options.keyOut ?? pair.key }
  const { certificate: before, subject } = await readSubject(pair)
  if (options.plan === true) {
    printPlan(host, options, { act: 'rekey', subject, serial: before.tbs.serialHex, ...files })
    return
  }
  const client = await openClient(options, host)
  const next = `${files.keyFile}.next`
  const { csr, publicKey } = await nextKey(next, options.algorithm ?? 'ec-p256', subject)
  const { keepCertificate } = await import('./request-files.ts')
  const issued = await client.write('POST', '/v1/certificates/rekey', { csr, lifetimeSeconds: options.lifetime })
  keepCertificate({ csr, publicKey, newKey: next, out: files.certificateFile }, issued, 'replace')
  renameSync(next, files.keyFile)
  print(host, options, { ...issued.document, ...files }, linesOf(issued, files))
}

/** The key that a try before this one left, or a new one. */
export async function nextKey(file: string, algorithm: string, commonName: string) {
  const { makeKeyPair, privateKeyPem, publicKeyInfo, readKeyPair } = await import('./key-pair.ts')
  const { makeCertificationRequest } = await import('./certification-request.ts')
  const { SECRET, writeNewAtomically } = await import('./atomic-file.ts')
  const isThere = existsSync(file)
  const keys = isThere ? await readKeyPair(file) : await makeKeyPair(algorithm)
  if (!isThere) writeNewAtomically(file, privateKeyPem(keys), SECRET)
  return { csr: await makeCertificationRequest(keys, commonName), publicKey: publicKeyInfo(keys) }
}

function pairOf(options: Options, host: Host): ClientPair {
  const pair = clientPairOf(options, host)
  if (pair === undefined) throw new WrongUsage('name the certificate and its key: --client-cert, --client-key')
  return pair
}

async function readSubject(pair: ClientPair) {
  const { readText } = await import('./read-file.ts')
  const { refusedBecause } = await import('./refused.ts')
  const { attributeValues } = await import('../x509/distinguished-name.ts')
  const { OID } = await import('../x509/oid.ts')
  const text = await readText(pair.certificate)
  try {
    const [der = new Uint8Array()] = parsePemBundle(text, 'CERTIFICATE')
    const certificate = parseCertificate(der)
    return { certificate, subject: attributeValues(certificate.tbs.subject, OID.commonName)[0] ?? '' }
  } catch (cause) {
    throw refusedBecause(cause, 'client_certificate_unusable', { file: pair.certificate })
  }
}

interface Plan {
  readonly act: 'renew' | 'rekey'
  readonly subject: string
  readonly serial: string
  readonly certificateFile: string
  readonly keyFile?: string
}

function printPlan(host: Host, options: Options, plan: Plan): void {
  const { act, subject, serial, certificateFile, keyFile } = plan
  print(host, options, { plan }, [
    `would ${act} ${subject}, serial ${serial}`,
    `would write ${[certificateFile, ...(keyFile === undefined ? [] : [keyFile])].join(' and ')}`,
    ...(act === 'rekey' ? ['the certificates of the old key would be revoked when the overlap is over'] : []),
  ])
}
