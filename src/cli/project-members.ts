// `signet project members`: lists them, adds one, or removes one with all that the member holds in the project.
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
  readonly role: string
}

export function projectMembersCommand(host: Host): Command {
  const command = new Command('members')
    .description('list the members of a project; add or remove one')
    .argument('<project>', 'project name')
    .addOption(new Option('--add <user>', 'add this user').conflicts(['remove', 'limit']))
    .addOption(
      new Option('--role <role>', 'role of the added user').choices(['owner', 'scientist']).default('scientist'),
    )
    .addOption(new Option('--remove <user>', 'remove this user, and revoke all they hold here').conflicts(['limit']))
    .action((project: string, options: Options) => runMembers(project, options, host))
  return withExample(
    withServiceOptions(withLimitOption(command)),
    'signet project members vision',
    'signet project members vision --add bob --role scientist',
    'signet project members vision --remove bob',
  )
}

async function runMembers(project: string, options: Options, host: Host): Promise<void> {
  const path = `/v1/projects/${segment(project)}/members`
  if (options.add === undefined && options.remove === undefined) return listMembers(path, options, host)
  const client = await openClient(options, host)
  const changed =
    options.add === undefined
      ? await client.write('DELETE', `${path}/${segment(options.remove ?? '')}`)
      : await client.write('PUT', `${path}/${segment(options.add)}`, { role: options.role })
  const line = `${changed.text('commonName')} is ${changed.text('status')}, ${changed.text('role')}`
  print(host, options, changed.document, [line])
}

function listMembers(path: string, options: Options, host: Host): Promise<void> {
  return runList(
    host,
    options,
    { path, query: {}, rows: 'members' },
    {
      USER: (row) => row.text('user'),
      ROLE: (row) => row.text('role'),
      STATUS: (row) => row.text('status'),
      'COMMON NAME': (row) => row.text('commonName'),
    },
  )
}
