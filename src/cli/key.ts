import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { keyCreateCommand } from './key-create.ts'
import { keyDeleteCommand } from './key-delete.ts'
import { keyListCommand } from './key-list.ts'

export function keyCommand(host: Host): Command {
  return groupOf(
    'key',
    'API keys of your own',
    'signet key create notebook --scope SERVING',
    keyCreateCommand(host),
    keyListCommand(host),
    keyDeleteCommand(host),
  )
}
