// The shapes of questions about model calls, and of decisions.
import { z } from '@hono/zod-openapi'
import { ACTIONS } from '../domain/access-policy.ts'
import { instant, pemText, plainText } from './schema-parts.ts'

/** What a caller showed: everything, since every credential has to hold. */
const CredentialBody = z
  .strictObject({
    certificate: pemText.min(1).optional(),
    token: plainText(16_384).min(1).optional(),
    apiKey: plainText(512).min(1).optional(),
    passphrase: plainText(1024).min(1).optional(),
  })
  .openapi('ShownCredentials')

export const AuthorizeBody = z
  .strictObject({
    credential: CredentialBody.optional().openapi({
      description:
        'All that the caller showed to the asking server; empty, if nothing. Absent: this very request is judged, by its connection and its Authorization.',
    }),
    actingUser: z
      .union([plainText(512), z.strictObject({ kind: z.literal('credential-itself') })])
      .openapi({ description: 'Whom the caller says it acts for', example: 'vision__alice' }),
    deployment: plainText(512).min(1).optional(),
    host: plainText(512).min(1).optional(),
    path: plainText(8192).optional().openapi({ description: 'As it was sent, with its query', example: '/v1/predict' }),
    method: plainText(32).optional(),
    model: plainText(512).min(1).optional().openapi({ description: 'That the call names, in whatever place' }),
    action: z.enum(ACTIONS).default('infer'),
    delegatedFor: plainText(512)
      .min(1)
      .optional()
      .openapi({ description: 'The member on whose behalf a delegate calls', example: 'vision__bob' }),
    clientAddress: plainText(64)
      .min(1)
      .optional()
      .openapi({ description: 'Of the caller, where the asking server knows it: tries are limited by it' }),
    explain: z
      .boolean()
      .default(false)
      .openapi({ description: 'Every step, and what it saw: for administrators, and owners of the project' }),
  })
  .refine(({ deployment, host }) => deployment !== undefined || host !== undefined, {
    message: 'names a deployment or a host',
  })
  .openapi('AuthorizeRequest')

const ExplainedStepBody = z
  .strictObject({
    step: z.string(),
    title: z.string(),
    outcome: z.string().openapi({ description: 'passed, not-applicable, allow:RULE or a reason' }),
    saw: z.record(z.string(), z.unknown()),
  })
  .openapi('ExplainedStep')

export const DecisionBody = z
  .strictObject({
    decision: z.enum(['allow', 'deny']),
    reason: z.string(),
    matchedRule: z.string().optional().openapi({ description: 'What let it through', example: 'member' }),
    subject: z
      .strictObject({
        kind: z.string(),
        name: z.string(),
        profile: z.string().optional(),
        spiffeId: z.string().optional(),
      })
      .optional(),
    resource: z.string().optional(),
    policyRevision: z.int(),
    groupsAsOf: instant.optional(),
    validUntil: instant.optional(),
    retryAfterSeconds: z.int().optional(),
    explanation: z.array(ExplainedStepBody).optional(),
  })
  .openapi('Decision')
