import type { Command } from 'commander'
import { directorySyncCommand } from './directory-sync.ts'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'

export function directoryCommand(host: Host): Command {
  return groupOf(
    'directory',
    'directories whose groups make members of projects',
    'signet directory sync --provider company --plan',
    directorySyncCommand(host),
  )
}
