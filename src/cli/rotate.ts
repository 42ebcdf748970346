import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { rotateMasterKeyCommand } from './rotate-master-key.ts'
import { rotateTokenKeyCommand } from './rotate-token-key.ts'

export function rotateCommand(host: Host): Command {
  return groupOf(
    'rotate',
    "replace one of the installation's own keys",
    'signet rotate token-key --config /etc/signet/signet.yaml',
    rotateMasterKeyCommand(host),
    rotateTokenKeyCommand(host),
  )
}
