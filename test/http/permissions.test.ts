// Who may call what: every route and every kind of caller, over the real listener. A route of `/openapi.json` that is not in
// the table fails the last test, so that no route is added without saying whom it is for.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { API_SCOPES, PRIVILEGED_SCOPES } from '../../src/domain/api-scope.ts'
import { PERMISSIONS } from '../../src/http/permissions.ts'
import { makeCsr } from '../support/csr.ts'
import type { ClientIdentity, Request } from '../support/https-client.ts'
import { PASSWORD, People, sessionOf } from '../support/people.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'
import { leavesNothing } from './stored.ts'

const CALLERS = [
  'anonymous',
  'scientist',
  'owner',
  'stranger',
  'job',
  'account',
  'service',
  'launcher',
  'admin',
  'key',
  // Those who signed in: the scientist, the owner and an administrator.
  'scientist by session',
  'owner by session',
  'admin by session',
] as const
type CallerKind = (typeof CALLERS)[number]

/** Whoever signed in gets what they get by certificate, unless a row says otherwise. */
const TWIN: Readonly<Partial<Record<CallerKind, CallerKind>>> = {
  'scientist by session': 'scientist',
  'owner by session': 'owner',
  'admin by session': 'admin',
}

/** `401`, `403`: refused so with the code below, and nothing is stored; another number: answered with it. */
type Outcome = number | readonly [status: number, code: string]

const NO: Outcome = [403, 'not_permitted']
const WHO: Outcome = [401, 'unauthenticated']
/** Where an API key would do. */
const NOTHING: Outcome = [401, 'authorization_missing']

interface Row {
  readonly route: string
  /** A request that could succeed; `n` is new each time. */
  readonly request: (n: number) => Request | Promise<Request>
  readonly allowed: Readonly<Partial<Record<CallerKind, Outcome>>>
  /** Of whoever is not named. */
  readonly others: Outcome
  readonly anonymous?: Outcome
  /** Of a member's API key with every scope that is not for administrators. */
  readonly key?: Outcome
  /** Of everyone who signed in. */
  readonly sessions?: Outcome
  /** The request ends the session or replaces its token. */
  readonly isLast?: true
}

let service: TestService
const identities = new Map<CallerKind, ClientIdentity>()
const sessions = new Map<CallerKind, { readonly authorization: string }>()
const people = new People()
let scientist: Certified
let job: Certified
let jobId = ''
let held = ''
let token = ''
let apiKey = ''

const json = (method: string, path: string, body?: unknown): Request => ({ method, path, body })
const csr = async (): Promise<string> => (await makeCsr()).pem
const newUser = async (n: number): Promise<string> => {
  await service.addUser(`u${String(n)}`)
  return `u${String(n)}`
}
const newMember = async (n: number): Promise<string> => {
  const user = await newUser(n)
  await service.put(`/v1/projects/vision/members/${user}`, { role: 'scientist' }, identities.get('owner'))
  return user
}
const ACCOUNTS = '/v1/projects/vision/service-accounts'
const newAccount = async (n: number): Promise<string> => {
  await service.put(`${ACCOUNTS}/sa-a${String(n)}`, {}, identities.get('owner'))
  return `sa-a${String(n)}`
}
const newService = async (n: number): Promise<string> => {
  await service.put(`/v1/services/r${String(n)}.internal`, { systemUser: 'svc' }, service.admin)
  return `r${String(n)}.internal`
}
/** A certificate of the scientist, of its own, to be revoked. */
const newCertificate = async (): Promise<string> => {
  const path = '/v1/projects/vision/members/scientist/certificates'
  const made = await makeCsr()
  return certified(await service.post(path, { csr: made.pem }, scientist), made).serial
}
const newHold = async (): Promise<string> => {
  const serial = await newCertificate()
  await service.post(`/v1/certificates/${serial}/revoke`, { reason: 'certificateHold' }, service.admin)
  return serial
}
const newJob = async (): Promise<string> => {
  const body = { project: 'vision', user: 'scientist', csr: await csr() }
  return String((await service.post('/v1/jobs', body, identities.get('launcher'))).json['id'])
}
const newToken = async (): Promise<string> =>
  String((await service.post('/v1/tokens', { audience: 'resnet' }, scientist)).json['access_token'])

const PUBLIC = { allowed: {}, others: 200, anonymous: 200, key: 200 } as const
const SCOPE: Outcome = [403, 'scope_missing']
const ADMIN = { admin: 200 } as const

/** Whoever has a certificate or signed in. */
const ROLE_HOLDERS = { allowed: {}, others: 200 } as const
let publicGroup = ''
let publicModel = ''
const newGroup = async (n: number): Promise<string> => {
  const body = { name: `g${String(n)}`, accessMode: 'public' }
  return String((await service.post('/v1/model-groups', body, service.admin)).json['id'])
}
const newModel = async (n: number): Promise<string> =>
  String((await service.post('/v1/models', { name: `m${String(n)}` }, service.admin)).json['id'])

