// `signet service enrol`: prints the enrolment token and nothing else.
import { Command } from 'commander'
import { printEnrolment } from './enrolment.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function serviceEnrolCommand(host: Host): Command {
  const command = new Command('enrol')
    .description("make a single-use token for a service's certificate")
    .argument('<name>', 'name of the service')
    .action(async (name: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      printEnrolment(host, options, await client.write('POST', `/v1/services/${segment(name)}/enrolment`))
    })
  return withExample(withServiceOptions(command), 'signet service enrol model-1.internal > token')
}
