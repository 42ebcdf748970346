// `signet project accounts`: lists the service accounts of a project, adds one, or removes one with all that it holds.
import { Command, Option } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type ListOptions, runList, withLimitOption } from './list-command.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, withServiceOptions } from './service-options.ts'

interface Options extends ListOptions {
  readonly add?: string
  readonly remove?: string
}

export function projectAccountsCommand(host: Host): Command {
  const command = new Command('accounts')
    .description('list the service accounts of a project; add or remove one')
    .argument('<project>', 'project name')
    .addOption(new Option('--add <account>', 'add this one; its name begins with sa-').conflicts(['remove', 'limit']))
    .addOption(new Option('--remove <account>', 'remove this one, and revoke all it holds').conflicts(['limit']))
    .action((project: string, options: Options) => runAccounts(project, options, host))
  return withExample(
    withServiceOptions(withLimitOption(command)),
    'signet project accounts vision',
    'signet project accounts vision --add sa-etl',
    'signet project accounts vision --remove sa-etl',
  )
}

async function runAccounts(project: string, options: Options, host: Host): Promise<void> {
  const path = `/v1/projects/${segment(project)}/service-accounts`
  if (options.add === undefined && options.remove === undefined) return listAccounts(path, options, host)
  const client = await openClient(options, host)
  const changed =
    options.add === undefined
      ? await client.write('DELETE', `${path}/${segment(options.remove ?? '')}`)
      : await client.write('PUT', `${path}/${segment(options.add)}`, {})
  print(host, options, changed.document, [`${changed.text('commonName')} is ${changed.text('status')}`])
}

function listAccounts(path: string, options: Options, host: Host): Promise<void> {
  return runList(
    host,
    options,
    { path, query: {}, rows: 'serviceAccounts' },
    {
      ACCOUNT: (row) => row.text('account'),
      STATUS: (row) => row.text('status'),
      'COMMON NAME': (row) => row.text('commonName'),
      'ADDED BY': (row) => row.text('createdBy'),
    },
  )
}
