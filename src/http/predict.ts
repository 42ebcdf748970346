// One prediction: decided, counted, and asked for where the model's connector leads. What comes back is an object of JSON, or the model
// does not answer as it should.
import { predictableModel, type Parameters, type PredictionRequest, predictionRequest } from '../enrollment/predict.ts'
import { ModelRefused } from '../enrollment/model-refused.ts'
import { readModels } from './model-asker.ts'
import type { ApiParts } from './parts.ts'
import type { ApiContext } from './route.ts'

/** Where models run, and how they are asked; implemented beside main.ts, since nothing here speaks to other servers. */
export interface ModelUpstreams {
  /** That the operator lets connectors lead to. */
  readonly origins: ReadonlySet<string>
  /** Throws `ModelRefused` (`model_upstream_failed`). */
  readonly ask: (request: PredictionRequest) => Promise<Buffer>
}

/** Throws `ModelRefused`. */
export async function predict(parts: ApiParts, context: ApiContext, id: string, given: Parameters): Promise<object> {
  const { upstreams } = parts
  const request = await readModels(parts, context, 'predict', async (reading) => {
    const model = await predictableModel(reading, id)
    count(parts, model.id, model.details.callsPerMinute)
    return predictionRequest(parts.context, reading, model, given, upstreams.origins)
  })
  return objectOf(await upstreams.ask(request))
}

function count({ predictions }: ApiParts, model: string, callsPerMinute: number | undefined): void {
  if (callsPerMinute === undefined) return
  if (predictions.failures(model) >= callsPerMinute) throw new ModelRefused('model_throttled')
  predictions.add(model)
}

function objectOf(bytes: Buffer): object {
  try {
    const parsed: unknown = JSON.parse(bytes.toString())
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch {
    // Said below.
  }
  throw new ModelRefused('model_upstream_failed', { why: 'no_object' })
}
