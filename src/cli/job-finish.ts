// `signet job finish`: ends a job and revokes its certificate; for its launcher, the job itself, or an owner of the project.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function jobFinishCommand(host: Host): Command {
  const command = new Command('finish')
    .description('end a job and revoke its certificate')
    .argument('<job>', 'id of the job')
    .action(async (id: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const job = await client.write('POST', `/v1/jobs/${segment(id)}/finish`)
      print(host, options, job.document, [`job ${job.text('id')} is ${job.text('status')}`])
    })
  return withExample(withServiceOptions(command), 'signet job finish 5f1c9a3e7b20d4886a11')
}
