// The shapes of requests and answers. They validate, they type, and `/openapi.json` is generated from them.
// Unknown fields are refused everywhere.
import { API_SCOPES } from '../domain/api-scope.ts'
import { z } from '@hono/zod-openapi'
import { KEY_FORMATS } from '../ca/keystore/key-bundle.ts'
import { KEY_ALGORITHMS } from '../domain/key-algorithm.ts'
import { TOKEN_ALGORITHMS } from '../domain/token-algorithm.ts'

/** No database and no log is asked to keep a control character (C0, DEL, C1): PostgreSQL takes no NUL in a text. */
export const plainText = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^\P{Cc}*$/u, 'holds a control character')

/** PEM has lines. */
const pemText = z
  .string()
  .max(32 * 1024)
  .regex(/^[\P{Cc}\r\n\t]*$/u, 'holds a control character')

const text = (description: string, example: string, max = 4096) =>
  plainText(max).min(1).openapi({ description, example })

export const csrField = pemText.openapi({
  description: 'PKCS#10 certification request (RFC 2986): PEM, or DER in base64. At most 16 KiB decoded.',
  example: '-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n',
})

export const lifetimeField = z.int().min(60).max(31_536_000).openapi({
  description: 'Lifetime in seconds, counted from now. Absent: the default of the profile. Over its maximum: refused.',
  example: 3600,
})

export const enrolmentTokenField = text(
  'Single-use enrolment token, presented without another credential',
  'enrol_…',
  100,
)

const keyAlgorithm = z.literal([...KEY_ALGORITHMS.values()].map(({ name }) => name))

export const keyFormatField = z.enum(KEY_FORMATS).openapi({
  description: 'PEM with an encrypted key; PKCS#12; or JKS, which is weak and for old Java alone',
})

/** Where the key comes from: a request with the key of the caller, or one that Signet makes. For `exactlyOneKey`. */
export const keyFields = {
  csr: csrField.optional(),
  generate: z
    .strictObject({ algorithm: keyAlgorithm.default('ec-p256') })
    .optional()
    .openapi({ description: 'In place of csr: Signet makes the key, and hands it over once in this answer' }),
  format: keyFormatField.optional(),
  passphrase: z
    .string()
    .max(256)
    .optional()
    .openapi({ description: 'Opens key and trust store: 12 printable ASCII characters or more. Absent: one is made.' }),
  alias: plainText(64).optional().openapi({ description: 'Name of the key in its store. Absent: the common name.' }),
}

interface KeyFields {
  readonly csr?: string | undefined
  readonly generate?: object | undefined
  readonly format?: string | undefined
  readonly passphrase?: string | undefined
  readonly alias?: string | undefined
}

export function exactlyOneKey({ csr, generate, format, passphrase, alias }: KeyFields, context: z.RefinementCtx): void {
  const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
  if ((csr === undefined) === (generate === undefined)) fault('csr', 'exactly one of csr and generate')
  if (generate !== undefined && format === undefined) fault('format', `one of ${KEY_FORMATS.join(', ')}`)
  if (generate !== undefined) return
  for (const [name, value] of Object.entries({ format, passphrase, alias })) {
    if (value !== undefined) fault(name, 'belongs to generate')
  }
}

const certificateFields = {
  ...keyFields,
  enrolmentToken: enrolmentTokenField.optional(),
  lifetimeSeconds: lifetimeField.optional(),
}

export const MemberCertificateBody = z
  .strictObject(certificateFields)
  .superRefine(exactlyOneKey)
  .openapi('MemberCertificateRequest')
export const AccountCertificateBody = z
  .strictObject({ ...keyFields, lifetimeSeconds: lifetimeField.optional() })
  .superRefine(exactlyOneKey)
  .openapi('ServiceAccountCertificateRequest')
export const ServiceCertificateBody = z
  .strictObject(certificateFields)
  .superRefine(exactlyOneKey)
  .openapi('ServiceCertificateRequest')

export const RenewBody = z.strictObject({ lifetimeSeconds: lifetimeField.optional() }).openapi('RenewalRequest')
export const RekeyBody = z
  .strictObject({ csr: csrField, lifetimeSeconds: lifetimeField.optional() })
  .openapi('RekeyRequest')

const instant = z.string().openapi({ description: 'RFC 3339, UTC', example: '2026-01-02T03:04:05.000Z' })

export const KeyStoreBody = z
  .strictObject({
    format: keyFormatField,
    alias: z.string(),
    contents: z.string().openapi({ description: 'Key, certificate and chain: PEM, or the file in base64' }),
    trustStore: z.string().openapi({ description: 'The roots in the same format, under the same passphrase' }),
    passphrase: z.string().optional().openapi({ description: 'There when Signet made it. It is told once.' }),
  })
  .openapi('KeyStore')

