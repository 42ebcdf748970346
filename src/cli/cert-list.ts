// `signet cert list`: the inventory; its own for every caller, the project for an owner, everything for an administrator.
import { Command, Option } from 'commander'
import type { Answer } from './answer.ts'
import { PROFILE_NAMES } from '../domain/profile-name.ts'
import { durationArgument, issuerArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type ListOptions, runList, withLimitOption } from './list-command.ts'
import { withServiceOptions } from './service-options.ts'

interface Options extends ListOptions {
  readonly expiresWithin?: number
  readonly project?: string
  readonly subject?: string
  readonly identity?: string
  readonly requester?: string
  readonly profile?: string
  readonly issuer?: string
  readonly status?: string
}

const COLUMNS = {
  SERIAL: (row: Answer) => row.text('serial'),
  'COMMON NAME': (row: Answer) => row.text('commonName'),
  PROFILE: (row: Answer) => row.text('profile'),
  STATUS: (row: Answer) => row.text('status'),
  'NOT AFTER': (row: Answer) => row.text('notAfter'),
  REASON: (row: Answer) => row.textOr('reason', ''),
}

export function certListCommand(host: Host): Command {
  const command = new Command('list')
    .description('list certificates')
    .option('--expires-within <duration>', 'those that end within this time', durationArgument)
    .option('--project <project>', 'those of this project')
    .option('--subject <name>', 'those with this common name')
    .option('--identity <identity>', 'those of this identity: member:vision__alice, service:model-1.internal')
    .option('--requester <identity>', 'those that this identity asked for')
    .addOption(new Option('--profile <profile>', 'those of this kind').choices(PROFILE_NAMES))
    .option('--issuer <issuer>', 'those of this issuer', issuerArgument)
    .addOption(new Option('--status <status>', 'those that are').choices(['good', 'held', 'revoked', 'expired']))
    .action((options: Options) => listCertificates(options, host))
  return withExample(
    withServiceOptions(withLimitOption(command)),
    'signet cert list --expires-within 7d',
    'signet cert list --project vision --status good --json',
  )
}

function listCertificates(options: Options, host: Host): Promise<void> {
  const { expiresWithin, subject, project, identity, requester, profile, issuer, status } = options
  const query = {
    commonName: subject,
    expiresWithinSeconds: expiresWithin,
    project,
    identity,
    requester,
    profile,
    issuer,
    status,
  }
  return runList(host, options, { path: '/v1/certificates', query, rows: 'certificates' }, COLUMNS)
}
