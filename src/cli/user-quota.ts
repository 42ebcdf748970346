// `signet user quota`: for administrators. How many projects a user may own, and how many they do.
import { Command } from 'commander'
import { wholeArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly projects?: number
}

export function userQuotaCommand(host: Host): Command {
  const command = new Command('quota')
    .description('show or set how many projects a user may own')
    .argument('<user>', 'user name')
    .option('--projects <count>', 'let them own so many; 0 for none', wholeArgument)
    .action(async (user: string, { projects, ...options }: Options) => {
      const path = `/v1/users/${segment(user)}/quota`
      const client = await openClient(options, host)
      const quota = projects === undefined ? await client.get(path) : await client.write('PUT', path, { projects })
      const line = `${quota.text('user')} owns ${String(quota.number('owned'))} of ${String(quota.number('projects'))} projects`
      print(host, options, quota.document, [line])
    })
  return withExample(withServiceOptions(command), 'signet user quota alice', 'signet user quota alice --projects 5')
}
