import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { deploymentListCommand } from './deployment-list.ts'
import { deploymentPutCommand } from './deployment-put.ts'

const EXAMPLE =
  'signet model deployment put resnet --project vision --host resnet.models.internal --service model-1.internal'

export function modelCommand(host: Host): Command {
  const deployment = groupOf(
    'deployment',
    'models that are served',
    EXAMPLE,
    deploymentPutCommand(host),
    deploymentListCommand(host),
  )
  return groupOf('model', 'models and who may call them', EXAMPLE, deployment)
}
