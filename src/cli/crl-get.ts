// `signet crl get`: keeps the CRL file of a server. It is replaced whole, and only by a CRL that the CA signed, that is in
// force, and that is not older than the one before.
import { Command } from 'commander'
import { checkCrlFileOptions, type CrlFileOptions, withCrlFileOptions } from './crl-file-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { openClient, type ServiceOptions, trustFile, withServiceOptions } from './service-options.ts'

type Options = ServiceOptions & CrlFileOptions

export function crlGetCommand(host: Host): Command {
  const described = new Command('get').description('fetch a CRL, verify it, and replace the file when it is newer')
  const command = withCrlFileOptions(described, 'the file to keep').action((options: Options) => getCrl(options, host))
  return withExample(
    withServiceOptions(command),
    'signet crl get --issuer users-1 --out /etc/nginx/users-1.crl',
    'signet crl get --bundle --out /etc/nginx/crls.pem',
  )
}

async function getCrl(options: Options, host: Host): Promise<void> {
  checkCrlFileOptions(options)
  const { fetchVerifiedCrls } = await import('./verified-crls.ts')
  const { keepCrls } = await import('./kept-crls.ts')
  // What carries its own signature needs no caller.
  const client = await openClient(options, host, 'anonymous')
  const crls = await fetchVerifiedCrls(client, trustFile(options, host), options.issuer, host.clock.now())
  const done = await keepCrls(options.out, crls, {
    format: options.format,
    at: host.clock.now(),
  })
  const kept = crls.map(({ issuer, crl }) => ({
    issuer,
    number: String(crl.number ?? ''),
    thisUpdate: crl.thisUpdate.toISOString(),
    nextUpdate: crl.nextUpdate?.toISOString(),
    revoked: crl.entries.size,
  }))
  const lines = kept.map(({ issuer, number, nextUpdate, revoked }) => {
    return `${issuer}: number ${number}, ${String(revoked)} revoked, until ${nextUpdate ?? ''}`
  })
  print(host, options, { file: options.out, done, crls: kept }, [...lines, `${options.out}: ${done}`])
}
