// The name of a project (CP §3.1): unique without regard to case, compared with regard to it.
import { checkName, type NameRules } from './name-rules.ts'

export type ProjectName = string & { readonly __brand: 'ProjectName' }

/** The only way to a ProjectName. Throws `NameRejected`. */
export function parseProjectName(input: string, rules: NameRules): ProjectName {
  checkName('project', input, rules.project)
  return input as ProjectName
}
