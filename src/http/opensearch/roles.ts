// Users and roles for OpenSearch's security clients: backend roles of users, who holds which role, and the switch of model access control
// as a setting of the cluster. All of it is for administrators (row OS48).
import { z } from '@hono/zod-openapi'
import { parseUserName } from '../../domain/user-name.ts'
import { setAccessControl } from '../../enrollment/access-switch.ts'
import {
  deleteInternalUser,
  deleteRoleMapping,
  putInternalUser,
  putRoleMapping,
  type Said,
} from '../../enrollment/backend-roles.ts'
import { ModelRefused } from '../../enrollment/model-refused.ts'
import type { InternalUser, RoleMapping } from '../../enrollment/model-store.ts'
import { slowDigest } from '../deployment-body.ts'
import { administratorOnly } from '../administrator-only.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyQueryRoute, bodyRoute, callerIn, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import { plainText } from '../schema-parts.ts'
import { OpenSearchAnswer } from './model-groups.ts'

const SECURITY = '/_plugins/_security/api'
const USER = z.strictObject({ u: IN_PATH })
const ROLE = z.strictObject({ r: IN_PATH })
const role = plainText(512).min(1)
const roles = z.array(role).max(1000).default([])
/** There in OpenSearch's bodies, and of no meaning here: taken empty, so that nobody relies on it. */
const empty = z.array(z.unknown()).max(0).default([])

const InternalUserBody = z
  .strictObject({
    password: z.string().min(1).max(1024).optional(),
    backend_roles: roles,
    attributes: z.strictObject({}).default({}),
    opendistro_security_roles: empty,
    opensearch_security_roles: empty,
    description: plainText(4096).optional(),
  })
  .openapi('OpenSearchUser')

const RoleMappingBody = z
  .strictObject({
    users: roles,
    backend_roles: roles,
    hosts: empty,
    and_backend_roles: empty,
    description: plainText(4096).optional(),
  })
  .openapi('OpenSearchRoleMapping')

const SWITCH = 'plugins.ml_commons.model_access_control_enabled'
const isOn = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
const settings = z.union([
  z.strictObject({ [SWITCH]: isOn }).transform((flat) => flat[SWITCH]),
  z
    .strictObject({ plugins: z.strictObject({ ml_commons: z.strictObject({ model_access_control_enabled: isOn }) }) })
    .transform(({ plugins }) => plugins.ml_commons.model_access_control_enabled),
])
const ClusterSettingsBody = z
  .strictObject({ persistent: settings.optional(), transient: settings.optional() })
  .refine(
    ({ persistent, transient }) => (persistent === undefined) !== (transient === undefined),
    'one of persistent and transient',
  )
  .openapi('OpenSearchSettings', { type: 'object' })

const ConfirmQuery = z.strictObject({
  confirm: z.enum(['true', 'false']).default('false'),
  flat_settings: z.enum(['true', 'false']).optional(),
})
const ANSWERED = { status: 200, answer: OpenSearchAnswer } as const

export function openSearchRoleRoutes(parts: ApiParts): Api {
  const api = newApi()
  users(api, parts)
  mappings(api, parts)
  clusterSettings(api, parts)
  return api
}

