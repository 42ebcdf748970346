// What carries its own signature, for everyone, over HTTPS and plain HTTP: CA certificates of single CAs and CRLs, served from memory.
// These paths are written into certificates: they never change.
import { Hono } from 'hono'
import { crlScopeKey, parseCrlScopeKey } from '../../domain/crl-scope.ts'
import type { IssuerId } from '../../domain/issuer-id.ts'
import { parseIssuerId } from '../../domain/issuer-id.ts'
import type { CrlShelf, Shelved } from '../../revocation/crl-shelf.ts'
import { BUNDLE, CRL_TYPE, PEM_TYPE } from '../crl-downloads.ts'
import type { ApiEnvironment, ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { shelvedResponse } from '../shelved-response.ts'

const CA_MAX_AGE_SECONDS = 3600
const CRL_ENDINGS = ['.crl', '.pem'] as const
const OF_CAS = { maxAgeSeconds: CA_MAX_AGE_SECONDS, dates: 'rising' } as const
const CA_PEM = { contentType: PEM_TYPE, ...OF_CAS }

const SPIFFE = { contentType: 'application/json', ...OF_CAS }
const TRUST_STORES = [
  { path: '/pki/trust-bundle.jks', format: 'jks', contentType: 'application/x-java-keystore' },
  { path: '/pki/trust-bundle.p12', format: 'pkcs12', contentType: 'application/x-pkcs12' },
] as const

export function pkiRoutes(parts: ApiParts): Hono<ApiEnvironment> {
  const { crls, authorities, context } = parts
  const maxAgeSeconds = context.policy.revocation.crl.cacheMaxAgeSeconds
  const ca = (contentType: string) => ({ contentType, maxAgeSeconds: CA_MAX_AGE_SECONDS, dates: 'rising' }) as const
  // thisUpdate rises with each CRL of a scope (SECURITY.md rule 31).
  const crl = (contentType: string) => ({ contentType, maxAgeSeconds, dates: 'rising' }) as const
  // As old as the newest CRL in it, and the others change too.
  const bundle = { contentType: PEM_TYPE, maxAgeSeconds, dates: 'shared' } as const
  const answer = (request: Request, file: string): Response => {
    const { stem, ending } = stemOf(file, CRL_ENDINGS)
    const found = crls.get(parseCrlScopeKey(stem))
    const [body, type] = ending === '.crl' ? [found?.der, CRL_TYPE] : [found?.pem, PEM_TYPE]
    return shelvedResponse(request, orNotFound(body), crl(type), context.clock.now())
  }
  const routes = new Hono<ApiEnvironment>()

  routes.get('/pki/ca/:file', (c) => {
    const { id, ending } = fileIn(c.req.param('file'), ['.cer', '.pem'])
    const [found, type] =
      ending === '.cer' ? [authorities.cer(id), 'application/pkix-cert'] : [authorities.pem(id), PEM_TYPE]
    return shelvedResponse(c.req.raw, orNotFound(found), ca(type), context.clock.now())
  })

  routes.get('/pki/crl', (c) => c.json(indexOf(crls, parts.publicUrl), 200, { 'cache-control': 'no-cache' }))
  // One route for both: a fixed path beside a parameter takes the router's fast way from every route there is.
  routes.get('/pki/crl/:file', (c) => {
    const file = c.req.param('file')
    if (file === `${BUNDLE}.pem`) {
      return shelvedResponse(c.req.raw, crls.bundle(), bundle, context.clock.now())
    }
    return answer(c.req.raw, file)
  })
  // Delta and partitions (RFC 5280 §5.2.4, §5.2.5).
  routes.get('/pki/crl/:issuer/:file', (c) => answer(c.req.raw, `${c.req.param('issuer')}/${c.req.param('file')}`))
  return routes
}

/** What a reader takes as it comes: over a connection whose server was verified, and not over plain HTTP. */
export function trustRoutes({ authorities, context }: ApiParts): Hono<ApiEnvironment> {
  const routes = new Hono<ApiEnvironment>()
  routes.get('/pki/chain/:file', (c) => {
    const found = authorities.chain(fileIn(c.req.param('file'), ['.pem']).id)
    return shelvedResponse(c.req.raw, orNotFound(found), CA_PEM, context.clock.now())
  })
  routes.get('/pki/trust-bundle.pem', (c) =>
    shelvedResponse(c.req.raw, authorities.trustBundle(), CA_PEM, context.clock.now()),
  )
  for (const { path, format, contentType } of TRUST_STORES) {
    routes.get(path, async (c) => {
      const store = await authorities.trustStore(format)
      return shelvedResponse(c.req.raw, store, { contentType, ...OF_CAS }, context.clock.now())
    })
  }
  routes.get('/.well-known/spiffe-bundle.json', (c) =>
    shelvedResponse(c.req.raw, authorities.spiffeBundle(), SPIFFE, context.clock.now()),
  )
  return routes
}

/** `users-1.pem` → the issuer and the form of it that is asked for. Throws `HttpRefused` for any other form. */
function fileIn<Ending extends string>(file: string, endings: readonly Ending[]): { id: IssuerId; ending: Ending } {
  const { stem, ending } = stemOf(file, endings)
  return { id: parseIssuerId(stem), ending }
}

function stemOf<Ending extends string>(file: string, endings: readonly Ending[]): { stem: string; ending: Ending } {
  const ending = endings.find((known) => file.endsWith(known))
  if (ending === undefined) throw new HttpRefused('not_found')
  return { stem: file.slice(0, -ending.length), ending }
}

function orNotFound(shelved: Shelved | undefined): Shelved {
  if (shelved === undefined) throw new HttpRefused('not_found')
  return shelved
}

function indexOf(crls: CrlShelf, publicUrl: string) {
  return {
    crls: crls.all().map(({ crl }) => ({
      issuer: crl.scope.issuer,
      kind: crl.scope.kind,
      ...(crl.scope.kind === 'partition' ? { partition: crl.scope.partition } : {}),
      ...(crl.base === undefined ? {} : { baseNumber: crl.base.number }),
      number: crl.number,
      thisUpdate: crl.thisUpdate.toISOString(),
      nextUpdate: crl.nextUpdate.toISOString(),
      bytes: crl.length,
      sha256: crl.sha256,
      urls: [
        `${publicUrl}/pki/crl/${crlScopeKey(crl.scope)}.crl`,
        `${publicUrl}/pki/crl/${crlScopeKey(crl.scope)}.pem`,
      ],
    })),
    bundle: `${publicUrl}/pki/crl/bundle.pem`,
  }
}
