// A told call, read: which deployment it means, by what path, who it says it is. Strict where two readers could read it otherwise
// (steps 1a, 1b and 2). What it reads is still no decision: an ambiguous call goes on as one, and is refused at its step.
import type { CallFacts, CallPath, Route } from '../access/decision.ts'
import type { ActingUser, CertificateFacts } from '../access/facts.ts'
import { asked, type ResolvedRoute, resolveRoute } from '../access/route.ts'
import type { DeploymentView, Snapshot } from '../access/snapshot.ts'
import type { CertificateDialect } from '../domain/access-policy.ts'
import type { BodyModel } from './body-model.ts'
import { type CanonicalTarget, readCanonicalPath, readDecodedPath, type RefusedTarget } from './canonical-path.ts'
import type { UnvouchedHeader, Voucher } from './forwarded-certificate.ts'
import type { ForwardedCertificate } from './forwarded-leaf.ts'
import type { KnownLeaves } from './known-leaves.ts'
import { ACT_AS_HEADER, DELEGATE_FOR_HEADER } from './identity-headers.ts'
import { readPathModel } from './path-model.ts'
import {
  type AcceptedPlaces,
  headersOfPlaces,
  presentedCredentials,
  type PresentedCredential,
} from './presented-credentials.ts'
import type { ToldCall } from './told-call.ts'
import { type AmbiguousHeaders, readToldHeaders, type ToldHeaders } from './told-headers.ts'

/** The model for which a gateway has routed (Gateway API Inference Extension). Whatever it names must be the deployment's. */
export const MODEL_HEADER = 'x-gateway-model-name'

export interface ReadCall {
  readonly call: CallFacts
  readonly route: Route
  readonly certificate: CertificateFacts | 'absent'
  readonly certificateSeen: 'on-this-connection' | 'told'
  readonly presented: readonly PresentedCredential[]
  readonly actingUser: ActingUser
  readonly delegatedFor: string | undefined
  readonly clientAddress: string | undefined
}

/** What the teller may vouch with; a call that came to this process itself has no voucher. */
export interface Teller {
  readonly dialect: CertificateDialect
  readonly hops: number
}

export interface ReadingMeans {
  readonly snapshot: Snapshot
  readonly certificates: { verify(der: Uint8Array): CertificateFacts }
  readonly leaves: KnownLeaves
}

export interface ReadResult {
  readonly read: ReadCall
  /** Headers of the call that must not reach the model server. */
  readonly toRemove: readonly string[]
}

export function readCall(means: ReadingMeans, told: ToldCall, teller: Teller | 'none'): ReadResult {
  const first = readToldHeaders(told.headers, ALWAYS_READ)
  if (first.kind === 'ambiguous') return { read: ambiguous(told), toRemove: [] }
  const target = told.target === undefined ? 'untold' : readCanonicalPath(told.target)
  const normalized = told.normalizedPath === undefined ? undefined : readDecodedPath(told.normalizedPath)
  const path = pathOf(target, normalized)
  const { route, resolved } = routeOf(means.snapshot, told, first, { target, normalized, path })
  const deployment = asked(resolved)
  const headers = withPlaces(told, first, deployment)
  if (headers.kind === 'ambiguous') return { read: ambiguous(told), toRemove: [] }
  const forwarded = forwardedTo(means, told, headers, teller)
  if (forwarded.kind === 'ambiguous' || (told.model !== 'untold' && told.model.kind === 'refused')) {
    return { read: { ...ambiguous(told), route }, toRemove: headers.toRemove }
  }
  const query = target !== 'untold' && target.kind === 'canonical' ? target.query : undefined
  const read: ReadCall = {
    call: { reading: 'clear', method: told.method, path },
    route,
    certificate: certificateFacts(means, forwarded),
    certificateSeen: told.certificate.kind === 'seen' ? 'on-this-connection' : 'told',
    presented: presentedCredentials(headers, query, acceptedPlaces(means.snapshot, deployment)),
    actingUser: actingUserIn(headers),
    delegatedFor: headers.get(DELEGATE_FOR_HEADER),
    clientAddress: told.clientAddress ?? clientAddressIn(headers, teller),
  }
  return { read, toRemove: headers.toRemove }
}

