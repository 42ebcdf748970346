// `/openapi.json`: generated from the schemas that validate the requests.
import type { ApiParts } from './parts.ts'
import type { Api } from './route.ts'

export function openApiDocument(app: Api, parts: ApiParts) {
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
