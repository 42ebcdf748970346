// Deployments between HTTP and the acts: names are parsed, presets written out, passphrases hashed.
import { scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import type { z } from '@hono/zod-openapi'
import { type Deployment } from '../directory/deployment-store.ts'
import type { Random } from '../domain/clock.ts'
import { parseDeploymentName } from '../domain/deployment-name.ts'
import { parseDnsName, parseServiceName } from '../domain/dns-name.ts'
import type { NameRules } from '../domain/name-rules.ts'
import { parseInsiderName, parsePrincipalName } from '../domain/principal-name.ts'
import { parseProjectName } from '../domain/project-name.ts'
import { parsePathPrefix, parseUrlPath } from '../domain/url-path.ts'
import type { WantedPassphrase } from '../enrollment/deployment-policy.ts'
import type { IdempotentRequest } from '../enrollment/idempotency.ts'
import type { WantedDeployment } from '../enrollment/put-deployment.ts'
import type { KdfGate } from '../tokens/kdf-gate.ts'
import { hashPassphrase } from '../tokens/new-passphrase.ts'
import { importPassphrase } from '../tokens/passphrase-hash.ts'
import type { CallableDeploymentAnswer, DeploymentAnswer, DeploymentBody } from './deployment-schemas.ts'

export type WrittenDeployment = z.output<typeof DeploymentBody>
type WrittenPassphrase = WrittenDeployment['passphrases'][number]

/** What Istio's gateway of KServe lets through (row A6). */
const UNPROTECTED_PRESETS = {
  none: [],
  kserve: ['/healthz', '/debug/pprof/', '/metrics', '/wait-for-drain'],
} as const

/** Its passphrases are `passphrases`, which were hashed meanwhile. Throws `NameRejected`. */
export function wantedDeployment(
  name: string,
  body: WrittenDeployment,
  passphrases: readonly WantedPassphrase[],
  rules: NameRules,
): WantedDeployment {
  const unprotected = [...body.unprotectedPaths, ...UNPROTECTED_PRESETS[body.unprotectedPreset]]
  return {
    name: parseDeploymentName(name, rules),
    project: parseProjectName(body.project, rules),
    host: parseDnsName(body.host, rules),
    service: parseServiceName(body.service, rules),
    serviceCallers: body.serviceCallers.map((caller) => parseServiceName(caller, rules)),
    policy: {
      moreHosts: body.moreHosts.map((host) => parseDnsName(host, rules)).filter((host) => host !== body.host),
      paths: body.paths.map(parsePathPrefix),
      unprotectedPaths: [...new Set(unprotected)].map(parseUrlPath),
      ...(body.model === undefined ? {} : { model: body.model }),
      modelSelector: body.modelSelector,
      authModes: body.authModes,
      externalGroups: body.externalGroups,
      actingUser: body.actingUser,
      passphrases,
      credentialPlaces: body.credentialPlaces,
      delegates: body.delegates.map((delegate) => parseInsiderName(delegate, rules)),
      deniedPrincipals: body.deniedPrincipals.map((denied) => parsePrincipalName(denied, rules)),
      ...(body.callsPerMinute === undefined ? {} : { callsPerMinute: body.callsPerMinute }),
    },
  }
}

/** Throws `PassphraseRefused`. */
export async function wantedPassphrases(
  written: readonly WrittenPassphrase[],
  by: { readonly gate: KdfGate; readonly random: Random },
): Promise<readonly WantedPassphrase[]> {
  const wanted: WantedPassphrase[] = []
  // One after the other: each derivation takes one of the few turns of the process.
  for (const { id, passphrase, hash } of written) {
    if (hash !== undefined) wanted.push({ kind: 'set', id, hash: importPassphrase(hash) })
    else if (passphrase !== undefined) wanted.push({ kind: 'set', id, hash: await hashPassphrase(passphrase, by) })
    else wanted.push({ kind: 'kept', id })
  }
  return wanted
}

/** Before anything is hashed: whether the rest of it would be accepted. */
export function withoutHashes(written: readonly WrittenPassphrase[]): readonly WantedPassphrase[] {
  return written.map(({ id, passphrase, hash }) =>
    passphrase === undefined && hash === undefined ? { kind: 'kept', id } : { kind: 'set', id, hash: '' },
  )
}

const derive = promisify<string, string, number, Buffer>(scrypt)

/**
 * The digest that is kept with an Idempotency-Key tells two bodies apart. Where a body holds a passphrase it would be as good as
 * a fast hash of it, so it is made a slow one.
 */
export async function slowDigest(request: IdempotentRequest | undefined): Promise<IdempotentRequest | undefined> {
  if (request === undefined) return undefined
  const bodyDigest = await derive(request.bodyDigest, `idempotency ${request.key}`, 32)
  return { ...request, bodyDigest: bodyDigest.toString('hex') }
}

export function deploymentBody(deployment: Deployment): z.input<typeof DeploymentAnswer> {
  const { name, project, host, service, serviceCallers, policy, status } = deployment
  return {
    name,
    project,
    host,
    service,
    serviceCallers: [...serviceCallers],
    moreHosts: [...policy.moreHosts],
    paths: [...policy.paths],
    unprotectedPaths: [...policy.unprotectedPaths],
    ...(policy.model === undefined ? {} : { model: policy.model }),
    modelSelector: policy.modelSelector,
    authModes: [...policy.authModes],
    externalGroups: [...policy.externalGroups],
    actingUser: policy.actingUser,
    passphrases: policy.passphrases.map(({ id }) => ({ id })),
    credentialPlaces: policy.credentialPlaces.map((place) => ({ ...place })),
    delegates: [...policy.delegates],
    deniedPrincipals: [...policy.deniedPrincipals],
    ...(policy.callsPerMinute === undefined ? {} : { callsPerMinute: policy.callsPerMinute }),
    securityOptions: {
      passphrase: null,
      hashedPassphrase: null,
      oidcTokenAuth: policy.authModes.includes('oidc'),
    },
    status,
  }
}

export function callableBody({ name, host, policy, status }: Deployment): z.input<typeof CallableDeploymentAnswer> {
  const { moreHosts, paths, authModes, actingUser } = policy
  return { name, host, moreHosts: [...moreHosts], paths: [...paths], authModes: [...authModes], actingUser, status }
}
