// `signet cert revoke`: ends a certificate, holds it, or releases a hold; or ends all that a requester obtained. It is in the next
// CRL within a second.
import { Command, Option } from 'commander'
import { REVOCATION_REASONS } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { Answer } from './answer.ts'
import { serialArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { WrongUsage } from './refused.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly reason?: string
  readonly requester?: string
  readonly plan?: boolean
}

/** The last releases a hold. */
const REASONS = [...Object.keys(REVOCATION_REASONS), 'removeFromCRL']

export function certRevokeCommand(host: Host): Command {
  const command = new Command('revoke')
    .description('revoke a certificate; certificateHold holds it, removeFromCRL releases it')
    .argument('[serial]', 'its serial number', serialArgument)
    .addOption(
      new Option('--reason <reason>', 'why (RFC 5280 §5.3.1); always asked for one certificate').choices(REASONS),
    )
    .option('--requester <requester>', 'revoke all that KIND:NAME obtained, such as service:hub.internal')
    .option('--plan', 'with --requester: tell how much that is, and revoke nothing')
    .action((serial: SerialNumber | undefined, options: Options) => revoke(serial, options, host))
  return withExample(
    withServiceOptions(command),
    'signet cert revoke 01a1b2c3d4e5f60718293a4b5c6d7e8f90 --reason keyCompromise',
    'signet cert revoke --requester service:hub.internal --plan',
    'signet cert revoke --requester service:hub.internal',
  )
}

async function revoke(serial: SerialNumber | undefined, options: Options, host: Host): Promise<void> {
  const { requester, reason, plan } = options
  if (requester !== undefined) {
    if (serial !== undefined) throw new WrongUsage('name a serial number or --requester, not both')
    return revokeObtained(requester, options, host)
  }
  if (serial === undefined) throw new WrongUsage('name a serial number, or --requester')
  if (reason === undefined) throw new WrongUsage('say why: --reason')
  if (plan === true) throw new WrongUsage('--plan belongs to --requester')
  const client = await openClient(options, host)
  const record = await client.write('POST', `/v1/certificates/${serial}/revoke`, { reason })
  const at = record.textOr('revokedAt', '')
  const since = at === '' ? '' : ` since ${at}, ${record.textOr('reason', 'unspecified')}`
  print(host, options, record.document, [`${record.text('commonName')} ${serial}: ${record.text('status')}${since}`])
}

async function revokeObtained(requester: string, options: Options, host: Host): Promise<void> {
  const client = await openClient(options, host)
  const path = `/v1/requesters/${segment(requester)}`
  const { reason } = options
  const answer =
    options.plan === true ? await client.get(path) : await client.write('POST', `${path}/revoke`, { reason })
  const verb = options.plan === true ? 'would be revoked' : 'are revoked'
  print(host, options, answer.document, [`of ${answer.text('requester')}: ${countsOf(answer)} ${verb}`])
}

function countsOf(answer: Answer): string {
  const count = (name: string, what: string): string => `${String(answer.number(name))} ${what}`
  return [
    count('certificates', 'certificates'),
    count('tokens', 'tokens'),
    count('jobs', 'jobs'),
    count('enrolmentTokens', 'enrolment tokens'),
    count('apiKeys', 'API keys'),
  ].join(', ')
}
