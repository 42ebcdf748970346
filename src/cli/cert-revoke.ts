// `signet cert revoke`: ends a certificate, holds it, or releases a hold. It is in the next CRL within a second.
import { Command, Option } from 'commander'
import { REVOCATION_REASONS } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import { serialArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly reason: string
}

/** The last releases a hold. */
const REASONS = [...Object.keys(REVOCATION_REASONS), 'removeFromCRL']

export function certRevokeCommand(host: Host): Command {
  const command = new Command('revoke')
    .description('revoke a certificate; certificateHold holds it, removeFromCRL releases it')
    .argument('<serial>', 'its serial number', serialArgument)
    .addOption(new Option('--reason <reason>', 'why (RFC 5280 §5.3.1)').choices(REASONS).makeOptionMandatory())
    .action(async (serial: SerialNumber, options: Options) => {
      const client = await openClient(options, host)
      const record = await client.write('POST', `/v1/certificates/${serial}/revoke`, { reason: options.reason })
      const at = record.textOr('revokedAt', '')
      const since = at === '' ? '' : ` since ${at}, ${record.textOr('reason', 'unspecified')}`
      print(host, options, record.document, [
        `${record.text('commonName')} ${serial}: ${record.text('status')}${since}`,
      ])
    })
  return withExample(
    withServiceOptions(command),
    'signet cert revoke 01a1b2c3d4e5f60718293a4b5c6d7e8f90 --reason keyCompromise',
  )
}
