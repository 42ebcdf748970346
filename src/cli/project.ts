import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { projectAccountsCommand } from './project-accounts.ts'
import { projectAddCommand } from './project-add.ts'
import { projectDeleteCommand } from './project-delete.ts'
import { projectListCommand } from './project-list.ts'
import { projectMembersCommand } from './project-members.ts'
import { projectSettingsCommand } from './project-settings.ts'

export function projectCommand(host: Host): Command {
  return groupOf(
    'project',
    'projects, their members and service accounts',
    'signet project add vision --owner alice',
    projectAddCommand(host),
    projectDeleteCommand(host),
    projectListCommand(host),
    projectMembersCommand(host),
    projectAccountsCommand(host),
    projectSettingsCommand(host),
  )
}
