// `signet job list`: a launcher's own jobs.
import { Command, Option } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type ListOptions, runList, withLimitOption } from './list-command.ts'
import { withServiceOptions } from './service-options.ts'

interface Options extends ListOptions {
  readonly state: string
}

export function jobListCommand(host: Host): Command {
  const command = new Command('list')
    .description('list the jobs that this launcher started')
    .addOption(new Option('--state <state>', 'those that are').choices(['active', 'finished', 'any']).default('any'))
    .action(async (options: Options) => {
      await runList(
        host,
        options,
        { path: '/v1/jobs', query: { launcher: 'me', state: options.state }, rows: 'jobs' },
        {
          JOB: (row) => row.text('id'),
          PROJECT: (row) => row.text('project'),
          USER: (row) => row.textOr('user', row.textOr('account', '-')),
          STATUS: (row) => row.text('status'),
          STARTED: (row) => row.text('startedAt'),
          ENDS: (row) => row.textOr('endsAt', '-'),
        },
      )
    })
  return withExample(withServiceOptions(withLimitOption(command)), 'signet job list --state active')
}
