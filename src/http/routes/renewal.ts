// Renewal and rekey over HTTP: the certificate of the connection is the credential, whoever it is.
import { rekeyCertificate, renewCertificate } from '../../enrollment/renew-certificate.ts'
import { issuedBody } from '../certificate-body.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, csrOf, newApi, NONE } from '../route.ts'
import { CertificateAnswerBody, RekeyBody, RenewBody } from '../certificate-schemas.ts'

export function renewalRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const route = { method: 'post', params: NONE, status: 201, answer: CertificateAnswerBody } as const
  api.openapi(
    bodyRoute({
      ...route,
      path: '/v1/certificates/renew',
      summary: 'Another certificate for the key of this connection. By whoever holds a live one that was not replaced.',
      body: RenewBody,
    }),
    async (c) => {
      const { lifetimeSeconds } = c.req.valid('json')
      const asked = { ...(await askedOf(parts, c)), lifetimeSeconds }
      const issued = await parts.signingQueue.run(() => renewCertificate(context, asked))
      parts.observer.issued(issued.profile)
      return c.json(issuedBody(parts, issued), 201)
    },
  )
  api.openapi(
    bodyRoute({
      ...route,
      path: '/v1/certificates/rekey',
      summary:
        'A certificate for a new key, in place of the one of this connection, which is revoked when the overlap is over.',
      body: RekeyBody,
    }),
    async (c) => {
      const { csr, lifetimeSeconds } = c.req.valid('json')
      const asked = { ...(await askedOf(parts, c)), csr: csrOf(csr), lifetimeSeconds }
      const issued = await parts.signingQueue.run(() => rekeyCertificate(context, asked))
      parts.observer.issued(issued.profile)
      return c.json(issuedBody(parts, issued), 201)
    },
  )
  return api
}
