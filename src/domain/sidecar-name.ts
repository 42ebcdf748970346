// The name of a sidecar: what an installation calls one of the processes that decide in front of a model server. Also the
// audience of the snapshots that it may use.
import { checkName, type NameRules } from './name-rules.ts'

export type SidecarName = string & { readonly __brand: 'SidecarName' }

/** The only way to a SidecarName: shaped as deployments are. Throws `NameRejected`. */
export function parseSidecarName(input: string, rules: NameRules): SidecarName {
  checkName('sidecar', input, rules.deployment)
  return input as SidecarName
}
