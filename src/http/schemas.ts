// The shapes of requests and answers. They validate, they type, and `/openapi.json` is generated from them.
// Unknown fields are refused everywhere.
import { API_SCOPES } from '../domain/api-scope.ts'
import { z } from '@hono/zod-openapi'
import { TOKEN_ALGORITHMS } from '../domain/token-algorithm.ts'
import { csrField, exactlyOneKey, keyFields, lifetimeField } from './certificate-schemas.ts'
import { plainText, text } from './schema-parts.ts'

export const UserBody = z
  .strictObject({ platformRole: z.enum(['user', 'admin']).default('user') })
  .openapi('UserRequest')

/** The upper bound is that of the setting: nobody owns more. */
export const QuotaBody = z.strictObject({ projects: z.int().min(0).max(100_000) }).openapi('QuotaRequest')
export const UserLinkBody = z
  .strictObject({
    provider: text('A provider of the configuration', 'corp', 32),
    subject: text('What the provider calls the person, for ever: sub, entryUUID, objectGUID', '248289761001', 255),
  })
  .openapi('UserLinkRequest')

export const DirectorySyncBody = z
  .strictObject({
    confirm: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'the digest of a plan: 64 hexadecimal digits in lower case')
      .optional()
      .openapi({ description: 'Does exactly the plan with this digest, although it waits' }),
  })
  .openapi('DirectorySyncRequest')

export const LoginBody = z
  .strictObject({
    user: plainText(256).openapi({ description: 'As the provider knows the person', example: 'alice' }),
    // What a keyboard types; a NUL would end it early in some directory.
    password: plainText(1024).openapi({ description: 'Never kept, never logged' }),
  })
  .openapi('LoginRequest')

/** What a program that opens a browser says of itself: both or neither. */
export const LoginStart = z
  .strictObject({
    port: z
      .string()
      .regex(/^[1-9][0-9]{3,4}$/, 'a port from 1024 to 65535')
      .refine((port) => Number(port) >= 1024 && Number(port) <= 65_535, 'a port from 1024 to 65535')
      .optional()
      .openapi({ description: 'Where the program listens on 127.0.0.1', example: '50123' }),
    challenge: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/, 'SHA-256 in base64url')
      .optional()
      .openapi({ description: 'SHA-256 of the secret of the program, base64url (RFC 7636, S256)' }),
  })
  .refine(({ port, challenge }) => (port === undefined) === (challenge === undefined), 'port and challenge go together')

export const RedeemBody = z
  .strictObject({
    code: plainText(2048).openapi({ description: 'As the browser brought it' }),
    verifier: z
      .string()
      .regex(/^[A-Za-z0-9._~-]{43,128}$/, '43 to 128 unreserved characters')
      .openapi({ description: 'The secret of the program (RFC 7636 §4.1)' }),
  })
  .openapi('RedeemRequest')

export const ProjectBody = z
  .strictObject({ name: text('Project name', 'vision', 64), owner: text('Its first owner', 'alice', 64) })
  .openapi('ProjectRequest')

export const MemberBody = z.strictObject({ role: z.enum(['owner', 'scientist']) }).openapi('MemberRequest')

/** Nothing is chosen but the name, which stands in the path. */
export const AccountBody = z.strictObject({}).openapi('ServiceAccountRequest')

export const ServiceBody = z
  .strictObject({
    systemUser: text('Operating-system user: the L of the certificate', 'kserve', 64),
    dnsNames: z
      .array(text('A DNS name beside the service name', 'model.internal', 255))
      .max(50)
      .default([]),
    roles: z
      .array(z.enum(['launcher']))
      .max(1)
      .default([]),
    projects: z
      .array(text('A project that a launcher may start jobs in', 'vision', 64))
      .max(1000)
      .default([]),
    owner: text('Who answers for it: user:NAME or project:NAME', 'project:vision', 100).optional(),
    rotateEverySeconds: z
      .int()
      .min(300)
      .max(31_536_000)
      .optional()
      .openapi({ description: 'The longest that one of its keys is used, in seconds', example: 604_800 }),
    ifExists: z.enum(['replace', 'refuse']).default('replace'),
  })
  .openapi('ServiceRequest')

