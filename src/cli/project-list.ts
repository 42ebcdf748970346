// `signet project list`: for administrators.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type ListOptions, runList, withLimitOption } from './list-command.ts'
import { withServiceOptions } from './service-options.ts'

export function projectListCommand(host: Host): Command {
  const command = new Command('list').description('list the projects').action(async (options: ListOptions) => {
    await runList(
      host,
      options,
      { path: '/v1/projects', query: {}, rows: 'projects' },
      {
        PROJECT: (row) => row.text('name'),
        STATUS: (row) => row.text('status'),
        CREATED: (row) => row.text('createdAt'),
      },
    )
  })
  return withExample(withServiceOptions(withLimitOption(command)), 'signet project list')
}
