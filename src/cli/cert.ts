import type { Command } from 'commander'
import { certIssueCommand } from './cert-issue.ts'
import { certKeystoreCommand } from './cert-keystore.ts'
import { certListCommand } from './cert-list.ts'
import { certRekeyCommand, certRenewCommand } from './cert-renew.ts'
import { certRevokeCommand } from './cert-revoke.ts'
import { certShowCommand } from './cert-show.ts'
import { certVerifyCommand } from './cert-verify.ts'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'

export function certCommand(host: Host): Command {
  return groupOf(
    'cert',
    'certificates of members and services',
    'signet cert list --expires-within 7d',
    certIssueCommand(host),
    certRenewCommand(host),
    certRekeyCommand(host),
    certKeystoreCommand(host),
    certListCommand(host),
    certShowCommand(host),
    certRevokeCommand(host),
    certVerifyCommand(host),
  )
}
