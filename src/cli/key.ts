import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { keyCreateCommand } from './key-create.ts'
import { keyDeleteCommand } from './key-delete.ts'
import { keyListCommand } from './key-list.ts'
import { keyUpdateCommand } from './key-update.ts'

export function keyCommand(host: Host): Command {
  return groupOf(
    'key',
    'API keys of your own',
    'signet key create notebook --scope SERVING',
    keyCreateCommand(host),
    keyListCommand(host),
    keyUpdateCommand(host),
    keyDeleteCommand(host),
  )
}
