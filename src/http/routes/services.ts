// Services over HTTP: added and changed by administrators, each seen by itself.
import { z } from '@hono/zod-openapi'
import type { Service } from '../../directory/entities.ts'
import { DirectoryRefused } from '../../directory/errors.ts'
import { parseDnsName, parseServiceName, type ServiceName } from '../../domain/dns-name.ts'
import { parseProjectName } from '../../domain/project-name.ts'
import { parseSystemUser } from '../../domain/system-user.ts'
import { requireKeeper } from '../../enrollment/service-keeper.ts'
import { type KeptCertificate, rotationOf, type ServiceRotation } from '../../enrollment/service-rotation.ts'
import { putService } from '../../enrollment/directory-acts.ts'
import { rotateService } from '../../enrollment/rotate-service.ts'
import { removeService } from '../../enrollment/remove-service.ts'
import { parseServiceOwner, textOfOwner } from '../../domain/service-owner.ts'
import { administratorOnly } from '../administrator-only.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { PageQuery } from '../schema-parts.ts'
import { ServiceBody } from '../schemas.ts'

const ServiceAnswer = z
  .strictObject({
    name: z.string(),
    dnsNames: z.array(z.string()),
    systemUser: z.string(),
    roles: z.array(z.string()),
    projects: z.array(z.string()),
    owner: z.string().optional(),
    rotateEverySeconds: z.int().optional(),
    rotationAskedAt: z.string().optional(),
    status: z.string(),
    createdAt: z.string(),
  })
  .openapi('Service')

const ServiceDetailAnswer = ServiceAnswer.extend({
  current: z
    .string()
    .optional()
    .openapi({ description: 'Serial number of the newest certificate that was not replaced' }),
  lastRotation: z.string().optional(),
  nextRotation: z.string().optional(),
  certificates: z.array(
    z.strictObject({
      serial: z.string(),
      issuer: z.string(),
      status: z.enum(['good', 'held', 'revoked']),
      issuedAt: z.string(),
      notAfter: z.string(),
      keySince: z.string(),
      rotateAt: z.string().optional(),
      isDue: z.boolean().openapi({ description: 'A new key is to take its place now' }),
      replacedBy: z.string().optional(),
      revokeAt: z.string().optional(),
      lastSeenAt: z.string().optional().openapi({ description: 'When it was last used to speak with Signet' }),
    }),
  ),
}).openapi('ServiceDetail')

export function serviceRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/services/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary: 'Adds a service, or replaces its settings. By an administrator.',
      body: ServiceBody,
      status: 200,
      answer: ServiceAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const service = await putService(context, {
        ...(await askedOf(parts, c)),
        name: parseServiceName(c.req.valid('param').name, names),
        dnsNames: body.dnsNames.map((name) => parseDnsName(name, names)),
        systemUser: parseSystemUser(body.systemUser, names),
        roles: body.roles,
        projects: body.projects.map((project) => parseProjectName(project, names)),
        owner: body.owner === undefined ? undefined : parseServiceOwner(body.owner, names),
        rotateEverySeconds: body.rotateEverySeconds,
        ifExists: body.ifExists,
      })
      return c.json(serviceBody(service), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: '/v1/services/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary:
        'Removes a service: revokes all it holds, ends its jobs and the deployments it serves. Its names stay taken. By an administrator.',
      query: NONE,
      status: 200,
      answer: ServiceAnswer,
    }),
    async (c) => {
      const name = parseServiceName(c.req.valid('param').name, names)
      const service = await removeService(context, { ...(await askedOf(parts, c)), name })
      return c.json(serviceBody(service), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'post',
      path: '/v1/services/{name}/rotate',
      params: z.strictObject({ name: IN_PATH }),
      summary: "Asks for new keys: the service's agent rekeys when it sees it. Nothing is revoked by the asking.",
      query: NONE,
      status: 200,
      answer: ServiceAnswer,
    }),
    async (c) => {
      const name = parseServiceName(c.req.valid('param').name, names)
      const service = await rotateService(context, { ...(await askedOf(parts, c)), name })
      return c.json(serviceBody(service), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/services/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary:
        'One service, with its live certificates: which is in use, which is due for a new key, who was last seen with it',
      query: NONE,
      status: 200,
      answer: ServiceDetailAnswer,
    }),
    async (c) => {
      const name = parseServiceName(c.req.valid('param').name, names)
      const caller = await callerIn(parts, c)
      const now = context.clock.now()
      await context.acts.run(async (tx) => requireKeeper(tx, caller, name, await tx.service(name, 'none'), now))
      const { service, rotation } = await rotationIn(parts, name, now)
      return c.json({ ...serviceBody(service), ...rotationBody(rotation, now) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/services',
      params: NONE,
      summary: 'Services, by name. For administrators.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ services: z.array(ServiceAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const page = await parts.reader.read((view) => view.listServices(pageRequestOf(c.req.valid('query'))))
      return c.json({ services: page.items.map(serviceBody), ...cursorOf(page) }, 200)
    },
  )
  return api
}

/** Throws `DirectoryRefused`. */
function rotationIn({ reader, sightings }: ApiParts, name: ServiceName, now: Date) {
  return reader.read(async (view) => {
    const service = await view.service(name, 'none')
    if (service === undefined) throw new DirectoryRefused('service_unknown', { service: name })
    const identity = `service:${name}`
    const records = (await view.liveCertificatesOf(identity, now)).toReversed()
    const seen = await view.sightingsOf(records.map(({ serial }) => serial))
    const kept: KeptCertificate[] = []
    for (const record of records) {
      const keySince = (await view.firstIssueOf(identity, record.keyFingerprint)) ?? record.issuedAt
      kept.push({ record, keySince, lastSeenAt: sightings.latest(record.serial) ?? seen.get(record.serial) })
    }
    return { service, rotation: rotationOf(service, kept) }
  })
}

function rotationBody({ certificates, current, lastRotation, nextRotation }: ServiceRotation, now: Date) {
  return {
    ...(current === undefined ? {} : { current: current.record.serial }),
    ...instant('lastRotation', lastRotation),
    ...instant('nextRotation', nextRotation),
    certificates: certificates.map(({ record, keySince, lastSeenAt, rotateAt }) => ({
      serial: record.serial,
      issuer: record.issuer,
      status: record.status,
      issuedAt: record.issuedAt.toISOString(),
      notAfter: record.validity.notAfter.toISOString(),
      keySince: keySince.toISOString(),
      ...instant('rotateAt', rotateAt),
      isDue: rotateAt !== undefined && rotateAt <= now,
      ...(record.replacedBy === undefined ? {} : { replacedBy: record.replacedBy }),
      ...instant('revokeAt', record.revokeAt),
      ...instant('lastSeenAt', lastSeenAt),
    })),
  }
}

function instant<Name extends string>(name: Name, at: Date | undefined): Partial<Record<Name, string>> {
  return at === undefined ? {} : ({ [name]: at.toISOString() } as Partial<Record<Name, string>>)
}

function serviceBody({ name, dnsNames, systemUser, roles, projects, status, createdAt, ...more }: Service) {
  const { owner, rotateEverySeconds, rotationAskedAt } = more
  return {
    ...(owner === undefined ? {} : { owner: textOfOwner(owner) }),
    ...(rotateEverySeconds === undefined ? {} : { rotateEverySeconds }),
    ...instant('rotationAskedAt', rotationAskedAt),
    name,
    dnsNames: [...dnsNames],
    systemUser,
    roles: [...roles],
    projects: [...projects],
    status,
    createdAt: createdAt.toISOString(),
  }
}
