// `signet token revoke`: for its holder, whoever asked for it, or an administrator. An unknown token is no error (RFC 7009).
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'
import { readTokenArgument, TOKEN_ARGUMENT } from './token-argument.ts'

export function tokenRevokeCommand(host: Host): Command {
  const command = new Command('revoke')
    .description('revoke a token')
    .argument('<token>', TOKEN_ARGUMENT)
    .action(async (given: string, options: ServiceOptions) => {
      const token = await readTokenArgument(given, host)
      const client = await openClient(options, host)
      await client.write('POST', '/v1/tokens/revoke', { token })
      print(host, options, { revoked: true }, ['revoked'])
    })
  return withExample(withServiceOptions(command), 'signet token revoke - < token')
}
