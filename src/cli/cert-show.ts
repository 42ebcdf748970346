// `signet cert show`: a certificate of the inventory by its serial number, or one in a file, which needs no service.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet } from './printed.ts'
import { Refused } from './refused.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'
import { parseSerialNumber, type SerialNumber, SerialRejected } from '../domain/serial-number.ts'

interface Options extends ServiceOptions {
  readonly pem?: boolean
}

export function certShowCommand(host: Host): Command {
  const command = new Command('show')
    .description('show a certificate of the inventory, or of a file')
    .argument('<serial|file>', 'its serial number, or a file in PEM or DER')
    .option('--pem', 'print the certificate alone, PEM')
    .action((what: string, options: Options) => showCertificate(what, options, host))
  return withExample(
    withServiceOptions(command),
    'signet cert show 01a1b2c3d4e5f60718293a4b5c6d7e8f90',
    'signet cert show vision__alice.pem',
  )
}

async function showCertificate(what: string, options: Options, host: Host): Promise<void> {
  const { readBytesIfThere } = await import('./read-file.ts')
  const bytes = await readBytesIfThere(what)
  if (bytes !== undefined) return showFile(bytes, options, host)
  const client = await openClient(options, host)
  const record = await client.get(`/v1/certificates/${serialOf(what)}`)
  const { certificate, ...rest } = record.document
  const fields = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]))
  if (options.pem === true) print(host, options, { certificate }, record.text('certificate').trimEnd().split('\n'))
  else print(host, options, record.document, sheet(fields))
}

async function showFile(bytes: Uint8Array, options: Options, host: Host): Promise<void> {
  const { splitPemOrDer } = await import('./read-file.ts')
  const { describeCertificate } = await import('./described-certificate.ts')
  const { encodePem } = await import('../x509/pem.ts')
  const ders = splitPemOrDer(bytes, 'CERTIFICATE')
  const pems = ders.map((der) => encodePem('CERTIFICATE', der))
  const described = ders.map(describeCertificate)
  const document = { certificates: described.map((one, i) => ({ ...one, certificate: pems[i] })) }
  const lines = described.flatMap((one, i) => [...(i === 0 ? [] : ['']), ...sheet(textsOf(one))])
  print(host, options, document, options.pem === true ? pems.flatMap((pem) => pem.trimEnd().split('\n')) : lines)
}

function textsOf(described: Readonly<Record<string, string | readonly string[]>>): Record<string, string> {
  const shown = Object.entries(described).filter(([, value]) => value.length > 0)
  return Object.fromEntries(shown.map(([name, value]) => [name, typeof value === 'string' ? value : value.join(', ')]))
}

function serialOf(text: string): SerialNumber {
  try {
    return parseSerialNumber(text)
  } catch (error) {
    if (error instanceof SerialRejected) throw new Refused('serial_or_file_unknown', { input: text.slice(0, 80) })
    throw error
  }
}
