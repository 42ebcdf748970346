// `signet project settings`: shows what holds for a project; an owner says whether the platform keeps its members' keys.
import { Command, Option } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly custody?: 'on' | 'off'
}

export function projectSettingsCommand(host: Host): Command {
  const command = new Command('settings')
    .description("show or set what holds for a project: whether its members' keys are kept")
    .argument('<project>', 'project name')
    .addOption(
      new Option(
        '--custody <state>',
        'on: keys are made and kept; off: revoke what they certify, and delete them',
      ).choices(['on', 'off']),
    )
    .action(async (project: string, { custody, ...options }: Options) => {
      const path = `/v1/projects/${segment(project)}/settings`
      const client = await openClient(options, host)
      const settings =
        custody === undefined ? await client.get(path) : await client.write('PUT', path, { custody: custody === 'on' })
      const state = settings.document['custody'] === true ? 'on' : 'off'
      print(host, options, settings.document, [`${settings.text('project')}: custody ${state}`])
    })
  return withExample(
    withServiceOptions(command),
    'signet project settings vision',
    'signet project settings vision --custody on',
  )
}