const tokenFields = {
  audience: text('The deployment or service that will accept it; there is no default', 'resnet', 255),
  lifetimeSeconds: z.int().min(1).max(86_400).optional(),
  algorithm: z
    .enum(TOKEN_ALGORITHMS)
    .optional()
    .openapi({ description: 'One that the installation signs with; its first one by default' }),
}

export const AccountTokenBody = z.strictObject(tokenFields).openapi('ServiceAccountTokenRequest')
export const JobTokenBody = z
  .strictObject({
    ...tokenFields,
    bind: z.boolean().default(false).openapi({ description: "Bind to the job's certificate (RFC 8705)" }),
  })
  .openapi('JobTokenRequest')

const jobFields = {
  kind: z.enum(['job', 'notebook', 'deployment']).default('job'),
  project: text('Project', 'vision', 64),
  user: text('The member on whose behalf it runs', 'alice', 64).optional(),
  account: text('In place of user: the service account on whose behalf it runs', 'sa-etl', 64).optional(),
  lifetimeSeconds: lifetimeField.optional().openapi({
    description: 'How long the job may run. Its certificate lives an hour at most, and is renewed. Only for `job`.',
  }),
  leaseSeconds: z.int().min(1).max(3600).optional().openapi({
    description: 'How long a heartbeat keeps it. Absent: the default of the policy.',
  }),
  token: JobTokenBody.optional(),
}

interface HolderFields {
  readonly user?: string | undefined
  readonly account?: string | undefined
}

function exactlyOneHolder({ user, account }: HolderFields, context: z.RefinementCtx): void {
  if ((user === undefined) !== (account === undefined)) return
  context.addIssue({ code: 'custom', path: ['user'], message: 'exactly one of user and account' })
}

/** One job: its key may be made here. */
const JobBody = z
  .strictObject({ ...jobFields, ...keyFields })
  .superRefine(exactlyOneHolder)
  .superRefine(exactlyOneKey)
  .openapi('JobRequest')

/** One of several: they bring keys of their own, since key stores for all would take longer than their transaction may. */
const JobOfBatchBody = z
  .strictObject({ ...jobFields, csr: csrField })
  .superRefine(exactlyOneHolder)
  .openapi('JobOfBatchRequest')

/** Jobs in one request: they share a transaction. */
const MAX_JOBS = 100

export const JobsBody = z.union([
  JobBody,
  z.strictObject({ jobs: z.array(JobOfBatchBody).min(1).max(MAX_JOBS) }).openapi('JobBatchRequest'),
])

export const JobRenewalBody = z.strictObject({ csr: csrField }).openapi('JobRenewalRequest')

export const TokenBody = z
  .strictObject({
    ...tokenFields,
    mayAct: plainText(64)
      .min(1)
      .optional()
      .openapi({ description: 'Who may exchange it to act for you (RFC 8693 §4.4)', example: 'gateway.internal' }),
    bind: z
      .boolean()
      .default(false)
      .openapi({ description: 'Bind to the client certificate of this connection (RFC 8705)' }),
  })
  .openapi('TokenRequest')

export const TokenAnswerBody = z
  .strictObject({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int(),
    jti: z.string(),
  })
  .openapi('IssuedToken')

export const TokenTextBody = z.strictObject({ token: plainText(8192).min(1) }).openapi('TokenText')

const apiKeyScopes = z.array(z.enum(API_SCOPES)).max(100)
const apiKeyDeployments = z
  .union([z.literal('all'), z.array(text('A deployment', 'resnet', 255)).max(1000)])
  .default('all')
  .openapi({ description: 'Which it may call, of those that it reaches', example: ['resnet'] })

/** Empty and over-long names and no scopes pass here: they have refusals of their own. */
export const ApiKeyBody = z
  .strictObject({
    name: plainText(1000).openapi({ description: '1 to 45 characters', example: 'notebook' }),
    scopes: apiKeyScopes,
    deployments: apiKeyDeployments,
    expiresAt: z.iso.datetime().optional().openapi({ description: 'RFC 3339, UTC. Absent: as late as may be.' }),
  })
  .openapi('ApiKeyRequest')

/** Both are replaced; an absent list of deployments is all of them. */
export const ApiKeyUpdateBody = z
  .strictObject({ scopes: apiKeyScopes, deployments: apiKeyDeployments })
  .openapi('ApiKeyUpdateRequest')
