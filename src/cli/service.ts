import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { serviceAddCommand } from './service-add.ts'
import { serviceEnrolCommand } from './service-enrol.ts'
import { serviceListCommand } from './service-list.ts'
import { serviceRemoveCommand } from './service-remove.ts'
import { serviceRotateCommand } from './service-rotate.ts'
import { serviceShowCommand } from './service-show.ts'
import { serviceWatchCommand } from './service-watch.ts'

export function serviceCommand(host: Host): Command {
  return groupOf(
    'service',
    'services of the platform',
    'signet service add model-1.internal --system-user kserve',
    serviceAddCommand(host),
    serviceEnrolCommand(host),
    serviceListCommand(host),
    serviceShowCommand(host),
    serviceRotateCommand(host),
    serviceWatchCommand(host),
    serviceRemoveCommand(host),
  )
}
