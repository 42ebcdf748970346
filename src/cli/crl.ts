import type { Command } from 'commander'
import { crlGetCommand } from './crl-get.ts'
import { crlWatchCommand } from './crl-watch.ts'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'

export function crlCommand(host: Host): Command {
  return groupOf(
    'crl',
    'revocation lists for servers',
    'signet crl get --issuer users-1 --out users-1.crl',
    crlGetCommand(host),
    crlWatchCommand(host),
  )
}
