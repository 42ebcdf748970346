// A call judged by the readers of src/proxies and the verifier alone, in the order of the decision, in a world with three hosts: what
// refuses it, or that it passes. What a snapshot would say (rights, revocation) is not asked.
import type { VerifiedCertificate } from '../../src/access/facts.ts'
import { routeHost } from '../../src/access/route.ts'
import type { CredentialPlace } from '../../src/domain/access-policy.ts'
import { readBodyModel } from '../../src/proxies/body-model.ts'
import { type CanonicalTarget, readCanonicalPath } from '../../src/proxies/canonical-path.ts'
import { readForwardedCertificate, type Voucher } from '../../src/proxies/forwarded-certificate.ts'
import { readPathModel } from '../../src/proxies/path-model.ts'
import { headersOfPlaces, presentedCredentials } from '../../src/proxies/presented-credentials.ts'
import { readToldHeaders, type ToldHeaders } from '../../src/proxies/told-headers.ts'
import { verifyClientCertificate } from '../../src/verifier/client-certificate.ts'
import type { Trust } from '../../src/verifier/trust.ts'
import type { Call, HostileWorld, Refusal, Sender } from '../../src/cli/doctor/hostile/hostile-request.ts'

export type Verdict = Refusal | 'passes'

const PLACES: readonly CredentialPlace[] = [{ in: 'header', name: 'x-api-key', carries: 'api-key' }]

export function judged(call: Call, from: Sender, world: HostileWorld, trust: Trust): Verdict {
  const headers = readToldHeaders(call.headers, new Set([world.modelHeader, ...headersOfPlaces(PLACES)]))
  if (headers.kind === 'ambiguous') return `headers: ${headers.fault}`
  const target = readCanonicalPath(call.target)
  if (target.kind === 'refused') return `path: ${target.fault}`
  const served = servedAt(headers, world)
  if (served === undefined) return 'route: unknown'
  const isOpen = (call.method === 'GET' || call.method === 'HEAD') && target.raw === world.unprotectedPath
  if (isOpen) return 'passes'
  return (
    callerRefusal(call, from, world, headers, target, trust) ??
    modelRefusal(call, headers, target, served, world) ??
    'passes'
  )
}

/** Which models a host serves. */
function servedAt(headers: ToldHeaders, world: HostileWorld): readonly string[] | undefined {
  const host = routeHost(headers.get('host') ?? '')
  if (host === world.host) return [world.model]
  if (host === world.otherHost) return [world.otherModel]
  return host === world.gatewayHost ? [world.model, world.otherModel] : undefined
}

function callerRefusal(
  call: Call,
  from: Sender,
  world: HostileWorld,
  headers: ToldHeaders,
  target: CanonicalTarget,
  trust: Trust,
): Refusal | undefined {
  const facts = certificateOf(call, from, world, headers, trust)
  if (typeof facts === 'string') return facts
  const presented = presentedCredentials(headers, target.query, { places: PLACES, bearerPassphrase: 'refused' })
  for (const each of presented) {
    if (each.kind === 'refused') return `credentials: ${each.fault}`
    if (each.kind !== 'api-key' || `${each.prefix}.${each.secret}` !== world.apiKey) return 'credentials: wrong'
  }
  if (facts === undefined && presented.length === 0) return 'credentials: missing'
  const actingUser = headers.get('signet-act-as')
  if (actingUser === undefined) return 'principal: unnamed'
  const principal = facts === undefined ? world.actingUser : facts.commonName
  return principal === actingUser ? undefined : 'principal: mismatch'
}

function certificateOf(
  call: Call,
  from: Sender,
  world: HostileWorld,
  headers: ToldHeaders,
  trust: Trust,
): VerifiedCertificate | Refusal | undefined {
  const told = readForwardedCertificate(headers, voucherOf(call, from))
  if (told.kind === 'ambiguous' || told.kind === 'refused') return `certificate: ${told.fault}`
  const der = told.kind === 'leaf' ? told.der : call.shows === 'own' ? world.certificate : undefined
  if (der === undefined) return undefined
  const facts = verifyClientCertificate(der, trust)
  return facts.kind === 'verified' ? facts : `certificate: ${facts.fault}`
}

function voucherOf({ sourceCertificate = '' }: Call, from: Sender): Voucher {
  if (from === 'client') return { dialect: 'none' }
  if (from === 'xfcc') return { dialect: 'xfcc', hops: 0 }
  return from === 'envoy-grpc' ? { dialect: from, certificate: sourceCertificate } : { dialect: from }
}

function modelRefusal(
  { body, method }: Call,
  headers: ToldHeaders,
  target: CanonicalTarget,
  served: readonly string[],
  world: HostileWorld,
): Refusal | undefined {
  const inPath = readPathModel(target, 'publisher')
  if (inPath.kind === 'refused') return `model: ${inPath.fault}`
  const inBody = readBodyModel({
    bytes: method === 'POST' ? Buffer.from(body) : new Uint8Array(),
    contentType: headers.get('content-type'),
    contentEncoding: headers.get('content-encoding'),
  })
  if (inBody.kind === 'refused') return `model: ${inBody.fault}`
  const named = [
    ...(inPath.kind === 'named' ? [inPath.name] : []),
    ...(inBody.kind === 'named' ? [inBody.model] : []),
    ...[headers.get(world.modelHeader) ?? ''].filter((model) => model !== ''),
  ]
  if (named.length === 0 && served.length > 1) return 'model: missing'
  const agree = named.every((model) => served.includes(model) && model === named[0])
  return agree ? undefined : 'model: conflict'
}
