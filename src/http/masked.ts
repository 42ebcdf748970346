// What the caller may not see is not there: the refusals that would tell of it become those of what does not exist, code, facts and all.
import { ModelRefused } from '../enrollment/model-refused.ts'

const AS_UNKNOWN: ReadonlyMap<string, 'model_unknown' | 'model_group_unknown'> = new Map([
  ['model_forbidden', 'model_unknown'],
  ['model_group_forbidden', 'model_group_unknown'],
  ['model_group_access_closed', 'model_group_unknown'],
  ['model_group_unchangeable', 'model_group_unknown'],
  ['model_group_undeletable', 'model_group_unknown'],
] as const)

export async function masked<Result>(perform: () => Promise<Result>): Promise<Result> {
  try {
    return await perform()
  } catch (error) {
    const code = error instanceof ModelRefused ? AS_UNKNOWN.get(error.code) : undefined
    if (code === undefined || !(error instanceof ModelRefused)) throw error
    const { group, model } = error.facts
    throw new ModelRefused(code, code === 'model_unknown' ? { model: model ?? '' } : { group: group ?? '' })
  }
}
