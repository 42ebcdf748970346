// Options of the commands that get a certificate: `cert issue` and `job start`.
import { type Command, Option } from 'commander'
import { KEY_ALGORITHMS } from '../domain/key-algorithm.ts'
import { durationArgument } from './arguments.ts'
import type { ServiceOptions } from './service-options.ts'

export interface RequestOptions extends ServiceOptions {
  readonly algorithm: string
  readonly key?: string
  readonly csr?: string
  readonly keyOut?: string
  readonly out?: string
  readonly force?: boolean
  /** Seconds. */
  readonly lifetime?: number
}

export function withRequestOptions(command: Command): Command {
  return command
    .option('--out <file>', 'where to write certificate and chain, PEM (default: <common name>.pem)')
    .option('--force', 'replace that file; a key is never replaced')
    .addOption(
      new Option('--algorithm <name>', 'algorithm of the new key')
        .choices([...KEY_ALGORITHMS.keys()])
        .default('ec-p256'),
    )
    .option('--key-out <file>', 'where to write the new key, PEM, for you alone (default: beside --out, .key)')
    .addOption(
      new Option('--key <file>', 'use this private key, PEM, instead of a new one').conflicts(['keyOut', 'csr']),
    )
    .addOption(new Option('--csr <file>', 'send this request, PEM or DER, instead of a new one').conflicts(['keyOut']))
    .option('--lifetime <duration>', 'how long it shall be valid (default: as its profile says)', durationArgument)
}
