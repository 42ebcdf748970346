// What carries its own signature, for everyone, over HTTPS and plain HTTP: CA certificates of single CAs and CRLs, served from memory.
// These paths are written into certificates: they never change.
import { Hono } from 'hono'
import type { IssuerId } from '../../domain/issuer-id.ts'
import { parseIssuerId } from '../../domain/issuer-id.ts'
import type { CrlShelf, Shelved } from '../../revocation/crl-shelf.ts'
import type { ApiEnvironment, ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { shelvedResponse } from '../shelved-response.ts'

const CA_MAX_AGE_SECONDS = 3600
const CA_PEM = { contentType: 'application/x-pem-file', maxAgeSeconds: CA_MAX_AGE_SECONDS }

export function pkiRoutes(parts: ApiParts): Hono<ApiEnvironment> {
  const { crls, authorities, context } = parts
  const maxAgeSeconds = context.policy.revocation.crl.cacheMaxAgeSeconds
  const ca = (contentType: string) => ({ contentType, maxAgeSeconds: CA_MAX_AGE_SECONDS })
  const crl = (contentType: string) => ({ contentType, maxAgeSeconds })
  const routes = new Hono<ApiEnvironment>()

  routes.get('/pki/ca/:file{.+\\.cer}', (c) => {
    const found = authorities.cer(issuerIn(c.req.param('file'), '.cer'))
    return shelvedResponse(c.req.raw, orNotFound(found), ca('application/pkix-cert'), context.clock.now())
  })
  routes.get('/pki/ca/:file{.+\\.pem}', (c) => {
    const found = authorities.pem(issuerIn(c.req.param('file'), '.pem'))
    return shelvedResponse(c.req.raw, orNotFound(found), ca('application/x-pem-file'), context.clock.now())
  })

  routes.get('/pki/crl', (c) => c.json(indexOf(crls, parts.publicUrl), 200, { 'cache-control': 'no-cache' }))
  routes.get('/pki/crl/bundle.pem', (c) =>
    shelvedResponse(c.req.raw, crls.bundle(), crl('application/x-pem-file'), context.clock.now()),
  )
  routes.get('/pki/crl/:file{.+\\.crl}', (c) => {
    const found = crls.get(issuerIn(c.req.param('file'), '.crl'))?.der
    return shelvedResponse(c.req.raw, orNotFound(found), crl('application/pkix-crl'), context.clock.now())
  })
  routes.get('/pki/crl/:file{.+\\.pem}', (c) => {
    const found = crls.get(issuerIn(c.req.param('file'), '.pem'))?.pem
    return shelvedResponse(c.req.raw, orNotFound(found), crl('application/x-pem-file'), context.clock.now())
  })
  return routes
}

/** What a reader takes as it comes: over a connection whose server was verified, and not over plain HTTP. */
export function trustRoutes({ authorities, context }: ApiParts): Hono<ApiEnvironment> {
  const routes = new Hono<ApiEnvironment>()
  routes.get('/pki/chain/:file{.+\\.pem}', (c) => {
    const found = authorities.chain(issuerIn(c.req.param('file'), '.pem'))
    return shelvedResponse(c.req.raw, orNotFound(found), CA_PEM, context.clock.now())
  })
  routes.get('/pki/trust-bundle.pem', (c) =>
    shelvedResponse(c.req.raw, authorities.trustBundle(), CA_PEM, context.clock.now()),
  )
  return routes
}

function issuerIn(file: string, ending: string): IssuerId {
  return parseIssuerId(file.slice(0, -ending.length))
}

function orNotFound(shelved: Shelved | undefined): Shelved {
  if (shelved === undefined) throw new HttpRefused('not_found')
  return shelved
}

function indexOf(crls: CrlShelf, publicUrl: string) {
  return {
    crls: crls.all().map(({ crl, sha256 }) => ({
      issuer: crl.issuer,
      number: crl.number,
      thisUpdate: crl.thisUpdate.toISOString(),
      nextUpdate: crl.nextUpdate.toISOString(),
      bytes: crl.der.length,
      sha256,
      urls: [`${publicUrl}/pki/crl/${crl.issuer}.crl`, `${publicUrl}/pki/crl/${crl.issuer}.pem`],
    })),
    bundle: `${publicUrl}/pki/crl/bundle.pem`,
  }
}
