// The options of the commands that keep a CRL file for a server: which CRLs it has, and in which form.
import { type Command, Option } from 'commander'
import type { IssuerId } from '../domain/issuer-id.ts'
import { issuerArgument } from './arguments.ts'
import { WrongUsage } from './refused.ts'

export interface CrlFileOptions {
  readonly issuer?: IssuerId
  readonly bundle?: boolean
  readonly out: string
  readonly format: 'der' | 'pem'
}

/** `out`: what the help says of the file. */
export function withCrlFileOptions(command: Command, out: string): Command {
  return command
    .option('--issuer <issuer>', 'key generation of the CA: users-1', issuerArgument)
    .addOption(
      new Option('--bundle', 'the CRLs of all CAs in one PEM file (nginx, HAProxy, PostgreSQL)').conflicts('issuer'),
    )
    .requiredOption('--out <file>', out)
    .addOption(new Option('--format <format>', 'of the file; a bundle is PEM').choices(['der', 'pem']).default('pem'))
}

/** Throws `WrongUsage`: one CA or all, and several CRLs have no DER. */
export function checkCrlFileOptions({ issuer, bundle, format }: CrlFileOptions): void {
  if (issuer === undefined && bundle !== true) throw new WrongUsage('name a CA: --issuer, or --bundle')
  if (bundle === true && format === 'der') throw new WrongUsage('a bundle is PEM')
}