/** The routes that both doors have, at either. */
function modelRows(groups: string, models: string, created: 200 | 201): readonly Row[] {
  const register = created === 200 ? '/_register' : ''
  const deleted = created === 200 ? 200 : 204
  const of = (base: string, one: () => string, fresh: (n: number) => Promise<string>): readonly Row[] => [
    {
      route: `post ${base}${register}`,
      request: (n) => json('POST', `${base}${register}`, { name: `r${base}${String(n)}` }),
      allowed: {},
      others: created,
    },
    { route: `get ${base}/{id}`, request: () => json('GET', `${base}/${one()}`), ...ROLE_HOLDERS },
    {
      route: `put ${base}/{id}`,
      request: () => json('PUT', `${base}/${one()}`, { description: 'd' }),
      ...ROLE_HOLDERS,
    },
    {
      route: `delete ${base}/{id}`,
      request: async (n) => json('DELETE', `${base}/${await fresh(n)}`),
      allowed: {},
      others: deleted,
    },
  ]
  return [...of(groups, () => publicGroup, newGroup), ...of(models, () => publicModel, newModel)]
}

const ROWS: readonly Row[] = [
  // For everyone
  ...['/healthz', '/readyz', '/openapi.json', '/pki/crl', '/pki/crl/users-1.crl', '/pki/crl/users-1.pem'].map(
    (path): Row => ({ route: `get ${path}`, request: () => json('GET', path), ...PUBLIC }),
  ),
  ...[
    '/pki/crl/bundle.pem',
    '/pki/ca/users-1.cer',
    '/pki/ca/users-1.pem',
    '/pki/chain/users-1.pem',
    '/pki/trust-bundle.pem',
    '/pki/trust-bundle.jks',
    '/pki/trust-bundle.p12',
    // No request: OCSP says so in its own word.
    '/pki/ocsp/MAA=',
    '/.well-known/spiffe-bundle.json',
    '/.well-known/jwks.json',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
  ].map((path): Row => ({ route: `get ${path}`, request: () => json('GET', path), ...PUBLIC })),

  { route: 'post /pki/ocsp', request: () => json('POST', '/pki/ocsp'), ...PUBLIC },
  { route: 'get /v1/revocations', request: () => json('GET', '/v1/revocations'), ...PUBLIC },

  // Who am I, and the service
  { route: 'get /v1/me', request: () => json('GET', '/v1/me'), allowed: {}, others: 200, anonymous: NOTHING, key: 200 },
  { route: 'get /v1/status', request: () => json('GET', '/v1/status'), allowed: {}, others: 200 },
  {
    route: 'get /v1/audit',
    request: () => json('GET', '/v1/audit'),
    allowed: ADMIN,
    others: NO,
    anonymous: NOTHING,
    key: SCOPE,
  },

  // Sign-in
  {
    route: 'post /v1/login/{provider}',
    request: () => json('POST', '/v1/login/test', { user: 'scientist', password: PASSWORD }),
    allowed: {},
    others: 200,
    key: 200,
    anonymous: 200,
  },
  {
    // The provider of these tests takes no tickets: that is said before a ticket is looked at.
    route: 'get /v1/login/{provider}/negotiate',
    request: () => json('GET', '/v1/login/test/negotiate'),
    allowed: {},
    others: [404, 'provider_unknown'],
    key: [404, 'provider_unknown'],
    anonymous: [404, 'provider_unknown'],
  },
  ...(['', '/callback'] as const).map((end): Row => ({
    // Browsers alone, on a listener of their own.
    route: `get /v1/login/{provider}${end}`,
    request: () => json('GET', `/v1/login/test${end}`),
    allowed: {},
    others: [421, 'browsers_only'],
    key: [421, 'browsers_only'],
    anonymous: [421, 'browsers_only'],
  })),
  {
    // Whoever asks: the code is what counts.
    route: 'post /v1/session/redeem',
    request: () => json('POST', '/v1/session/redeem', { code: 'made-up', verifier: 'v'.repeat(43) }),
    allowed: {},
    others: [401, 'sign_in_refused'],
    key: [401, 'sign_in_refused'],
    anonymous: [401, 'sign_in_refused'],
  },
  {
    route: 'post /v1/session/refresh',
    request: () => json('POST', '/v1/session/refresh'),
    allowed: {},
    others: NO,
    sessions: 200,
    isLast: true,
  },
  {
    route: 'post /v1/logout',
    request: () => json('POST', '/v1/logout'),
    allowed: {},
    others: NO,
    sessions: 200,
    isLast: true,
  },
  {
    route: 'get /v1/users/{u}/links',
    request: () => json('GET', '/v1/users/scientist/links'),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'post /v1/users/{u}/links',
    request: async (n) =>
      json('POST', `/v1/users/${await newUser(n)}/links`, { provider: 'test', subject: `s${String(n)}` }),
    allowed: { admin: 201 },
    others: NO,
  },
  {
    route: 'delete /v1/users/{u}/links/{provider}',
    request: async (n) => {
      const user = await newUser(n)
      await service.post(`/v1/users/${user}/links`, { provider: 'test', subject: user }, service.admin)
      return json('DELETE', `/v1/users/${user}/links/test`)
    },
    allowed: ADMIN,
    others: NO,
  },
  { route: 'get /v1/groups', request: () => json('GET', '/v1/groups'), allowed: ADMIN, others: NO },
  { route: 'get /v1/external-users', request: () => json('GET', '/v1/external-users'), allowed: ADMIN, others: NO },
  ...(['GET', 'POST'] as const).map((method): Row => ({
    route: `${method.toLowerCase()} /v1/directory/sync/{provider}`,
    request: () => json(method, '/v1/directory/sync/company', method === 'GET' ? undefined : {}),
    allowed: { admin: [404, 'sync_unknown'] },
    others: NO,
  })),

  // Users and projects
  {
    route: 'get /v1/users',
    request: () => json('GET', '/v1/users'),
    allowed: ADMIN,
    others: NO,
    anonymous: NOTHING,
    key: SCOPE,
  },
  {
    route: 'put /v1/users/{u}',
    request: (n) => json('PUT', `/v1/users/u${String(n)}`, { platformRole: 'user' }),
    allowed: { admin: 201 },
    others: NO,
  },
  {
    route: 'delete /v1/users/{u}',
    request: async (n) => json('DELETE', `/v1/users/${await newUser(n)}`),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'post /v1/users/{u}/block',
    request: async (n) => json('POST', `/v1/users/${await newUser(n)}/block`),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'post /v1/users/{u}/unblock',
    request: async (n) => json('POST', `/v1/users/${await newUser(n)}/unblock`),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'post /v1/users/{u}/promote',
    request: async (n) => json('POST', `/v1/users/${await newUser(n)}/promote`),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'post /v1/users/{u}/demote',
    request: async (n) => {
      await service.addUser(`u${String(n)}`, 'admin')
      return json('POST', `/v1/users/u${String(n)}/demote`)
    },
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'get /v1/users/{u}/quota',
    request: () => json('GET', '/v1/users/scientist/quota'),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'put /v1/users/{u}/quota',
    request: () => json('PUT', '/v1/users/scientist/quota', { projects: 5 }),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'get /v1/projects',
    request: () => json('GET', '/v1/projects'),
    allowed: ADMIN,
    others: NO,
    anonymous: NOTHING,
    key: 200,
    sessions: 200,
  },
  {
    route: 'post /v1/projects',
    request: async (n) => json('POST', '/v1/projects', { name: `p${String(n)}`, owner: await newUser(n) }),
    allowed: { admin: 201 },
    others: NO,
  },
  {
    route: 'delete /v1/projects/{p}',
    request: async (n) => {
      const owner = await newUser(n)
      await service.post('/v1/projects', { name: `gone${String(n)}`, owner }, service.admin)
      return json('DELETE', `/v1/projects/gone${String(n)}`)
    },
    allowed: ADMIN,
    others: NO,
  },

  // Members: owners add and remove; an administrator does neither while an owner is there (rule 14)
  {
    route: 'get /v1/projects/{p}/members',
    request: () => json('GET', '/v1/projects/vision/members'),
    allowed: { scientist: 200, owner: 200 },
    others: NO,
    anonymous: NOTHING,
    key: 200,
  },
  {
    route: 'put /v1/projects/{p}/members/{u}',
    request: async (n) => json('PUT', `/v1/projects/vision/members/${await newUser(n)}`, { role: 'scientist' }),
    allowed: { owner: 201 },
    others: NO,
  },
  {
    route: 'delete /v1/projects/{p}/members/{u}',
    request: async (n) => json('DELETE', `/v1/projects/vision/members/${await newMember(n)}`),
    allowed: { owner: 200 },
    others: NO,
  },
  {
    route: 'post /v1/projects/{p}/members/{u}/enrolment',
    request: async (n) => json('POST', `/v1/projects/vision/members/${await newMember(n)}/enrolment`),
    allowed: { owner: 201, admin: 201 },
    others: NO,
  },
  {
    route: 'post /v1/projects/{p}/members/{u}/certificates',
    request: async () => json('POST', '/v1/projects/vision/members/scientist/certificates', { csr: await csr() }),
    allowed: { scientist: 201 },
    others: NO,
  },

  // Service accounts: owners add and remove, members see; an administrator does neither (AA7)
  {
    route: 'get /v1/projects/{p}/service-accounts',
    request: () => json('GET', ACCOUNTS),
    allowed: { scientist: 200, owner: 200 },
    others: NO,
  },
  {
    route: 'get /v1/projects/{p}/service-accounts/{a}',
    request: () => json('GET', `${ACCOUNTS}/sa-etl`),
    allowed: { scientist: 200, owner: 200 },
    others: NO,
  },
  {
    route: 'put /v1/projects/{p}/service-accounts/{a}',
    request: (n) => json('PUT', `${ACCOUNTS}/sa-n${String(n)}`, {}),
    allowed: { owner: 201 },
    others: NO,
  },
  {
    route: 'delete /v1/projects/{p}/service-accounts/{a}',
    request: async (n) => json('DELETE', `${ACCOUNTS}/${await newAccount(n)}`),
    allowed: { owner: 200 },
    others: NO,
  },
  {
    route: 'post /v1/projects/{p}/service-accounts/{a}/certificates',
    request: async () => json('POST', `${ACCOUNTS}/sa-etl/certificates`, { csr: await csr() }),
    allowed: { owner: 201, launcher: 201, account: 201 },
    others: NO,
    sessions: NO,
  },
  {
    route: 'post /v1/projects/{p}/service-accounts/{a}/tokens',
    request: () => json('POST', `${ACCOUNTS}/sa-etl/tokens`, { audience: 'resnet' }),
    allowed: { owner: 201, launcher: 201, account: 201 },
    others: NO,
    sessions: NO,
  },

  {
    route: 'get /v1/projects/{p}/members/{u}/keystore',
    request: () => json('GET', '/v1/projects/vision/members/scientist/keystore?format=jks'),
    allowed: { scientist: 200 },
    others: NO,
  },
  {
    route: 'post /v1/projects/{p}/members/{u}/keystore',
    request: () => json('POST', '/v1/projects/vision/members/scientist/keystore'),
    allowed: { owner: 201 },
    others: NO,
  },
  {
    route: 'get /v1/projects/{p}/settings',
    request: () => json('GET', '/v1/projects/vision/settings'),
    allowed: { 'admin by session': [404, 'member_unknown'], scientist: 200, owner: 200 },
    others: NO,
  },
  {
    route: 'put /v1/projects/{p}/settings',
    request: () => json('PUT', '/v1/projects/vision/settings', { custody: true }),
    allowed: { owner: 200 },
    others: NO,
  },

  // API keys: of persons, by persons
  {
    route: 'post /v1/api-keys',
    request: (n) => json('POST', '/v1/api-keys', { name: `key${String(n)}`, scopes: ['USER'] }),
    allowed: { scientist: 201, owner: 201, stranger: 201, admin: 201 },
    others: NO,
  },
  {
    route: 'get /v1/api-keys',
    request: () => json('GET', '/v1/api-keys'),
    allowed: { scientist: 200, owner: 200, stranger: 200, admin: 200 },
    others: NO,
  },
  {
    route: 'put /v1/api-keys/{name}',
    request: async (n) => {
      const body = { name: `wider${String(n)}`, scopes: ['USER'] }
      await service.post('/v1/api-keys', body, identities.get('scientist'))
      return json('PUT', `/v1/api-keys/wider${String(n)}`, { scopes: ['USER', 'SERVING'], deployments: ['resnet'] })
    },
    allowed: {
      scientist: 200,
      owner: [404, 'api_key_unknown'],
      stranger: [404, 'api_key_unknown'],
      admin: [404, 'api_key_unknown'],
    },
    others: NO,
  },
  {
    route: 'delete /v1/api-keys/{name}',
    request: async (n) => {
      const body = { name: `gone${String(n)}`, scopes: ['USER'] }
      await service.post('/v1/api-keys', body, identities.get('scientist'))
      return json('DELETE', `/v1/api-keys/gone${String(n)}`)
    },
    allowed: {
      scientist: 204,
      owner: [404, 'api_key_unknown'],
      stranger: [404, 'api_key_unknown'],
      admin: [404, 'api_key_unknown'],
    },
    others: NO,
  },
  {
    route: 'delete /v1/api-keys',
    request: () => json('DELETE', '/v1/api-keys'),
    allowed: { scientist: 204, owner: 204, stranger: 204, admin: 204 },
    others: NO,
  },

  // Services and deployments
  {
    route: 'get /v1/services',
    request: () => json('GET', '/v1/services'),
    allowed: ADMIN,
    others: NO,
    anonymous: NOTHING,
    key: SCOPE,
  },
  {
    route: 'get /v1/services/{name}',
    request: () => json('GET', '/v1/services/model-1.internal'),
    allowed: { service: 200, admin: 200 },
    others: NO,
  },
  {
    route: 'post /v1/services/{name}/rotate',
    request: () => json('POST', '/v1/services/model-1.internal/rotate'),
    allowed: { service: 200, admin: 200 },
    others: NO,
  },
  {
    route: 'put /v1/services/{name}',
    request: (n) => json('PUT', `/v1/services/s${String(n)}.internal`, { systemUser: 'svc' }),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'delete /v1/services/{name}',
    request: async (n) => json('DELETE', `/v1/services/${await newService(n)}`),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'post /v1/services/{name}/enrolment',
    request: () => json('POST', '/v1/services/model-1.internal/enrolment'),
    allowed: { admin: 201 },
    others: NO,
  },
  {
    route: 'post /v1/services/{name}/certificates',
    request: async () => json('POST', '/v1/services/model-1.internal/certificates', { csr: await csr() }),
    allowed: { service: 201, admin: 201 },
    others: NO,
    sessions: NO,
  },
  {
    route: 'get /v1/deployments',
    request: () => json('GET', '/v1/deployments'),
    allowed: { scientist: 200, owner: 200, stranger: 200, admin: 200 },
    others: NO,
    anonymous: NOTHING,
    key: 200,
  },
  {
    route: 'get /v1/deployments/{d}',
    request: () => json('GET', '/v1/deployments/resnet'),
    allowed: { scientist: 200, owner: 200, stranger: [404, 'deployment_unknown'], admin: 200 },
    others: NO,
    anonymous: NOTHING,
    key: 200,
  },
  {
    route: 'get /v1/deployments/{d}/card',
    request: () => json('GET', '/v1/deployments/resnet/card'),
    allowed: { scientist: 200, owner: 200, stranger: [404, 'deployment_unknown'], admin: 200 },
    others: NO,
    anonymous: NOTHING,
    key: 200,
  },
  {
    route: 'put /v1/deployments/{d}',
    request: (n) =>
      json('PUT', `/v1/deployments/d${String(n)}`, {
        project: 'vision',
        host: `d${String(n)}.internal`,
        service: 'model-1.internal',
      }),
    allowed: { owner: 200 },
    others: NO,
  },
  {
    route: 'put /v1/deployments/{d}/external-groups',
    request: () => json('PUT', '/v1/deployments/resnet/external-groups', { externalGroups: ['lab1'] }),
    allowed: { owner: 200, stranger: [404, 'deployment_unknown'] },
    others: NO,
  },
  {
    route: 'delete /v1/deployments/{d}',
    request: async (n) => {
      const name = `gone${String(n)}`
      const body = { project: 'vision', host: `${name}.internal`, service: 'model-1.internal' }
      expectStatus(await service.put(`/v1/deployments/${name}`, body, identities.get('owner')), 200)
      return json('DELETE', `/v1/deployments/${name}`)
    },
    allowed: { owner: 200, stranger: [404, 'deployment_unknown'] },
    others: NO,
  },

  // Proxies
  {
    route: 'put /v1/proxies/{name}',
    request: () =>
      json('PUT', '/v1/proxies/gateway', {
        service: 'model-1.internal',
        certificateHeader: 'nginx',
        deployments: ['resnet'],
      }),
    allowed: ADMIN,
    others: NO,
  },
  { route: 'get /v1/sidecars', request: () => json('GET', '/v1/sidecars'), allowed: ADMIN, others: NO },
  {
    route: 'put /v1/sidecars/{name}',
    request: (n) =>
      json('PUT', `/v1/sidecars/side-${String(n)}`, { service: 'model-1.internal', deployments: ['resnet'] }),
    allowed: { owner: 200, admin: 200 },
    others: NO,
  },
  {
    route: 'get /v1/sidecars/{name}',
    request: () => json('GET', '/v1/sidecars/absent'),
    allowed: Object.fromEntries(
      (['scientist', 'owner', 'stranger', 'service', 'launcher', 'admin'] as const).map((who) => [
        who,
        [404, 'sidecar_unknown'] as const,
      ]),
    ),
    others: NO,
  },
  {
    route: 'get /v1/sidecars/{name}/snapshot',
    request: () => json('GET', '/v1/sidecars/absent/snapshot'),
    allowed: { service: [404, 'sidecar_unknown'], launcher: [404, 'sidecar_unknown'] },
    others: NO,
  },
  {
    route: 'get /v1/sidecars/{name}/changes',
    request: () => json('GET', `/v1/sidecars/absent/changes?after=0&head=${'0'.repeat(64)}&scope=${'0'.repeat(64)}`),
    allowed: { service: [404, 'sidecar_unknown'], launcher: [404, 'sidecar_unknown'] },
    others: NO,
  },
  {
    route: 'delete /v1/sidecars/{name}',
    request: () => json('DELETE', '/v1/sidecars/absent'),
    allowed: { admin: [404, 'sidecar_unknown'] },
    others: NO,
  },
  { route: 'get /v1/proxies', request: () => json('GET', '/v1/proxies'), allowed: ADMIN, others: NO },
  {
    route: 'get /v1/proxies/{name}',
    request: () => json('GET', '/v1/proxies/absent'),
    allowed: { admin: [404, 'proxy_unknown'] },
    others: NO,
  },
  {
    route: 'delete /v1/proxies/{name}',
    request: () => json('DELETE', '/v1/proxies/absent'),
    allowed: { admin: [404, 'proxy_unknown'] },
    others: NO,
  },

  // Model groups and models: everybody here holds the role for it
  ...modelRows('/v1/model-groups', '/v1/models', 201),
  ...modelRows('/_plugins/_ml/model_groups', '/_plugins/_ml/models', 200),
  { route: 'get /v1/model-groups', request: () => json('GET', '/v1/model-groups'), ...ROLE_HOLDERS },
  { route: 'get /v1/models', request: () => json('GET', '/v1/models'), ...ROLE_HOLDERS },
  {
    route: 'put /v1/models/{id}/state',
    request: () => json('PUT', `/v1/models/${publicModel}/state`, { state: 'deployed' }),
    ...ROLE_HOLDERS,
  },
  ...['model_groups', 'models'].flatMap((kind): Row[] =>
    ['GET', 'POST'].map((method) => ({
      route: `${method.toLowerCase()} /_plugins/_ml/${kind}/_search`,
      request: () => json(method, `/_plugins/_ml/${kind}/_search`, method === 'GET' ? undefined : {}),
      ...ROLE_HOLDERS,
    })),
  ),
  ...['_deploy', '_undeploy'].map((act): Row => ({
    route: `post /_plugins/_ml/models/{id}/${act}`,
    request: async (n) => json('POST', `/_plugins/_ml/models/${await newModel(n)}/${act}`),
    ...ROLE_HOLDERS,
  })),
  {
    route: 'post /_plugins/_ml/models/{id}/_predict',
    request: () => json('POST', `/_plugins/_ml/models/${publicModel}/_predict`, {}),
    allowed: { admin: [403, 'admin_no_data'] },
    others: [503, 'model_upstream_missing'],
  },
  {
    route: 'get /v1/settings/model-access-control',
    request: () => json('GET', '/v1/settings/model-access-control'),
    ...ROLE_HOLDERS,
  },
  {
    route: 'put /v1/settings/model-access-control',
    request: () => json('PUT', '/v1/settings/model-access-control', { value: 'enabled' }),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'put /_cluster/settings',
    request: () =>
      json('PUT', '/_cluster/settings', { persistent: { 'plugins.ml_commons.model_access_control_enabled': true } }),
    allowed: ADMIN,
    others: NO,
  },
  ...[
    { route: 'internalusers/{u}', path: 'internalusers/scientist', body: { backend_roles: [] } },
    { route: 'rolesmapping/{r}', path: 'rolesmapping/all_access', body: { users: [] } },
  ].flatMap(({ route, path, body }): Row[] => [
    {
      route: `put /_plugins/_security/api/${route}`,
      request: () => json('PUT', `/_plugins/_security/api/${path}`, body),
      allowed: ADMIN,
      others: NO,
    },
    {
      route: `get /_plugins/_security/api/${route}`,
      request: () => json('GET', `/_plugins/_security/api/${path}`),
      allowed: ADMIN,
      others: NO,
    },
    {
      route: `delete /_plugins/_security/api/${route}`,
      request: async () => {
        await service.put(`/_plugins/_security/api/${path}`, body, service.admin)
        return json('DELETE', `/_plugins/_security/api/${path}`)
      },
      allowed: ADMIN,
      others: NO,
    },
  ]),

  // Certificates
  { route: 'get /v1/certificates', request: () => json('GET', '/v1/certificates'), allowed: {}, others: 200 },
  {
    route: 'get /v1/certificates/{serial}',
    request: () => json('GET', `/v1/certificates/${scientist.serial}`),
    allowed: { scientist: 200, owner: 200, admin: 200 },
    others: [404, 'certificate_unknown'],
  },
  {
    route: 'post /v1/certificates/{serial}/revoke',
    request: async () => json('POST', `/v1/certificates/${await newCertificate()}/revoke`, { reason: 'superseded' }),
    allowed: { scientist: 200, owner: 200, admin: 200 },
    others: NO,
  },
  {
    route: 'post /v1/certificates/{serial}/revoke (release)',
    request: async () => json('POST', `/v1/certificates/${await newHold()}/revoke`, { reason: 'removeFromCRL' }),
    allowed: { owner: 200, admin: 200 },
    others: NO,
  },

  {
    route: 'post /v1/certificates/renew',
    request: () => json('POST', '/v1/certificates/renew', {}),
    allowed: {},
    others: 201,
    sessions: NO,
  },
  {
    // Each has no more than its own: the refusal is of the request, so that the callers of this table are not replaced.
    route: 'post /v1/certificates/rekey',
    request: () => json('POST', '/v1/certificates/rekey', { csr: 'AAAA' }),
    allowed: {},
    others: [400, 'csr_pem_malformed'],
    sessions: NO,
  },

  // Jobs
  {
    route: 'post /v1/jobs',
    request: async () => json('POST', '/v1/jobs', { project: 'vision', user: 'scientist', csr: await csr() }),
    allowed: { launcher: 201 },
    others: NO,
  },
  {
    route: 'get /v1/requesters/{requester}',
    request: () => json('GET', '/v1/requesters/service:nobody.internal'),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'post /v1/requesters/{requester}/revoke',
    request: () => json('POST', '/v1/requesters/service:nobody.internal/revoke', {}),
    allowed: ADMIN,
    others: NO,
  },
  {
    route: 'get /v1/jobs',
    request: () => json('GET', '/v1/jobs'),
    allowed: { service: 200, launcher: 200, scientist: 200, owner: 200, stranger: 200, account: 200 },
    others: NO,
    sessions: NO,
  },
  {
    route: 'post /v1/jobs/{id}/heartbeat',
    request: async () => json('POST', `/v1/jobs/${await newJob()}/heartbeat`),
    allowed: { launcher: 200 },
    others: NO,
  },
  // For the job itself: another job is none of its business.
  {
    route: 'post /v1/jobs/{id}/renew',
    request: async () => json('POST', `/v1/jobs/${await newJob()}/renew`, { csr: await csr() }),
    allowed: {},
    others: NO,
  },
  {
    route: 'post /v1/jobs/{id}/token',
    request: async () => json('POST', `/v1/jobs/${await newJob()}/token`, { audience: 'resnet' }),
    allowed: {},
    others: NO,
  },
  { route: 'get /v1/jobs/leases', request: () => json('GET', '/v1/jobs/leases'), allowed: ADMIN, others: NO },
  {
    route: 'post /v1/jobs/leases/confirm',
    request: () => json('POST', '/v1/jobs/leases/confirm'),
    allowed: { admin: [409, 'leases_not_paused'] },
    others: NO,
  },
  {
    route: 'post /v1/jobs/{id}/finish',
    request: async () => json('POST', `/v1/jobs/${await newJob()}/finish`),
    allowed: { launcher: 200, owner: 200 },
    others: NO,
  },

  // Tokens
  {
    route: 'post /v1/tokens',
    request: () => json('POST', '/v1/tokens', { audience: 'resnet' }),
    allowed: { admin: NO },
    others: 201,
    sessions: NO,
  },
  {
    // What each may get is test/http/token-exchange.test.ts's: here nobody brings a token that holds.
    route: 'post /v1/tokens/exchange',
    request: () => ({
      method: 'POST',
      path: '/v1/tokens/exchange',
      body: 'grant_type=none&subject_token=x&subject_token_type=urn:ietf:params:oauth:token-type:jwt',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
    allowed: { key: [400, 'exchange_unsupported'] },
    others: [400, 'exchange_unsupported'],
    anonymous: [400, 'exchange_unsupported'],
  },
  {
    route: 'post /v1/tokens/introspect',
    request: () => json('POST', '/v1/tokens/introspect', { token }),
    allowed: {},
    others: 200,
    sessions: NO,
  },
  {
    route: 'post /v1/tokens/revoke',
    request: async () => json('POST', '/v1/tokens/revoke', { token: await newToken() }),
    allowed: { scientist: 200, admin: 200 },
    others: NO,
    sessions: NO,
  },

  // Decisions: anybody about themselves (200 whatever the answer), and only the serving service about others (rule 16)
  {
    route: 'post /v1/authorize',
    request: () =>
      json('POST', '/v1/authorize', {
        credential: { certificate: leafOf(scientist) },
        actingUser: 'vision__scientist',
        deployment: 'resnet',
      }),
    allowed: { service: 200 },
    others: [403, 'asker_untrusted'],
    key: [403, 'credential_buys_none'],
    sessions: [403, 'credential_buys_none'],
  },
  {
    route: 'post /v1/authorize (about itself)',
    request: () => json('POST', '/v1/authorize', { actingUser: 'vision__scientist', deployment: 'resnet' }),
    allowed: {},
    others: 200,
    key: 200,
    anonymous: 200,
  },
  ...['evaluation', 'evaluations'].map((path): Row => ({
    route: `post /access/v1/${path}`,
    request: () =>
      json('POST', `/access/v1/${path}`, {
        subject: { type: 'user', id: 'vision__scientist', properties: { certificate: leafOf(scientist) } },
        action: { name: 'infer' },
        resource: { type: 'deployment', id: 'resnet' },
      }),
    allowed: { service: 200 },
    others: [403, 'asker_untrusted'],
    key: [403, 'credential_buys_none'],
    sessions: [403, 'credential_buys_none'],
  })),
  {
    route: 'get /.well-known/authzen-configuration',
    request: () => ({ method: 'GET', path: '/.well-known/authzen-configuration' }),
    allowed: {},
    others: 200,
    key: 200,
    sessions: 200,
    anonymous: 200,
  },

  // Proxies tell of calls (step 0): nobody here is registered for that
  ...[
    ['/authz/nginx', '/authz/nginx'],
    ['/authz/forward-auth', '/authz/forward-auth'],
    ['/authz/envoy/{path}', '/authz/envoy/v1'],
  ].map(([route = '', path = '']): Row => ({
    route: `get ${route}`,
    request: () => ({ method: 'GET', path }),
    allowed: {},
    others: [403, 'PEP_UNTRUSTED'],
    key: [403, 'PEP_UNTRUSTED'],
    sessions: [403, 'PEP_UNTRUSTED'],
    anonymous: [403, 'PEP_UNTRUSTED'],
  })),
]

beforeAll(async () => {
  service = await TestService.start({ flags: people.flags({ test: { administers: 'when-administrator' } }) })
  const owner = await service.addProject('vision', 'owner')
  identities.set('owner', owner)
  scientist = await service.addMember('vision', 'scientist', owner)
  identities.set('scientist', scientist)
  identities.set('stranger', await service.addProject('fraud', 'stranger'))
  identities.set('service', await service.addService('model-1.internal', { systemUser: 'kserve' }))
  identities.set(
    'launcher',
    await service.addService('launcher.internal', { roles: ['launcher'], projects: ['vision', 'fraud'] }),
  )
  identities.set('admin', service.admin)
  const holder = await service.addMember('vision', 'holder', owner)
  const scopes = API_SCOPES.filter((scope) => !PRIVILEGED_SCOPES.has(scope))
  const key = await service.post('/v1/api-keys', { name: 'all', scopes }, holder)
  apiKey = String(expectStatus(key, 201).json['value'])
  await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
  await service.put(`${ACCOUNTS}/sa-etl`, {}, owner)
  const forAccount = await makeCsr()
  const account = await service.post(`${ACCOUNTS}/sa-etl/certificates`, { csr: forAccount.pem }, owner)
  identities.set('account', certified(account, forAccount))
  const made = await makeCsr()
  const started = await service.post(
    '/v1/jobs',
    { project: 'vision', user: 'scientist', csr: made.pem },
    identities.get('launcher'),
  )
  jobId = String(started.json['id'])
  const answer = started.json['certificate'] as Record<string, unknown>
  job = {
    certificate: String(answer['certificate']) + String(answer['chain']),
    key: made.key,
    serial: String(answer['serial']),
    answer,
  }
  identities.set('job', job)
  held = await newHold()
  await service.put('/v1/projects/vision/settings', { custody: true }, owner)
  await service.post('/v1/projects/vision/members/scientist/keystore', undefined, owner)
  token = await newToken()
  await service.addUser('boss', 'admin')
  const holders = ['scientist', 'owner', 'stranger', 'vision__sa-etl', 'model-1.internal', 'launcher.internal']
  const mapping = '/_plugins/_security/api/rolesmapping/ml_full_access'
  expectStatus(await service.put(mapping, { users: holders }, service.admin), 200)
  publicGroup = await newGroup(0)
  publicModel = await newModel(0)
  expectStatus(await service.put(`/v1/models/${publicModel}/state`, { state: 'deployed' }, service.admin), 200)
  for (const [caller, twin] of Object.entries(TWIN) as [CallerKind, CallerKind][]) {
    await people.link(service, 'test', USER_OF[twin] ?? '')
    sessions.set(caller, await signedIn(twin))
  }
})
afterAll(async () => {
  await service.close()
  people.close()
})

let count = 0

const USER_OF: Readonly<Partial<Record<CallerKind, string>>> = { scientist: 'scientist', owner: 'owner', admin: 'boss' }

const signedIn = (twin: CallerKind) => sessionOf(service, 'test', USER_OF[twin] ?? '')

describe.each(ROWS)(
  '$route',
  ({ request, allowed, others, anonymous = WHO, key = NO, sessions: bySession, isLast }) => {
    test.each(CALLERS)('%s', async (caller) => {
      const twin = TWIN[caller]
      const unnamed = caller === 'anonymous' ? anonymous : caller === 'key' ? key : others
      const expected = allowed[caller] ?? (twin === undefined ? unnamed : (bySession ?? allowed[twin] ?? others))
      // Its lease is over in two minutes, and a busy machine takes longer for all the rows.
      if (caller === 'job') await service.post(`/v1/jobs/${jobId}/heartbeat`, undefined, identities.get('launcher'))
      const asked = await request((count += 1))
      const shown = caller === 'key' ? { authorization: `ApiKey ${apiKey}` } : sessions.get(caller)
      const headers = isLast && twin !== undefined ? await signedIn(twin) : shown
      const act = () => service.send({ ...asked, headers: { ...asked.headers, ...headers } }, identities.get(caller))
      const answer = typeof expected === 'number' ? await act() : await leavesNothing(service, act)
      const found = { status: answer.status, code: answer.code }
      expect(found).toEqual(
        typeof expected === 'number'
          ? { status: expected, code: undefined }
          : { status: expected[0], code: expected[1] },
      )
    })
  },
)

describe('who gets how much', () => {
  const serialsOf = async (identity: ClientIdentity | undefined, query = ''): Promise<string[]> => {
    const answer = await service.get(`/v1/certificates?limit=1000${query}`, identity)
    return ((answer.json['certificates'] ?? []) as { serial: string }[]).map(({ serial }) => serial)
  }

  test('rule 15: a member lists its own certificates, an owner those of the project, an administrator all', async () => {
    const own = await serialsOf(scientist)
    expect(own).toContain(scientist.serial)
    expect(own).not.toContain(job.serial)
    const project = await serialsOf(identities.get('owner'))
    expect(project).toEqual(expect.arrayContaining([scientist.serial, job.serial, held]))
    const all = await serialsOf(service.admin)
    expect(all.length).toBeGreaterThan(project.length)
    expect(all).toEqual(expect.arrayContaining(project))
  })

  test.each([
    ['scientist', '&identity=member:vision__owner'],
    ['owner', '&project=fraud'],
    ['job', '&identity=member:vision__scientist'],
    ['service', '&identity=service:launcher.internal'],
  ] as const)('rule 15: %s asking for more is refused, not answered with less', async (caller, query) => {
    const answer = await service.get(`/v1/certificates?limit=10${query}`, identities.get(caller))
    expect({ status: answer.status, code: answer.code }).toEqual({ status: 403, code: 'not_permitted' })
  })

  test('a launcher lists what it requested', async () => {
    expect(await serialsOf(identities.get('launcher'), '&requester=service:launcher.internal')).toContain(job.serial)
  })

  test('a job finishes itself, and no other', async () => {
    const other = await newJob()
    const refused = await service.post(`/v1/jobs/${other}/finish`, undefined, job)
    expect({ status: refused.status, code: refused.code }).toEqual({ status: 403, code: 'not_permitted' })
    expect((await service.post(`/v1/jobs/${jobId}/finish`, undefined, job)).status).toBe(200)
  })

  test.each(['scientist', 'stranger', 'service', 'launcher', 'admin', 'owner'] as const)(
    "a scientist's token is active for those alone who may know of it: %s",
    async (caller) => {
      const { json: answer } = await service.post('/v1/tokens/introspect', { token }, identities.get(caller))
      expect(answer['active']).toBe(['scientist', 'service', 'admin'].includes(caller))
    },
  )
})

test('every route of the API stands in the table', async () => {
  const document = (await service.get('/openapi.json')).json['paths'] as Record<string, Record<string, unknown>>
  const routes = Object.entries(document).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  const table = ROWS.map(({ route }) => route)
  expect(routes.filter((route) => !table.includes(route))).toEqual([])
  expect(Object.keys(PERMISSIONS).toSorted()).toEqual(routes.toSorted())
})

function leafOf({ certificate }: Certified): string {
  return `${certificate.split('-----END CERTIFICATE-----')[0] ?? ''}-----END CERTIFICATE-----\n`
}
