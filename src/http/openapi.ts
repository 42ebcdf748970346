// `/openapi.json`: generated from the schemas that validate the requests, once: it is the same for everyone until the next start.
import { type Shelved, shelved } from '../revocation/crl-shelf.ts'
import type { ApiParts } from './parts.ts'
import type { Api } from './route.ts'

/** As it is served. `app` has all its routes by now. */
export function openApiShelved(app: Api, parts: ApiParts): Shelved {
  const body = Buffer.from(JSON.stringify(openApiDocument(app, parts)))
  return shelved(body, parts.status().startedAt, new Date(NEVER))
}

/** The last instant that a Date can name: the document does not end by itself. */
const NEVER = 8.64e15

function openApiDocument(app: Api, parts: ApiParts) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Signet',
      version: parts.status().version,
      description: 'Certificate authority and identity service of a machine-learning platform.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: parts.publicUrl }],
  })
}