export const CertificateAnswerBody = z
  .strictObject({
    serial: z.string(),
    issuer: z.string(),
    profile: z.string(),
    commonName: z.string(),
    notBefore: instant,
    notAfter: instant,
    certificate: z.string().openapi({ description: 'PEM' }),
    chain: z.string().openapi({ description: 'The issuing CA certificate, PEM, without the root' }),
    keyStore: KeyStoreBody.optional().openapi({ description: 'With generate: the key, handed over once' }),
  })
  .openapi('IssuedCertificate')

export const CertificateRecordBody = z
  .strictObject({
    serial: z.string(),
    issuer: z.string(),
    profile: z.string(),
    identity: z.string(),
    commonName: z.string(),
    project: z.string().optional(),
    notBefore: instant,
    notAfter: instant,
    status: z.enum(['good', 'held', 'revoked', 'expired']),
    revokedAt: instant.optional(),
    reason: z.string().optional(),
    replacedBy: z.string().optional().openapi({ description: 'Serial number of the certificate for a new key' }),
    revokeAt: instant.optional().openapi({ description: 'When it is revoked, since another took its place' }),
    requester: z.string(),
    obtainedWith: z.string(),
    issuedAt: instant,
    renewUntil: instant.optional(),
    fingerprint: z.string().openapi({ description: 'SHA-256 of the certificate, hexadecimal' }),
    certificate: z.string().openapi({ description: 'PEM' }),
  })
  .openapi('Certificate')

export const RevokeBody = z
  .strictObject({
    reason: plainText(40).openapi({
      description: 'RFC 5280 §5.3.1; `certificateHold` holds, and `removeFromCRL` releases a hold',
      example: 'keyCompromise',
    }),
  })
  .openapi('RevocationRequest')

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

export const DeploymentBody = z
  .strictObject({
    project: text('Project whose model it is', 'vision', 64),
    host: text('Host name by which callers reach it', 'resnet.models.internal', 255),
    service: text('The service that serves it and may ask about it', 'model-1.internal', 255),
    serviceCallers: z
      .array(text('A service that may call it', 'batch.internal', 255))
      .max(1000)
      .default([]),
  })
  .openapi('DeploymentRequest')

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

export const AuthorizeBody = z
  .strictObject({
    credential: z
      .union([
        z.strictObject({
          certificate: pemText.min(1),
        }),
        z.strictObject({ token: plainText(8192).min(1) }),
        z.strictObject({ apiKey: plainText(512).min(1) }),
        z.strictObject({ passphrase: plainText(1024).min(1) }),
      ])
      .optional()
      .openapi({
        description:
          'What the caller showed to the asking server. Absent: the connection of this very request is judged.',
      }),
    actingUser: z
      .union([plainText(512), z.strictObject({ kind: z.literal('credential-itself') })])
      .openapi({ description: 'Whom the caller says it acts for', example: 'vision__alice' }),
    deployment: plainText(512).min(1).optional(),
    host: plainText(512).min(1).optional(),
    path: plainText(8192).optional(),
    method: plainText(32).optional(),
    model: plainText(512).optional(),
  })
  .refine(({ deployment, host }) => deployment !== undefined || host !== undefined, {
    message: 'names a deployment or a host',
  })
  .openapi('AuthorizeRequest')

export const DecisionBody = z
  .strictObject({
    decision: z.enum(['allow', 'deny']),
    reason: z.string(),
    subject: z.strictObject({ profile: z.string(), name: z.string(), spiffeId: z.string() }).optional(),
    resource: z.string().optional(),
    policyRevision: z.int(),
    validUntil: instant.optional(),
  })
  .openapi('Decision')

export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: plainText(2048).optional(),
})

export const CertificateQuery = PageQuery.extend({
  commonName: plainText(64).optional(),
  identity: plainText(200).optional(),
  project: plainText(64).optional(),
  profile: plainText(40).optional(),
  issuer: plainText(60).optional(),
  requester: plainText(200).optional(),
  status: z.enum(['good', 'held', 'revoked', 'expired']).optional(),
  expiresWithinSeconds: z.coerce.number().int().min(0).max(3_153_600_000).optional(),
})

/** Empty and over-long names and no scopes pass here: they have refusals of their own. */
export const ApiKeyBody = z
  .strictObject({
    name: plainText(1000).openapi({ description: '1 to 45 characters', example: 'notebook' }),
    scopes: z.array(z.enum(API_SCOPES)).max(100),
    expiresAt: z.iso.datetime().optional().openapi({ description: 'RFC 3339, UTC. Absent: as late as may be.' }),
  })
  .openapi('ApiKeyRequest')

export const ProblemBody = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    requestId: z.string(),
    facts: z.record(z.string(), z.unknown()).optional(),
    errorCode: z.int().optional().openapi({ description: 'What clients of Hopsworks know the refusal by' }),
  })
  .openapi('Problem')
