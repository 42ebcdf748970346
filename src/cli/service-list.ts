// `signet service list`: for administrators.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type ListOptions, runList, withLimitOption } from './list-command.ts'
import { withServiceOptions } from './service-options.ts'

export function serviceListCommand(host: Host): Command {
  const command = new Command('list').description('list the services').action(async (options: ListOptions) => {
    await runList(
      host,
      options,
      { path: '/v1/services', query: {}, rows: 'services' },
      {
        SERVICE: (row) => row.text('name'),
        'SYSTEM USER': (row) => row.text('systemUser'),
        ROLES: (row) => row.texts('roles').join(','),
        OWNER: (row) => row.textOr('owner', '-'),
        STATUS: (row) => row.text('status'),
        PROJECTS: (row) => row.texts('projects').join(','),
      },
    )
  })
  return withExample(withServiceOptions(withLimitOption(command)), 'signet service list')
}
