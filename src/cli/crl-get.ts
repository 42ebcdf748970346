// `signet crl get`: keeps the CRL file of a server. It is replaced whole, and only by a CRL that the CA signed, that is in
// force, and that is not older than the one before.
import { Command, Option } from 'commander'
import type { IssuerId } from '../domain/issuer-id.ts'
import { issuerArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { WrongUsage } from './refused.ts'
import { openClient, type ServiceOptions, trustFile, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly issuer?: IssuerId
  readonly bundle?: boolean
  readonly out: string
  readonly format: 'der' | 'pem'
}

export function crlGetCommand(host: Host): Command {
  const command = new Command('get')
    .description('fetch a CRL, verify it, and replace the file when it is newer')
    .option('--issuer <issuer>', 'key generation of the CA: users-1', issuerArgument)
    .addOption(
      new Option('--bundle', 'the CRLs of all CAs in one PEM file (nginx, HAProxy, PostgreSQL)').conflicts('issuer'),
    )
    .requiredOption('--out <file>', 'the file to keep')
    .addOption(new Option('--format <format>', 'of the file; a bundle is PEM').choices(['der', 'pem']).default('pem'))
    .action((options: Options) => getCrl(options, host))
  return withExample(
    withServiceOptions(command),
    'signet crl get --issuer users-1 --out /etc/nginx/users-1.crl',
    'signet crl get --bundle --out /etc/nginx/crls.pem',
  )
}

async function getCrl(options: Options, host: Host): Promise<void> {
  if (options.issuer === undefined && options.bundle !== true) throw new WrongUsage('name a CA: --issuer, or --bundle')
  if (options.bundle === true && options.format === 'der') throw new WrongUsage('a bundle is PEM')
  const { fetchVerifiedCrls } = await import('./verified-crls.ts')
  const { keepCrls } = await import('./kept-crls.ts')
  // What carries its own signature needs no caller.
  const client = await openClient(options, host, 'anonymous')
  const crls = await fetchVerifiedCrls(client, trustFile(options, host), options.issuer, host.clock.now())
  const done = await keepCrls(options.out, crls, {
    format: options.format,
    scope: options.issuer === undefined ? 'all' : 'one',
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
