// `signet service show`: one service with its live certificates: which is in use, which is due for a new key, who was last
// seen with it.
import { Command } from 'commander'
import type { Answer } from './answer.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet, table } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function serviceShowCommand(host: Host): Command {
  const command = new Command('show')
    .description('show a service: its certificates, the next rotation, and who still uses an old one')
    .argument('<name>', 'name of the service')
    .action(async (name: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const shown = await client.get(`/v1/services/${segment(name)}`)
      print(host, options, shown.document, [...fieldsOf(shown), ...certificatesOf(shown)])
    })
  return withExample(withServiceOptions(command), 'signet service show model-1.internal')
}

function fieldsOf(shown: Answer): string[] {
  return sheet({
    service: shown.text('name'),
    status: shown.text('status'),
    'system user': shown.text('systemUser'),
    'DNS names': shown.texts('dnsNames').join(', '),
    owner: shown.textOr('owner', '-'),
    'last rotation': shown.textOr('lastRotation', '-'),
    'next rotation': shown.textOr('nextRotation', '-'),
  })
}

function certificatesOf(shown: Answer): string[] {
  const current = shown.textOr('current', '')
  const rows = shown.list('certificates').map((row) => {
    const serial = row.text('serial')
    const state = row.textOr('replacedBy', '') !== '' ? 'replaced' : serial === current ? 'current' : row.text('status')
    const until = row.textOr('revokeAt', row.text('notAfter'))
    return [serial, state, until, row.textOr('rotateAt', '-'), row.textOr('lastSeenAt', '-')]
  })
  return rows.length === 0
    ? ['no live certificate']
    : table(['CERTIFICATE', 'STATE', 'ENDS', 'NEW KEY AT', 'LAST SEEN'], rows)
}
