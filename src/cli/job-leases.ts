// `signet job leases`: how many jobs are active and lapsed; for administrators, who also say that lapsed jobs are dead indeed.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly confirm?: boolean
}

export function jobLeasesCommand(host: Host): Command {
  const command = new Command('leases')
    .description('show how many jobs are active and lapsed, and whether their end is paused')
    .option('--confirm', 'end the lapsed jobs although they are many')
    .action(async (options: Options) => {
      const client = await openClient(options, host)
      const answer =
        options.confirm === true
          ? await client.write('POST', '/v1/jobs/leases/confirm')
          : await client.get('/v1/jobs/leases')
      const isPaused = answer.document['isPaused'] === true
      const paused = isPaused ? ['their end is paused: signet job leases --confirm'] : []
      const line = `${String(answer.number('active'))} jobs are active, ${String(answer.number('lapsed'))} have lapsed`
      print(host, options, answer.document, [line, ...paused])
    })
  return withExample(withServiceOptions(command), 'signet job leases', 'signet job leases --confirm')
}
