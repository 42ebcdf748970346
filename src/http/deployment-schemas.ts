// The shapes of deployments in requests and answers. What goes in whole comes back whole, but for passphrases: of them the
// names alone, since nothing that is secret is read back.
import { z } from '@hono/zod-openapi'
import { AUTH_MODES, DEFAULT_AUTH_MODES } from '../domain/access-policy.ts'
import { plainText, text } from './schema-parts.ts'

/** The same bounds as for the groups of a sign-in: a group that no sign-in brings would match nobody. */
const MAX_GROUP_OCTETS = 512

const group = plainText(MAX_GROUP_OCTETS)
  .min(1)
  .refine(
    (name) => name.isWellFormed() && Buffer.byteLength(name) <= MAX_GROUP_OCTETS,
    'well-formed, 512 octets at most',
  )
  .openapi({ description: 'Exactly as the provider writes it: nothing is trimmed or folded', example: 'lab1' })

const distinct = (items: readonly unknown[]): boolean => new Set(items).size === items.length

/** Each once. */
const listOf = <Item extends z.ZodType>(item: Item, max: number) =>
  z.array(item).max(max).refine(distinct, 'each once').default([])

export const ExternalGroupsBody = z
  .strictObject({ externalGroups: z.array(group).max(1000).refine(distinct, 'each once') })
  .openapi('ExternalGroupsRequest')

const entryId = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'lower case letters, digits and dashes, at most 32')

/** In clear, as a hash of another system, or by its name alone: then it stays as it was. */
const PassphraseBody = z
  .strictObject({
    id: entryId.openapi({ description: 'What to call it', example: 'a' }),
    passphrase: z.string().max(4096).optional(),
    hash: plainText(512).optional().openapi({ description: 'PBKDF2, bcrypt or scrypt' }),
  })
  .refine(({ passphrase, hash }) => passphrase === undefined || hash === undefined, 'passphrase or hash')

const CredentialPlaceBody = z.strictObject({
  in: z.enum(['authorization', 'header', 'query', 'cookie']),
  name: text('What the credential stands in', 'x-api-key', 63),
  carries: z.enum(['token', 'api-key', 'passphrase']),
})

const path = plainText(512).min(1)

export const DeploymentBody = z
  .strictObject({
    project: text('Project whose model it is', 'vision', 64),
    host: text('Host name by which callers reach it', 'resnet.models.internal', 255),
    service: text('The service that serves it and may ask about it', 'model-1.internal', 255),
    serviceCallers: listOf(text('A service that may call it', 'batch.internal', 255), 1000),
    moreHosts: listOf(text('A further host name', 'resnet.vision.svc.cluster.local', 255), 100),
    paths: listOf(path, 100).openapi({
      description: 'Prefixes in whole segments; none: every path of its hosts',
      example: ['/v1/models/resnet'],
    }),
    unprotectedPaths: listOf(path, 100).openapi({
      description: 'Exact paths that GET and HEAD reach without a credential',
      example: ['/healthz'],
    }),
    unprotectedPreset: z
      .enum(['none', 'kserve'])
      .default('none')
      .openapi({ description: 'kserve: /healthz, /debug/pprof/, /metrics and /wait-for-drain besides' }),
    model: text('The id of the model that it serves', '3f0c…', 255).optional(),
    modelSelector: z.enum(['optional', 'required']).default('optional'),
    authModes: z
      .array(z.enum(AUTH_MODES))
      .min(1)
      .max(AUTH_MODES.length)
      .refine(distinct, 'each once')
      .default([...DEFAULT_AUTH_MODES])
      .openapi({ description: 'What it accepts. `none`, alone: anybody, where the platform permits it.' }),
    externalGroups: listOf(group, 1000),
    actingUser: z.enum(['named', 'credential-itself']).default('named'),
    passphrases: z
      .array(PassphraseBody)
      .max(10)
      .refine((entries) => distinct(entries.map(({ id }) => id)), 'each id once')
      .default([]),
    credentialPlaces: z
      .array(CredentialPlaceBody)
      .max(10)
      .refine((places) => distinct(places.map((place) => `${place.in}:${place.name}`)), 'each place once')
      .default([]),
    delegates: listOf(text('Who may call for members', 'vision__sa-gateway', 255), 1000),
    deniedPrincipals: listOf(text('Who is refused', 'vision__bob', 300), 1000),
    callsPerMinute: z.int().min(1).max(10_000_000).optional(),
  })
  .refine(({ model, modelSelector }) => modelSelector === 'optional' || model !== undefined, {
    path: ['modelSelector'],
    message: 'required needs a model',
  })
  .openapi('DeploymentRequest')

/** As clients of H2O MLOps print it (row H3). A secret is null whatever was set. */
const SecurityOptionsAnswer = z.strictObject({
  passphrase: z.null(),
  hashedPassphrase: z.null(),
  oidcTokenAuth: z.boolean(),
})

export const DeploymentAnswer = z
  .strictObject({
    name: z.string(),
    project: z.string(),
    host: z.string(),
    service: z.string(),
    serviceCallers: z.array(z.string()),
    moreHosts: z.array(z.string()),
    paths: z.array(z.string()),
    unprotectedPaths: z.array(z.string()),
    model: z.string().optional(),
    modelSelector: z.enum(['optional', 'required']),
    authModes: z.array(z.enum(AUTH_MODES)),
    externalGroups: z.array(z.string()),
    actingUser: z.enum(['named', 'credential-itself']),
    passphrases: z.array(z.strictObject({ id: z.string() })),
    credentialPlaces: z.array(CredentialPlaceBody),
    delegates: z.array(z.string()),
    deniedPrincipals: z.array(z.string()),
    callsPerMinute: z.int().optional(),
    securityOptions: SecurityOptionsAnswer,
    status: z.string(),
  })
  .openapi('Deployment')

/** What somebody from outside the project sees who may call by their groups: how to call, and nothing of the project (row HX7). */
export const CallableDeploymentAnswer = z
  .strictObject({
    name: z.string(),
    host: z.string(),
    moreHosts: z.array(z.string()),
    paths: z.array(z.string()),
    authModes: z.array(z.enum(AUTH_MODES)),
    actingUser: z.enum(['named', 'credential-itself']),
    status: z.string(),
  })
  .openapi('CallableDeployment')
