// `signet key delete`: one API key by its name, or all that the client certificate reaches. They stop at once.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { WrongUsage } from './refused.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly all?: boolean
}

export function keyDeleteCommand(host: Host): Command {
  const command = new Command('delete')
    .description('delete an API key, or with --all all of them')
    .argument('[name]', 'its name')
    .option('--all', 'all of them')
    .action(async (name: string | undefined, options: Options) => {
      if ((name === undefined) !== (options.all === true)) throw new WrongUsage('name one API key, or give --all')
      const client = await openClient(options, host)
      await client.delete(name === undefined ? '/v1/api-keys' : `/v1/api-keys/${segment(name)}`)
      const told = name === undefined ? 'all API keys are deleted' : `API key ${name} is deleted`
      print(host, options, { deleted: true }, [told])
    })
  return withExample(withServiceOptions(command), 'signet key delete notebook', 'signet key delete --all')
}
