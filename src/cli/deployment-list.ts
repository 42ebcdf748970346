// `signet model deployment list`: all for administrators, those of the project for its members.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type ListOptions, runList, withLimitOption } from './list-command.ts'
import { withServiceOptions } from './service-options.ts'

export function deploymentListCommand(host: Host): Command {
  const command = new Command('list').description('list the deployments').action(async (options: ListOptions) => {
    await runList(
      host,
      options,
      { path: '/v1/deployments', query: {}, rows: 'deployments' },
      {
        DEPLOYMENT: (row) => row.text('name'),
        PROJECT: (row) => row.textOr('project', ''),
        HOST: (row) => row.text('host'),
        SERVICE: (row) => row.textOr('service', ''),
        STATUS: (row) => row.text('status'),
        // Whoever is not of the project is not told.
        'SERVICE CALLERS': (row) =>
          row.document['serviceCallers'] === undefined ? '' : row.texts('serviceCallers').join(','),
      },
    )
  })
  return withExample(withServiceOptions(withLimitOption(command)), 'signet model deployment list')
}
