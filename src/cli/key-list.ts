// `signet key list`: the API keys of the person of the client certificate, as far as it reaches. They are few: one page.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, table } from './printed.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function keyListCommand(host: Host): Command {
  const command = new Command('list').description('list your API keys').action(async (options: ServiceOptions) => {
    const client = await openClient(options, host)
    const listed = await client.get('/v1/api-keys')
    const rows = listed
      .list('apiKeys')
      .map((row) => [
        row.text('name'),
        row.text('prefix'),
        row.texts('scopes').join(' '),
        row.textOr('project', row.text('reach')),
        row.document['deployments'] === 'all' ? 'all' : row.texts('deployments').join(' '),
        row.text('expiresAt'),
      ])
    const lines =
      rows.length === 0 ? ['no API keys'] : table(['NAME', 'PREFIX', 'SCOPES', 'REACH', 'DEPLOYMENTS', 'EXPIRES'], rows)
    print(host, options, listed.document, lines)
  })
  return withExample(withServiceOptions(command), 'signet key list')
}
