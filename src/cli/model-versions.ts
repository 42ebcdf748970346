// `signet model list` and its neighbours: versions of models, for whom their groups let in.
import { Command } from 'commander'
import type { Answer } from './answer.ts'
import { countArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type ListOptions, runList, withLimitOption } from './list-command.ts'
import { print, sheet } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface ModelOptions extends ServiceOptions {
  readonly name?: string
  readonly group?: string
  readonly description?: string
  readonly callsPerMinute?: number
  readonly enable?: true
  readonly disable?: true
  readonly deploy?: true
  readonly undeploy?: true
}

const BASE = '/v1/models'

export function modelListCommand(host: Host): Command {
  const command = new Command('list')
    .description('list the models that you may see')
    .action(async (options: ListOptions) => {
      await runList(
        host,
        options,
        { path: BASE, query: {}, rows: 'models' },
        {
          ID: (row) => row.text('id'),
          NAME: (row) => row.text('name'),
          VERSION: (row) => String(row.document['version']),
          GROUP: (row) => row.textOr('modelGroup', ''),
          STATE: (row) => row.text('state'),
        },
      )
    })
  return withExample(withServiceOptions(withLimitOption(command)), 'signet model list')
}

export function modelRegisterCommand(host: Host): Command {
  const command = withModelOptions(
    new Command('register')
      .description('register a version of a model; by a superadmin, a hidden one')
      .argument('<name>', 'name of the model')
      .option('--group <id>', 'model group that it is a version in'),
  ).action(async (name: string, options: ModelOptions) => {
    const client = await openClient(options, host)
    const { group } = options
    const body = { ...bodyOf(options), name, ...(group === undefined ? {} : { modelGroup: group }) }
    const made = await client.write('POST', BASE, body)
    print(host, options, made.document, [`model ${made.text('name')}: ${made.text('id')}`])
  })
  return withExample(withServiceOptions(command), 'signet model register fraud --group 9bq0kXb3SYC1mQxUe2Fz')
}

export function modelShowCommand(host: Host): Command {
  const command = new Command('show')
    .description('show a model')
    .argument('<id>', 'id of the model')
    .action(async (id: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const shown = await client.get(`${BASE}/${segment(id)}`)
      print(host, options, shown.document, linesOf(shown))
    })
  return withExample(withServiceOptions(command), 'signet model show Zp3V0mYdTzqkq5XbC7oW')
}

export function modelUpdateCommand(host: Host): Command {
  const command = withModelOptions(
    new Command('update')
      .description('update a model: what it says, whether it may be asked')
      .argument('<id>', 'id of the model')
      .option('--name <name>', 'another name')
      .option('--deploy', 'it may be asked')
      .option('--undeploy', 'it may not be asked'),
  ).action((id: string, options: ModelOptions) => updateModel(id, options, host))
  return withExample(withServiceOptions(command), 'signet model update Zp3V0mYdTzqkq5XbC7oW --deploy')
}

/** The state last: what is deployed is what was said. */
async function updateModel(id: string, options: ModelOptions, host: Host): Promise<void> {
  const client = await openClient(options, host)
  const path = `${BASE}/${segment(id)}`
  const body = bodyOf(options)
  const state = options.deploy === true ? 'deployed' : options.undeploy === true ? 'registered' : undefined
  const isSaid = Object.keys(body).length > 0 || state === undefined
  const said = isSaid ? await client.write('PUT', path, body) : undefined
  const put = state === undefined ? said : await client.write('PUT', `${path}/state`, { state })
  if (put !== undefined) print(host, options, put.document, linesOf(put))
}

export function modelDeleteCommand(host: Host): Command {
  const command = new Command('delete')
    .description('delete a model that is not deployed; the last version takes its group along')
    .argument('<id>', 'id of the model')
    .action(async (id: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      await client.delete(`${BASE}/${segment(id)}`)
      print(host, options, { id, deleted: true }, [`model ${id} is deleted`])
    })
  return withExample(withServiceOptions(command), 'signet model delete Zp3V0mYdTzqkq5XbC7oW')
}

function withModelOptions(command: Command): Command {
  return command
    .option('--description <text>', 'what it is for')
    .option('--calls-per-minute <calls>', 'predictions that are let through, all callers together', countArgument)
    .option('--enable', 'it may be asked when it is deployed')
    .option('--disable', 'nobody may ask it')
}

function bodyOf({ name, description, callsPerMinute, enable, disable }: ModelOptions) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(callsPerMinute === undefined ? {} : { callsPerMinute }),
    ...(enable === true ? { enabled: true } : {}),
    ...(disable === true ? { enabled: false } : {}),
  }
}

function linesOf(shown: Answer): readonly string[] {
  return sheet({
    model: shown.text('id'),
    name: shown.text('name'),
    version: String(shown.document['version']),
    group: shown.textOr('modelGroup', 'none: for everybody'),
    state: shown.text('state'),
    enabled: String(shown.document['enabled']),
    hidden: String(shown.document['hidden']),
    creator: shown.text('creator'),
  })
}
