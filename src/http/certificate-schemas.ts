// The shapes of certificates and keys in requests and answers: where a key comes from, what is asked for, what is handed over, what the
// inventory shows.
import { z } from '@hono/zod-openapi'
import { KEY_FORMATS } from '../ca/keystore/key-bundle.ts'
import { KEY_ALGORITHMS } from '../domain/key-algorithm.ts'
import { instant, PageQuery, pemText, plainText, text } from './schema-parts.ts'

export const csrField = pemText.openapi({
  description: 'PKCS#10 certification request (RFC 2986): PEM, or DER in base64. At most 16 KiB decoded.',
  example: '-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n',
})

export const lifetimeField = z.int().min(60).max(31_536_000).openapi({
  description: 'Lifetime in seconds, counted from now. Absent: the default of the profile. Over its maximum: refused.',
  example: 3600,
})

const enrolmentTokenField = text('Single-use enrolment token, presented without another credential', 'enrol_…', 100)

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

const KeyStoreBody = z
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
