import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { trustGetCommand } from './trust-get.ts'

export function trustCommand(host: Host): Command {
  return groupOf(
    'trust',
    'what this host believes',
    'signet trust get --url https://ca.internal:8443 --sha256 FINGERPRINT --out ca.pem',
    trustGetCommand(host),
  )
}
