import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { deploymentDeleteCommand } from './deployment-delete.ts'
import { deploymentGroupsCommand } from './deployment-groups.ts'
import { deploymentImportCommand } from './deployment-import.ts'
import { deploymentListCommand } from './deployment-list.ts'
import { deploymentPutCommand } from './deployment-put.ts'
import { deploymentShowCommand } from './deployment-show.ts'
import {
  modelGroupDeleteCommand,
  modelGroupListCommand,
  modelGroupRegisterCommand,
  modelGroupShowCommand,
  modelGroupUpdateCommand,
} from './model-groups.ts'
import {
  modelDeleteCommand,
  modelListCommand,
  modelRegisterCommand,
  modelShowCommand,
  modelUpdateCommand,
} from './model-versions.ts'

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
  const group = groupOf(
    'group',
    'model groups: who sees and changes which models',
    'signet model group register fraud-models --access restricted --role analyst',
    modelGroupListCommand(host),
    modelGroupRegisterCommand(host),
    modelGroupShowCommand(host),
    modelGroupUpdateCommand(host),
    modelGroupDeleteCommand(host),
  )
  return groupOf(
    'model',
    'models and who may call them',
    EXAMPLE,
    group,
    modelListCommand(host),
    modelRegisterCommand(host),
    modelShowCommand(host),
    modelUpdateCommand(host),
    modelDeleteCommand(host),
    deployment,
  )
}
