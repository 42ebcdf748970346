// A model as OpenSearch's clients register and update it: what of it Signet keeps. Fields that only a cluster has use for (content hash,
// model format, memory) are refused like every unknown one: nothing here would heed them.
import { z } from '@hono/zod-openapi'
import type { Connector, ModelDetails } from '../../enrollment/model-store.ts'
import type { Credentials } from '../../enrollment/models.ts'
import { checkConnector } from '../../enrollment/predict.ts'
import { plainText } from '../schema-parts.ts'

const named = (max: number) => z.record(plainText(64).regex(/^[A-Za-z0-9_-]+$/, 'is a name'), plainText(max))
const longText = z.string().max(32 * 1024)

const action = z.strictObject({
  action_type: z.enum(['predict', 'PREDICT']),
  method: z.enum(['POST', 'GET', 'post', 'get']),
  url: plainText(2048),
  headers: z.record(z.string().max(64), z.string().max(2048)).default({}),
  request_body: longText.optional(),
})

const connector = z.strictObject({
  name: plainText(256).min(1),
  description: plainText(4096).default(''),
  version: z.union([z.int(), plainText(64)]).optional(),
  protocol: z.literal('http'),
  parameters: named(4096).default({}),
  credential: named(4096).default({}),
  actions: z.array(action).length(1, 'one action: predict'),
})

const rateLimiter = z.strictObject({
  limit: z
    .union([z.int(), z.string().regex(/^[1-9][0-9]{0,8}$/, 'a whole number')])
    .transform(Number)
    .pipe(z.int().min(1)),
  unit: z.literal('MINUTES'),
})

const said = {
  description: plainText(4096).optional(),
  is_enabled: z.boolean().optional(),
  rate_limiter: rateLimiter.optional(),
  connector: connector.optional(),
}

export const RegisterModelBody = z
  .strictObject({
    name: plainText(256).min(1),
    version: z.union([z.int(), plainText(64)]).optional(),
    model_group_id: plainText(512).min(1).optional(),
    function_name: plainText(64).default('remote'),
    /** Read and not heeded: the certificate says it (row OS41). */
    is_hidden: z.boolean().optional(),
    ...said,
  })
  .openapi('OpenSearchModel')

export const UpdateModelBody = z
  .strictObject({ name: plainText(256).min(1).optional(), ...said })
  .refine((body) => Object.keys(body).length > 0, 'says what to update')
  .openapi('OpenSearchModelUpdate')

type Said = Omit<z.output<typeof RegisterModelBody>, 'name' | 'function_name'>

/** Throws `ModelRefused` (`connector_rejected`). */
export function detailsIn({ description, rate_limiter, connector: wanted }: Said): Partial<ModelDetails> {
  return {
    ...(description === undefined ? {} : { description }),
    ...(rate_limiter === undefined ? {} : { callsPerMinute: rate_limiter.limit }),
    ...(wanted === undefined ? {} : { connector: connectorIn(wanted) }),
  }
}

export function credentialsIn({ connector: wanted }: Said): Credentials | undefined {
  return wanted?.credential
}

function connectorIn({
  name,
  description,
  protocol,
  parameters,
  credential,
  actions,
}: z.output<typeof connector>): Connector {
  const [first] = actions
  const made: Connector = {
    name,
    description,
    protocol,
    parameters,
    action: {
      method: first?.method.toUpperCase() === 'GET' ? 'GET' : 'POST',
      url: first?.url ?? '',
      headers: first?.headers ?? {},
      ...(first?.request_body === undefined ? {} : { requestBody: first.request_body }),
    },
    credentials: Object.keys(credential),
  }
  checkConnector(made)
  return made
}
