// `signet model group`: model groups, for whom they let in. A name is what the group is called, an id what it is asked for by.
import { Command } from 'commander'
import type { Answer } from './answer.ts'
import { collect } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type ListOptions, runList, withLimitOption } from './list-command.ts'
import { print, sheet } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface GroupOptions extends ServiceOptions {
  readonly name?: string
  readonly description?: string
  readonly access?: string
  readonly role?: readonly string[]
  readonly allRoles?: true
}

const BASE = '/v1/model-groups'

export function modelGroupListCommand(host: Host): Command {
  const command = new Command('list')
    .description('list the model groups that let you in')
    .action(async (options: ListOptions) => {
      await runList(
        host,
        options,
        { path: BASE, query: {}, rows: 'modelGroups' },
        {
          ID: (row) => row.text('id'),
          NAME: (row) => row.text('name'),
          ACCESS: (row) => row.text('access'),
          OWNER: (row) => row.textOr('owner', ''),
          ROLES: (row) => row.texts('backendRoles').join(','),
        },
      )
    })
  return withExample(withServiceOptions(withLimitOption(command)), 'signet model group list')
}

export function modelGroupRegisterCommand(host: Host): Command {
  const command = withAccessOptions(
    new Command('register').description('register a model group').argument('<name>', 'unique among all groups'),
  ).action(async (name: string, options: GroupOptions) => {
    const client = await openClient(options, host)
    const made = await client.write('POST', BASE, { ...bodyOf(options), name })
    print(host, options, made.document, [
      `model group ${made.text('name')} is ${made.text('access')}: ${made.text('id')}`,
    ])
  })
  return withExample(
    withServiceOptions(command),
    'signet model group register fraud-models --access restricted --role analyst',
  )
}

export function modelGroupShowCommand(host: Host): Command {
  const command = new Command('show')
    .description('show a model group')
    .argument('<id>', 'id of the group')
    .action(async (id: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const shown = await client.get(`${BASE}/${segment(id)}`)
      print(host, options, shown.document, linesOf(shown))
    })
  return withExample(withServiceOptions(command), 'signet model group show 9bq0kXb3SYC1mQxUe2Fz')
}

export function modelGroupUpdateCommand(host: Host): Command {
  const command = withAccessOptions(
    new Command('update')
      .description('update a model group; its access is for its owner and administrators')
      .argument('<id>', 'id of the group')
      .option('--name <name>', 'another name'),
  ).action(async (id: string, options: GroupOptions) => {
    const client = await openClient(options, host)
    const put = await client.write('PUT', `${BASE}/${segment(id)}`, bodyOf(options))
    print(host, options, put.document, linesOf(put))
  })
  return withExample(withServiceOptions(command), 'signet model group update 9bq0kXb3SYC1mQxUe2Fz --access private')
}

export function modelGroupDeleteCommand(host: Host): Command {
  const command = new Command('delete')
    .description('delete a model group that has no versions')
    .argument('<id>', 'id of the group')
    .action(async (id: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      await client.delete(`${BASE}/${segment(id)}`)
      print(host, options, { id, deleted: true }, [`model group ${id} is deleted`])
    })
  return withExample(withServiceOptions(command), 'signet model group delete 9bq0kXb3SYC1mQxUe2Fz')
}

function withAccessOptions(command: Command): Command {
  return command
    .option('--description <text>', 'what it is for')
    .option('--access <mode>', 'public, private or restricted')
    .option('--role <role>', 'backend role that opens a restricted group; may be repeated', collect)
    .option('--all-roles', 'all your backend roles')
}

function bodyOf({ name, description, access, role, allRoles }: GroupOptions) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(access === undefined ? {} : { accessMode: access }),
    ...(role === undefined ? {} : { backendRoles: role }),
    ...(allRoles === undefined ? {} : { addAllBackendRoles: true }),
  }
}

function linesOf(shown: Answer): readonly string[] {
  const roles = shown.texts('backendRoles')
  return sheet({
    'model group': shown.text('id'),
    name: shown.text('name'),
    description: shown.text('description'),
    access: shown.text('access'),
    'backend roles': roles.length === 0 ? undefined : roles.join(', '),
    owner: shown.textOr('owner', 'nobody: public for ever'),
  })
}
