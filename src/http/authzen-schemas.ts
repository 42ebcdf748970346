// The shapes of AuthZEN 1.0 (§5 the parts, §6.1 and §7.1 requests, §6.2 and §7.2 answers, §9.1 metadata). `properties` and `context` are
// open in the standard: what we read of them has a shape, and the rest is left alone.
import { z } from '@hono/zod-openapi'
import { pemText, plainText } from './schema-parts.ts'

const open = z.record(z.string(), z.unknown())

const Subject = z
  .strictObject({
    type: plainText(64).min(1).openapi({ example: 'user' }),
    id: plainText(512).min(1).openapi({ example: 'vision__alice' }),
    properties: z
      .looseObject({
        certificate: pemText.min(1).optional(),
        token: plainText(16_384).min(1).optional(),
        apiKey: plainText(512).min(1).optional(),
        passphrase: plainText(1024).min(1).optional(),
        delegatedFor: plainText(512).min(1).optional(),
        clientAddress: plainText(64).min(1).optional(),
      })
      .optional()
      .openapi({ description: 'What the subject showed to whoever asks' }),
  })
  .openapi('AuthZenSubject')

const ActionBody = z
  .strictObject({ name: plainText(64).min(1).openapi({ example: 'infer' }), properties: open.optional() })
  .openapi('AuthZenAction')

const Resource = z
  .strictObject({
    type: plainText(64).min(1).openapi({ example: 'deployment' }),
    id: plainText(512).min(1).openapi({ example: 'resnet' }),
    properties: z
      .looseObject({
        deployment: plainText(512).min(1).optional(),
        host: plainText(512).min(1).optional(),
        model: plainText(512).min(1).optional(),
        path: plainText(8192).optional(),
        method: plainText(32).optional(),
      })
      .optional(),
  })
  .openapi('AuthZenResource')

const question = { subject: Subject, action: ActionBody, resource: Resource }

export interface AuthZenQuestion {
  readonly subject: z.output<typeof Subject>
  readonly action: z.output<typeof ActionBody>
  readonly resource: z.output<typeof Resource>
}

export const EvaluationBody = z.strictObject({ ...question, context: open.optional() }).openapi('AuthZenEvaluation')

const partial = {
  subject: Subject.optional(),
  action: ActionBody.optional(),
  resource: Resource.optional(),
  context: open.optional(),
}

/** Evaluations in one request. */
const MAX_EVALUATIONS = 100

export const EvaluationsBody = z
  .strictObject({
    ...partial,
    evaluations: z.array(z.strictObject(partial)).max(MAX_EVALUATIONS).optional(),
    options: z
      .looseObject({
        evaluations_semantic: z.enum(['execute_all', 'deny_on_first_deny', 'permit_on_first_permit']).optional(),
      })
      .optional(),
  })
  .openapi('AuthZenEvaluations')

export const AuthZenDecision = z
  .strictObject({ decision: z.boolean(), context: open.optional() })
  .openapi('AuthZenDecision')

export const AuthZenDecisions = z
  .union([z.strictObject({ evaluations: z.array(AuthZenDecision) }), AuthZenDecision])
  .openapi('AuthZenDecisions')

export const AuthZenMetadata = z
  .strictObject({
    policy_decision_point: z.string(),
    access_evaluation_endpoint: z.string(),
    access_evaluations_endpoint: z.string(),
  })
  .openapi('AuthZenMetadata')