const ALWAYS_READ: ReadonlySet<string> = new Set([MODEL_HEADER])

/** Nothing of it counts but that it is refused, and of what host it was. */
function ambiguous({ host, deployment, method, clientAddress }: ToldCall): ReadCall {
  return {
    call: { reading: 'ambiguous', method, path: { kind: 'untold' } },
    route: { deployment, host, models: [] },
    certificate: 'absent',
    certificateSeen: 'told',
    presented: [],
    actingUser: { kind: 'credential-itself' },
    delegatedFor: undefined,
    clientAddress,
  }
}

type Target = CanonicalTarget | RefusedTarget | 'untold'

/** What the proxy has routed by; undefined where it does not tell. */
type Normalized = CanonicalTarget | RefusedTarget | undefined

function pathOf(target: Target, normalized: Normalized): CallPath {
  if (target === 'untold') return normalized === undefined ? { kind: 'untold' } : { kind: 'refused' }
  if (target.kind === 'refused') return { kind: 'refused' }
  const { path, raw } = target
  if (normalized === undefined) return { kind: 'canonical', path, raw }
  if (normalized.kind === 'refused') return { kind: 'refused' }
  // The proxy went on with another path than it was sent: it may be routed, and is none that nobody has to ask for.
  return { kind: 'canonical', path, raw: normalized.path === path ? raw : '' }
}

interface ReadPaths {
  readonly target: Target
  readonly normalized: Normalized
  readonly path: CallPath
}

interface NamedRoute {
  readonly route: Route
  readonly resolved: ResolvedRoute
}

/** Everything that names a deployment or a model, and which one that is. */
function routeOf(snapshot: Snapshot, told: ToldCall, headers: ToldHeaders, paths: ReadPaths): NamedRoute {
  const { deployment, host } = told
  const { target, path } = paths
  const named = [headers.get(MODEL_HEADER), bodyModel(told.model)].filter((model) => model !== undefined)
  const byName: NamedRoute = resolvedTo(snapshot, { deployment, host, models: named }, path)
  if (target === 'untold' || target.kind === 'refused') return byName
  const inPath = publisherModel(target, asked(byName.resolved))
  const byHostAndPath = told.model === 'untold' ? withModels(snapshot, byName, inPath, path) : undefined
  if (byHostAndPath !== undefined && byHostAndPath.resolved.kind !== 'found') return byHostAndPath
  const models = [...named, ...inPath]
  const others = otherDeployment(snapshot, { deployment, host, models }, paths, byName.resolved)
  return withModels(snapshot, byName, [...models, ...others], path)
}

/**
 * The same route with these models alone. Host and path by themselves have to say which deployment is meant where the body is
 * not told: a header may then agree with it and contradict it, but not stand for it, since whoever does not tell the body could
 * let one model be decided about and another be called.
 */
function withModels(snapshot: Snapshot, found: NamedRoute, models: readonly string[], path: CallPath): NamedRoute {
  const { route } = found
  const isSame = models.length === route.models.length && models.every((model, index) => model === route.models[index])
  return isSame ? found : resolvedTo(snapshot, { ...route, models }, path)
}

function resolvedTo(snapshot: Snapshot, route: Route, path: CallPath): NamedRoute {
  return { route, resolved: resolveRoute(snapshot, route, path) }
}

function bodyModel(model: BodyModel | 'untold'): string | undefined {
  return model !== 'untold' && model.kind === 'named' ? model.model : undefined
}

/** `/publishers/NAMESPACE/models/MODEL` names the model NAMESPACE/MODEL, where the deployment does not list that very path. */
function publisherModel(target: CanonicalTarget, deployment: DeploymentView | undefined): readonly string[] {
  const named = readPathModel(target, 'publisher')
  if (named.kind === 'absent') return []
  if (deployment?.policy.paths.some((path) => path.startsWith('/publishers/'))) return []
  // What begins like one and is none names nothing that there is.
  return [named.kind === 'named' ? `${named.namespace}/${named.name}` : target.path]
}

