// The name of a model deployment (CP §3.1): also the audience of tokens that call it.
import { checkName, type NameRules } from './name-rules.ts'

export type DeploymentName = string & { readonly __brand: 'DeploymentName' }

/** The only way to a DeploymentName. Throws `NameRejected`. */
export function parseDeploymentName(input: string, rules: NameRules): DeploymentName {
  checkName('deployment', input, rules.deployment)
  return input as DeploymentName
}