function users(api: Api, parts: ApiParts): void {
  const { context } = parts
  const { names } = context.policy
  const path = `${SECURITY}/internalusers/{u}` as const
  api.openapi(
    bodyRoute({
      method: 'put',
      path,
      params: USER,
      summary: 'Gives a user backend roles (OpenSearch); makes the user where there is none. By an administrator.',
      body: InternalUserBody,
      ...ANSWERED,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const asked = await askedOf(parts, c)
      await administratorOnly(parts, asked.caller)
      const user = parseUserName(c.req.valid('param').u, names)
      const passwordHash = await hashOf(parts, body.password)
      const idempotent = passwordHash === undefined ? asked.idempotent : await slowDigest(asked.idempotent)
      const wanted = {
        user,
        roles: [...new Set(body.backend_roles)],
        ...(passwordHash === undefined ? {} : { passwordHash }),
      }
      return c.json(saidOf(user, await putInternalUser(context, { ...asked, idempotent, ...wanted })), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path,
      params: USER,
      query: NONE,
      summary: 'The backend roles that were given to a user (OpenSearch). For an administrator.',
      ...ANSWERED,
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const user = parseUserName(c.req.valid('param').u, names)
      const found = await parts.reader.read((view) => view.internalUser(user))
      if (found === undefined) throw new ModelRefused('internal_user_unknown', { user })
      return c.json({ [user]: userDocument(found) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path,
      params: USER,
      query: NONE,
      summary: 'Takes the backend roles from a user (OpenSearch); the user stays. By an administrator.',
      ...ANSWERED,
    }),
    async (c) => {
      const user = parseUserName(c.req.valid('param').u, names)
      return c.json(saidOf(user, await deleteInternalUser(context, { ...(await askedOf(parts, c)), user })), 200)
    },
  )
}

function mappings(api: Api, parts: ApiParts): void {
  const { context } = parts
  const path = `${SECURITY}/rolesmapping/{r}` as const
  api.openapi(
    bodyRoute({
      method: 'put',
      path,
      params: ROLE,
      summary: 'Says who holds a role (OpenSearch). By an administrator.',
      body: RoleMappingBody,
      ...ANSWERED,
    }),
    async (c) => {
      const { users: named, backend_roles } = c.req.valid('json')
      const wanted = {
        role: c.req.valid('param').r,
        users: [...new Set(named)],
        backendRoles: [...new Set(backend_roles)],
      }
      const said = await putRoleMapping(context, { ...(await askedOf(parts, c)), ...wanted })
      return c.json(saidOf(wanted.role, said), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path,
      params: ROLE,
      query: NONE,
      summary: 'Who holds a role (OpenSearch). For an administrator.',
      ...ANSWERED,
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const wanted = c.req.valid('param').r
      const found = await parts.reader.read((view) => view.roleMapping(wanted))
      if (found === undefined) throw new ModelRefused('role_unknown', { role: wanted })
      return c.json({ [wanted]: mappingDocument(found) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path,
      params: ROLE,
      query: NONE,
      summary: 'Takes a role from everybody (OpenSearch). By an administrator.',
      ...ANSWERED,
    }),
    async (c) => {
      const wanted = c.req.valid('param').r
      const said = await deleteRoleMapping(context, { ...(await askedOf(parts, c)), role: wanted })
      return c.json(saidOf(wanted, said), 200)
    },
  )
}

function clusterSettings(api: Api, parts: ApiParts): void {
  api.openapi(
    bodyQueryRoute({
      method: 'put',
      path: '/_cluster/settings',
      params: NONE,
      query: ConfirmQuery,
      summary: 'Turns model access control on, or with confirm=true off (OpenSearch). By an administrator.',
      body: ClusterSettingsBody,
      ...ANSWERED,
    }),
    async (c) => {
      const { persistent, transient } = c.req.valid('json')
      const value = (persistent ?? transient) === true ? 'enabled' : 'disabled'
      const confirmation = c.req.valid('query').confirm === 'true' ? 'given' : 'missing'
      await setAccessControl(parts.context, { ...(await askedOf(parts, c)), value, confirmation })
      const said = { plugins: { ml_commons: { model_access_control_enabled: String(value === 'enabled') } } }
      const place = persistent === undefined ? { persistent: {}, transient: said } : { persistent: said, transient: {} }
      return c.json({ acknowledged: true, ...place }, 200)
    },
  )
}

/** A password is taken where passwords are for tests, and nowhere else. Throws `ModelRefused`. */
async function hashOf({ testPasswords }: ApiParts, password: string | undefined): Promise<string | undefined> {
  if (password === undefined) return undefined
  if (testPasswords === 'off')
    throw new ModelRefused('internal_user_rejected', {
      fault: 'password: people sign in, and programs show certificates',
    })
  return testPasswords.hash(password)
}

function saidOf(name: string, { outcome }: Said) {
  return { status: outcome === 'created' ? 'CREATED' : 'OK', message: `'${name}' ${outcome}.` }
}

function userDocument({ roles: held }: InternalUser) {
  return {
    hash: '',
    reserved: false,
    hidden: false,
    backend_roles: [...held],
    attributes: {},
    opendistro_security_roles: [],
    static: false,
  }
}

function mappingDocument({ users: named, backendRoles }: RoleMapping) {
  return {
    reserved: false,
    hidden: false,
    hosts: [],
    users: [...named],
    backend_roles: [...backendRoles],
    and_backend_roles: [],
  }
}
