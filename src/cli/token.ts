import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { tokenExchangeCommand } from './token-exchange.ts'
import { tokenIssueCommand } from './token-issue.ts'
import { tokenRevokeCommand } from './token-revoke.ts'
import { tokenVerifyCommand } from './token-verify.ts'

export function tokenCommand(host: Host): Command {
  return groupOf(
    'token',
    'short-lived JWTs',
    'signet token issue --audience resnet',
    tokenIssueCommand(host),
    tokenExchangeCommand(host),
    tokenVerifyCommand(host),
    tokenRevokeCommand(host),
  )
}
