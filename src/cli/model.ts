import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { deploymentDeleteCommand } from './deployment-delete.ts'
import { deploymentGroupsCommand } from './deployment-groups.ts'
import { deploymentImportCommand } from './deployment-import.ts'
import { deploymentListCommand } from './deployment-list.ts'
import { deploymentPutCommand } from './deployment-put.ts'
import { deploymentShowCommand } from './deployment-show.ts'

const EXAMPLE =
  'signet model deployment put resnet --project vision --host resnet.models.internal --service model-1.internal'

export function modelCommand(host: Host): Command {
  const deployment = groupOf(
    'deployment',
    'models that are served',
    EXAMPLE,
    deploymentPutCommand(host),
    deploymentListCommand(host),
    deploymentShowCommand(host),
    deploymentGroupsCommand(host),
    deploymentImportCommand(host),
    deploymentDeleteCommand(host),
  )
  return groupOf('model', 'models and who may call them', EXAMPLE, deployment)
}
