import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { userAddCommand } from './user-add.ts'
import { userBlockCommand, userUnblockCommand } from './user-block.ts'
import { userDeleteCommand } from './user-delete.ts'
import { userEnrolCommand } from './user-enrol.ts'
import { userHashPasswordCommand } from './user-hash-password.ts'
import { userLinkCommand, userUnlinkCommand } from './user-link.ts'
import { userDemoteCommand, userPromoteCommand } from './user-promote.ts'
import { userQuotaCommand } from './user-quota.ts'

export function userCommand(host: Host): Command {
  return groupOf(
    'user',
    'people of the platform',
    'signet user add alice',
    userAddCommand(host),
    userEnrolCommand(host),
    userBlockCommand(host),
    userUnblockCommand(host),
    userPromoteCommand(host),
    userDemoteCommand(host),
    userDeleteCommand(host),
    userLinkCommand(host),
    userUnlinkCommand(host),
    userHashPasswordCommand(host),
    userQuotaCommand(host),
  )
}
