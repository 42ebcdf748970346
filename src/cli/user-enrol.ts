// `signet user enrol`: prints the enrolment token and nothing else, so that it can be piped to where it is spent.
import { Command } from 'commander'
import { printEnrolment } from './enrolment.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly project: string
  readonly user: string
}

export function userEnrolCommand(host: Host): Command {
  const command = new Command('enrol')
    .description("make a single-use token for a member's first certificate")
    .requiredOption('--project <project>', 'project of the member')
    .requiredOption('--user <user>', 'the member')
    .action(async (options: Options) => {
      const client = await openClient(options, host)
      const path = `/v1/projects/${segment(options.project)}/members/${segment(options.user)}/enrolment`
      printEnrolment(host, options, await client.write('POST', path))
    })
  return withExample(
    withServiceOptions(command),
    'signet user enrol --project vision --user alice',
    'signet user enrol --project vision --user alice | ssh host signet cert issue --project vision --user alice --token-file -',
  )
}
