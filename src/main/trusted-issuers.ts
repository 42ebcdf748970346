// The trusted issuers of the configuration with their keys and their mapping, as the acts want them. Files are read and names
// parsed here, so that what is wrong with them stops the start.
import { readFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import type { Clock } from '../domain/clock.ts'
import { CodedError } from '../domain/coded-error.ts'
import { NameRejected, type NameRules } from '../domain/name-rules.ts'
import { parseProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import { parseServiceAccountName, parseUserName } from '../domain/user-name.ts'
import { FetchedIssuerKeys, type KeyPlace } from '../federation/issuer-keys.ts'
import type { Configuration } from '../ops/configuration.ts'
import { ConfigurationRejected } from '../ops/configuration.ts'
import type { TrustedIssuerSettings } from '../ops/trusted-issuer-settings.ts'
import {
  kubernetesSubject,
  type MappedIdentity,
  type OtherSubjects,
  type TrustedIssuer,
  type TrustedIssuers,
} from '../tokens/trusted-issuer.ts'

/** A service-account token that may come here lives an hour at most: one for longer was made for something else. */
const KUBERNETES_TOKEN_SECONDS = 3600

/** Throws `ConfigurationRejected` with every fault. */
export function trustedIssuersOf(configuration: Configuration, names: NameRules, clock: Clock): TrustedIssuers {
  const faults: string[] = []
  const found = new Map<string, TrustedIssuer>()
  for (const [name, entry] of configuration.trustedIssuers) {
    try {
      found.set(entry.issuer, trustedIssuer(name, entry, { names, clock, ownUrl: configuration.publicUrl }))
    } catch (error) {
      if (!(error instanceof Error)) throw error
      faults.push(`trustedIssuers.${name}: ${whatOf(error)}`)
    }
  }
  if (faults.length > 0) throw new ConfigurationRejected(faults)
  return found
}

interface Means {
  readonly names: NameRules
  readonly clock: Clock
  readonly ownUrl: string
}

function trustedIssuer(name: string, entry: TrustedIssuerSettings, { names, clock, ownUrl }: Means): TrustedIssuer {
  const { issuer, algorithms, caFile, bearerFile } = entry
  const ca = caFile === undefined ? undefined : readCa(caFile)
  if (bearerFile !== undefined) readFileSync(bearerFile)
  if (entry.jwksFile !== undefined) readFileSync(entry.jwksFile)
  const keys = new FetchedIssuerKeys({ name, issuer, place: placeOf(entry), ca, bearerFile, clock })
  const common = { name, issuer, algorithms, keys }
  if (entry.kind === 'oidc') {
    const { audience, typ, maxTokenLife: maxLifetimeSeconds, groupClaim: claim, missingGroups: missing } = entry
    const others: OtherSubjects = claim === undefined ? { kind: 'nobody' } : { kind: 'grouped', claim, missing }
    const identities = entry.subjects.map(({ sub, claims, ...who }) => [sub, identityOf(who, claims, names)] as const)
    return { ...common, kind: 'oidc', audience, typ, maxLifetimeSeconds, identities: new Map(identities), others }
  }
  const identities = entry.serviceAccounts.map((who) => {
    return [kubernetesSubject(who.namespace, who.name), identityOf(who, {}, names)] as const
  })
  return {
    ...common,
    kind: 'kubernetes',
    audience: entry.audience ?? ownUrl,
    typ: 'JWT',
    maxLifetimeSeconds: KUBERNETES_TOKEN_SECONDS,
    identities: new Map(identities),
    others: { kind: 'without-groups' },
  }
}

function placeOf({ jwksUrl, jwksFile }: TrustedIssuerSettings): KeyPlace {
  if (jwksFile !== undefined) return { kind: 'file', path: jwksFile }
  return jwksUrl === undefined ? { kind: 'discovery' } : { kind: 'url', url: jwksUrl }
}

interface Who {
  readonly project: string
  readonly user?: string | undefined
  readonly account?: string | undefined
}

function identityOf(
  { project, user, account }: Who,
  claims: Readonly<Record<string, string>>,
  names: NameRules,
): MappedIdentity {
  const projectName = parseProjectName(project, names)
  const who =
    account === undefined
      ? ({ kind: 'user', name: parseUserName(user ?? '', names) } as const)
      : ({ kind: 'account', name: parseServiceAccountName(account, names) } as const)
  projectUserName(projectName, who.name, names)
  return { project: projectName, who, claims: new Map(Object.entries(claims)) }
}

function readCa(file: string): string {
  const pem = readFileSync(file, 'utf8')
  // Reads the first one, which is what tells a CA file from another.
  return new X509Certificate(pem).ca ? pem : refuseLeaf()
}

function refuseLeaf(): never {
  throw new TypeError('caFile holds no CA certificate')
}

/** Never what stands in a file. */
function whatOf(error: Error): string {
  if (error instanceof NameRejected) return `${String(error.facts['kind'])} ${String(error.facts['rule'])}`
  if (error instanceof CodedError) return String(error.code)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