/** Where the path that the proxy has routed by means another deployment, that one is named too: a conflict. */
function otherDeployment(
  snapshot: Snapshot,
  route: Route,
  { normalized }: ReadPaths,
  byName: ResolvedRoute,
): readonly string[] {
  if (normalized === undefined || normalized.kind === 'refused') return []
  const { path } = normalized
  const second = resolveRoute(snapshot, route, { kind: 'canonical', path, raw: path })
  if (second.kind === byName.kind && asked(second) === asked(byName)) return []
  return [asked(second)?.name ?? path]
}

/** Read once more where the deployment takes credentials from headers of its own: those must be as clear as all others. */
function withPlaces(
  { headers }: ToldCall,
  read: ToldHeaders,
  deployment: DeploymentView | undefined,
): ToldHeaders | AmbiguousHeaders {
  const names = deployment === undefined ? [] : headersOfPlaces(deployment.policy.credentialPlaces)
  return names.length === 0 ? read : readToldHeaders(headers, new Set([MODEL_HEADER, ...names]))
}

/** Where a deployment takes credentials from, and whether a Bearer may be a passphrase. */
export function acceptedPlaces({ rules }: Snapshot, deployment: DeploymentView | undefined): AcceptedPlaces {
  const takesPassphrases = deployment?.authModes.has('passphrase') === true
  return {
    places: deployment?.policy.credentialPlaces ?? [],
    bearerPassphrase: takesPassphrases && rules.activatedAuthModes.has('passphrase') ? 'accepted' : 'refused',
  }
}

function forwardedTo(
  { leaves }: ReadingMeans,
  { certificate }: ToldCall,
  headers: ToldHeaders,
  teller: Teller | 'none',
): ForwardedCertificate | UnvouchedHeader {
  if (certificate.kind === 'seen') {
    // The connection itself says who calls: a header that says so too was written by the client.
    const told = leaves.read(headers, { dialect: 'none' })
    if (told.kind === 'ambiguous' || certificate.der === 'absent') return told
    return { kind: 'leaf', der: certificate.der }
  }
  const voucher = voucherOf(teller, certificate.kind === 'envoy-grpc' ? certificate.text : '')
  if (certificate.kind === 'envoy-grpc' && voucher.dialect !== 'envoy-grpc' && certificate.text !== '') {
    return { kind: 'ambiguous', header: 'source.certificate', fault: 'not-vouched' }
  }
  return leaves.read(headers, voucher)
}

function voucherOf(teller: Teller | 'none', certificate: string): Voucher {
  if (teller === 'none') return { dialect: 'none' }
  const { dialect, hops } = teller
  if (dialect === 'xfcc') return { dialect, hops }
  return dialect === 'envoy-grpc' ? { dialect, certificate } : { dialect }
}

function certificateFacts(
  { certificates }: ReadingMeans,
  forwarded: ForwardedCertificate,
): CertificateFacts | 'absent' {
  switch (forwarded.kind) {
    case 'absent':
      return 'absent'
    case 'leaf':
      return certificates.verify(forwarded.der)
    case 'refused':
      return forwarded.fault === 'not-verified' ? NOT_VERIFIED : NOT_READ
    default:
      return forwarded satisfies never
  }
}

const NOT_VERIFIED: CertificateFacts = Object.freeze({
  kind: 'refused',
  reason: 'CERT_UNTRUSTED',
  fault: 'issuer',
  validity: 'unproven',
})
const NOT_READ: CertificateFacts = Object.freeze({
  kind: 'refused',
  reason: 'CERT_MALFORMED',
  fault: 'encoding',
  validity: 'unproven',
})

function actingUserIn(headers: ToldHeaders): ActingUser {
  const name = headers.get(ACT_AS_HEADER)
  return name === undefined ? { kind: 'credential-itself' } : { kind: 'named', name }
}

/** What our own proxies have added stands on the right; everything left of it is the client's. */
function clientAddressIn(headers: ToldHeaders, teller: Teller | 'none'): string | undefined {
  if (teller === 'none') return undefined
  const addresses = headers.get('x-forwarded-for')?.split(',') ?? []
  const address = addresses.at(-1 - teller.hops)?.trim()
  return address === '' ? undefined : address?.slice(0, MAX_ADDRESS_CHARACTERS)
}

const MAX_ADDRESS_CHARACTERS = 64
