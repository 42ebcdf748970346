// `signet audit`: the record of acts, newest first. For administrators.
import { Command } from 'commander'
import { countArgument } from './arguments.ts'
import type { Answer } from './answer.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type ListOptions, runList } from './list-command.ts'
import { withServiceOptions } from './service-options.ts'

const COLUMNS = {
  AT: (row: Answer) => row.text('at'),
  ACTOR: (row: Answer) => row.text('actor'),
  ACT: (row: Answer) => row.text('act'),
  OBJECT: (row: Answer) => row.text('object'),
  REQUEST: (row: Answer) => row.text('requestId'),
  DETAILS: (row: Answer) => JSON.stringify(row.object('details').document),
}

export function auditCommand(host: Host): Command {
  const command = new Command('audit')
    .description('list what was done, by whom and when, newest first')
    .option('--limit <rows>', 'stop after so many rows', countArgument, 100)
    .action(async (options: ListOptions) => {
      await runList(host, options, { path: '/v1/audit', query: {}, rows: 'events' }, COLUMNS)
    })
  return withExample(withServiceOptions(command), 'signet audit --limit 20')
}
