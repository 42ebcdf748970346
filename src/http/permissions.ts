// Who may call what: one table, read by the HTTP layer before a route's act, and by docs/permissions.md. It says which kinds of
// caller a route is for; which of them it is for (the owner of that project, the launcher of that job) the act decides, under
// lock. A route without a row does not start.
import type { ApiScope } from '../domain/api-scope.ts'
import type { Caller, CallerKind } from '../domain/caller.ts'
import { EnrollmentRefused } from '../enrollment/errors.ts'
import { notPermitted } from '../enrollment/second-look.ts'

export interface Permission {
  /** `everyone`: no caller is asked for. */
  readonly callers: 'everyone' | readonly CallerKind[]
  /** The scope that an API key needs; without one, no key will do. */
  readonly scope?: ApiScope
  /** Which of them, in words. */
  readonly who: string
}

/** Everyone who has a certificate. */
const CERTIFIED = ['member', 'job', 'account', 'service', 'admin'] as const satisfies readonly CallerKind[]
const ADMINISTRATOR = ['admin', 'session'] as const satisfies readonly CallerKind[]
const MEMBER = ['member', 'session'] as const satisfies readonly CallerKind[]

const ADMINISTRATORS: Permission = { callers: ADMINISTRATOR, who: 'an administrator' }
/** What a service account holds is bought by mutual TLS alone. */
const GRANTED: Permission = {
  callers: ['member', 'service', 'account'],
  who: 'an owner of the project, a launcher that lists it, the service account',
}
const PERSONS: Permission = { callers: [...MEMBER, 'admin'], who: 'a person, for their own that they reach' }
const OWNERS: Permission = { callers: MEMBER, who: 'an owner of the project' }

const MODELS: Permission = {
  callers: [...CERTIFIED, 'session'],
  who: 'whoever holds the role for it, as far as the model group lets them in; a superadmin',
}

/** By method and path, as `/openapi.json` has them. What is published (`/pki`, `/.well-known`, health) asks nobody who they are. */
export const PERMISSIONS: Readonly<Record<string, Permission>> = {
  // Oneself and the service
  'get /v1/me': {
    callers: [...CERTIFIED, 'session'],
    scope: 'USER',
    who: 'whoever shows a credential of any kind, also a token',
  },
  'post /v1/login/{provider}': { callers: 'everyone', who: 'whoever knows the password' },
  'get /v1/login/{provider}': { callers: 'everyone', who: 'every browser' },
  'get /v1/login/{provider}/callback': { callers: 'everyone', who: 'the browser that was sent to the provider' },
  'post /v1/session/redeem': { callers: 'everyone', who: 'the program whose browser signed in' },
  'get /v1/login/{provider}/negotiate': { callers: 'everyone', who: 'whoever has a ticket' },
  'post /v1/session/refresh': { callers: ['session'], who: 'the session, for itself' },
  'post /v1/logout': { callers: ['session'], who: 'the session, for itself' },
  'get /v1/status': { callers: [...CERTIFIED, 'session'], who: 'every caller' },
  'get /v1/audit': { ...ADMINISTRATORS, scope: 'ADMIN' },

  // The directory
  'get /v1/users': { ...ADMINISTRATORS, scope: 'ADMINISTER_USERS' },
  'put /v1/users/{u}': ADMINISTRATORS,
  'delete /v1/users/{u}': { ...ADMINISTRATORS, who: 'another administrator' },
  'post /v1/users/{u}/block': ADMINISTRATORS,
  'post /v1/users/{u}/unblock': ADMINISTRATORS,
  'post /v1/users/{u}/promote': { ...ADMINISTRATORS, who: 'another administrator' },
  'post /v1/users/{u}/demote': { ...ADMINISTRATORS, who: 'another administrator' },
  'get /v1/users/{u}/quota': ADMINISTRATORS,
  'put /v1/users/{u}/quota': ADMINISTRATORS,
  'get /v1/projects': {
    callers: ADMINISTRATOR,
    scope: 'PROJECT',
    who: 'an administrator, for all; a person who signed in, for their own; an API key, for those that it reaches',
  },
  'get /v1/users/{u}/links': ADMINISTRATORS,
  'post /v1/users/{u}/links': { ...ADMINISTRATORS, who: 'an administrator; by a session for somebody else' },
  'delete /v1/users/{u}/links/{provider}': {
    ...ADMINISTRATORS,
    who: 'an administrator; by a session for somebody else',
  },
  'get /v1/groups': ADMINISTRATORS,
  'get /v1/external-users': ADMINISTRATORS,
  'get /v1/directory/sync/{provider}': ADMINISTRATORS,
  'post /v1/directory/sync/{provider}': ADMINISTRATORS,
  'post /v1/projects': { ...ADMINISTRATORS, who: 'an administrator, for somebody else' },
  'delete /v1/projects/{p}': ADMINISTRATORS,
  'get /v1/projects/{p}/members': { callers: MEMBER, scope: 'PROJECT', who: 'a member of the project' },
  'put /v1/projects/{p}/members/{u}': {
    callers: [...MEMBER, 'admin'],
    who: 'an owner of the project; an administrator where no active owner is left',
  },
  'delete /v1/projects/{p}/members/{u}': OWNERS,
  'post /v1/projects/{p}/members/{u}/enrolment': {
    callers: [...MEMBER, 'admin'],
    who: 'an owner of the project or an administrator, for somebody else',
  },
  'post /v1/projects/{p}/members/{u}/certificates': {
    callers: ['anonymous', ...MEMBER],
    who: 'the member; with an enrolment token, whoever has it',
  },
  'get /v1/projects/{p}/members/{u}/keystore': { callers: MEMBER, who: 'the member' },
  'post /v1/projects/{p}/members/{u}/keystore': { ...OWNERS, who: 'an owner of the project, for somebody else' },
  'get /v1/projects/{p}/settings': { callers: MEMBER, who: 'a member of the project' },
  'put /v1/projects/{p}/settings': OWNERS,

  'get /v1/projects/{p}/service-accounts': { callers: MEMBER, who: 'a member of the project' },
  'get /v1/projects/{p}/service-accounts/{a}': { callers: MEMBER, who: 'a member of the project' },
  'put /v1/projects/{p}/service-accounts/{a}': OWNERS,
  'delete /v1/projects/{p}/service-accounts/{a}': OWNERS,
  'post /v1/projects/{p}/service-accounts/{a}/certificates': GRANTED,
  'post /v1/projects/{p}/service-accounts/{a}/tokens': GRANTED,

  // API keys
  'post /v1/api-keys': PERSONS,
  'get /v1/api-keys': PERSONS,
  'put /v1/api-keys/{name}': PERSONS,
  'delete /v1/api-keys': PERSONS,
  'delete /v1/api-keys/{name}': PERSONS,

  // Services and deployments
  'get /v1/services': { ...ADMINISTRATORS, scope: 'ADMIN' },
  'get /v1/services/{name}': {
    callers: ['service', ...MEMBER, 'admin'],
    who: 'the service, an owner of the project that answers for it, an administrator',
  },
  'put /v1/services/{name}': ADMINISTRATORS,
  'delete /v1/services/{name}': ADMINISTRATORS,
  'post /v1/services/{name}/enrolment': ADMINISTRATORS,
  'post /v1/services/{name}/certificates': {
    callers: ['anonymous', 'service', 'admin'],
    who: 'the service, an administrator; with an enrolment token, whoever has it',
  },
  'post /v1/services/{name}/rotate': {
    callers: ['service', ...MEMBER, 'admin'],
    who: 'the service, an owner of the project that answers for it, an administrator',
  },
  'get /v1/deployments': {
    callers: [...MEMBER, 'admin'],
    scope: 'SERVING',
    who: 'a member, for the project; an administrator, for all; a person or an API key, for those that they may call',
  },
  'get /v1/deployments/{d}': {
    callers: [...MEMBER, 'admin'],
    scope: 'SERVING',
    who: 'a member of its project, an administrator, a person or API key that may call it',
  },
  'get /v1/deployments/{d}/card': {
    callers: [...MEMBER, 'admin'],
    scope: 'SERVING',
    who: 'a member of its project, an administrator, a person or API key that may call it',
  },
  'put /v1/deployments/{d}': OWNERS,
  'put /v1/deployments/{d}/external-groups': OWNERS,
  'delete /v1/deployments/{d}': OWNERS,

  // Proxies
  'put /v1/proxies/{name}': ADMINISTRATORS,
  'get /v1/proxies/{name}': ADMINISTRATORS,
  'delete /v1/proxies/{name}': ADMINISTRATORS,
  'get /v1/proxies': ADMINISTRATORS,

  // Sidecars
  'get /v1/revocations': { callers: 'everyone', who: 'everyone' },
  'get /v1/sidecars': ADMINISTRATORS,
  'get /v1/sidecars/{name}': {
    callers: ['service', ...MEMBER, 'admin'],
    who: 'its service, an owner of every project whose deployments it stands in front of, an administrator',
  },
  'get /v1/sidecars/{name}/snapshot': { callers: ['service'], who: 'its service' },
  'get /v1/sidecars/{name}/changes': { callers: ['service'], who: 'its service' },
  'put /v1/sidecars/{name}': {
    callers: [...MEMBER, 'admin'],
    who: 'an owner of every project whose deployments it stands in front of, an administrator',
  },
  'delete /v1/sidecars/{name}': {
    callers: [...MEMBER, 'admin'],
    who: 'an owner of every project whose deployments it stands in front of, an administrator',
  },

  // Model groups and models
  'post /v1/model-groups': MODELS,
  'get /v1/model-groups': MODELS,
  'get /v1/model-groups/{id}': MODELS,
  'put /v1/model-groups/{id}': MODELS,
  'delete /v1/model-groups/{id}': MODELS,
  'post /v1/models': MODELS,
  'get /v1/models': MODELS,
  'get /v1/models/{id}': MODELS,
  'put /v1/models/{id}': MODELS,
  'delete /v1/models/{id}': MODELS,
  'put /v1/models/{id}/state': MODELS,
  'get /v1/settings/model-access-control': { callers: [...CERTIFIED, 'session'], who: 'every caller' },
  'put /v1/settings/model-access-control': ADMINISTRATORS,
  'post /_plugins/_ml/model_groups/_register': MODELS,
  'get /_plugins/_ml/model_groups/_search': MODELS,
  'post /_plugins/_ml/model_groups/_search': MODELS,
  'get /_plugins/_ml/model_groups/{id}': MODELS,
  'put /_plugins/_ml/model_groups/{id}': MODELS,
  'delete /_plugins/_ml/model_groups/{id}': MODELS,
  'post /_plugins/_ml/models/_register': MODELS,
  'get /_plugins/_ml/models/_search': MODELS,
  'post /_plugins/_ml/models/_search': MODELS,
  'get /_plugins/_ml/models/{id}': MODELS,
  'put /_plugins/_ml/models/{id}': MODELS,
  'delete /_plugins/_ml/models/{id}': MODELS,
  'post /_plugins/_ml/models/{id}/_deploy': MODELS,
  'post /_plugins/_ml/models/{id}/_undeploy': MODELS,
  'post /_plugins/_ml/models/{id}/_predict': {
    ...MODELS,
    who: 'whoever holds the role for it, as far as the model group lets them in; no administrator',
  },
  'get /_plugins/_security/api/internalusers/{u}': ADMINISTRATORS,
  'put /_plugins/_security/api/internalusers/{u}': ADMINISTRATORS,
  'delete /_plugins/_security/api/internalusers/{u}': ADMINISTRATORS,
  'get /_plugins/_security/api/rolesmapping/{r}': ADMINISTRATORS,
  'put /_plugins/_security/api/rolesmapping/{r}': ADMINISTRATORS,
  'delete /_plugins/_security/api/rolesmapping/{r}': ADMINISTRATORS,
  'put /_cluster/settings': ADMINISTRATORS,

  // Certificates
  'get /v1/certificates': {
    callers: [...CERTIFIED, 'session'],
    who: 'every caller for its own and what it requested, an owner for the project, an administrator for all',
  },
  'get /v1/certificates/{serial}': {
    callers: [...CERTIFIED, 'session'],
    who: 'whose it is, its requester, an owner of its project, an administrator',
  },
  'post /v1/certificates/{serial}/revoke': {
    callers: [...CERTIFIED, 'session'],
    who: 'whose it is, its requester, an owner of its project, an administrator; a release: the last two',
  },

  'get /v1/requesters/{requester}': {
    callers: [...CERTIFIED, 'session'],
    who: 'an administrator; everyone for what they obtained',
  },
  'post /v1/requesters/{requester}/revoke': {
    callers: [...CERTIFIED, 'session'],
    who: 'an administrator; everyone for what they obtained',
  },

  'post /v1/certificates/renew': { callers: CERTIFIED, who: 'whoever holds a live certificate that was not replaced' },
  'post /v1/certificates/rekey': { callers: CERTIFIED, who: 'whoever holds a live certificate that was not replaced' },

  // Jobs
  'post /v1/jobs': { callers: ['service'], who: 'a launcher that lists the project' },
  'get /v1/jobs': {
    callers: ['service', 'member', 'account'],
    who: 'a launcher, for its own; a member or service account, for those that run as it; an owner, for those of the project',
  },
  'get /v1/jobs/leases': ADMINISTRATORS,
  'post /v1/jobs/leases/confirm': ADMINISTRATORS,
  'post /v1/jobs/{id}/heartbeat': { callers: ['service', 'job'], who: 'its launcher, itself' },
  'post /v1/jobs/{id}/renew': { callers: ['job'], who: 'itself' },
  'post /v1/jobs/{id}/token': { callers: ['job'], who: 'itself' },
  'post /v1/jobs/{id}/finish': {
    callers: ['service', 'job', ...MEMBER],
    who: 'its launcher, itself, an owner of the project',
  },

  // Tokens
  'post /v1/tokens': {
    callers: ['member', 'job', 'account', 'service'],
    who: 'whoever has a certificate to call with',
  },
  'post /v1/tokens/exchange': {
    callers: ['anonymous', 'member', 'job', 'account', 'service'],
    who: 'whose token it is; whom it names (`may_act`), a launcher of its project; without a certificate the workload that a trusted issuer names, a person by their sign-in token',
  },
  'post /v1/tokens/introspect': {
    callers: CERTIFIED,
    who: 'its holder, the service it is for, an administrator; others hear that it is inactive',
  },
  'post /v1/tokens/revoke': { callers: CERTIFIED, who: 'its holder, its requester, an administrator' },

  // The decision
  'post /v1/authorize': {
    callers: 'everyone',
    who: 'everyone about themselves; about others the service that serves the deployment, a proxy that is registered for it; with `explain` an administrator (by API key, with the scope ADMIN), an owner of its project',
  },
  'post /access/v1/evaluation': {
    callers: 'everyone',
    who: 'everyone about themselves; about others the service that serves the deployment, a proxy that is registered for it',
  },
  'post /access/v1/evaluations': {
    callers: 'everyone',
    who: 'everyone about themselves; about others the service that serves the deployment, a proxy that is registered for it',
  },
  'get /.well-known/authzen-configuration': { callers: 'everyone', who: 'everyone' },
  'get /authz/nginx': { callers: 'everyone', who: 'a proxy that is registered for the deployment' },
  'get /authz/forward-auth': { callers: 'everyone', who: 'a proxy that is registered for the deployment' },
  'get /authz/envoy/{path}': { callers: 'everyone', who: 'a proxy that is registered for the deployment' },
}

/** Throws when the table has no such row: a fault of ours, found at start. */
export function permissionOf(method: string, path: string): Permission {
  const row = PERMISSIONS[`${method} ${path}`]
  if (row === undefined) throw new Error(`src/http/permissions.ts has no row for ${method} ${path}`)
  return row
}

/** Throws `EnrollmentRefused` (`unauthenticated`, `not_permitted`, `scope_missing`). */
export function requirePermitted({ callers, scope }: Permission, caller: Caller): void {
  if (callers === 'everyone') return
  if (caller.kind === 'api-key') {
    if (scope === undefined) throw notPermitted(caller)
    if (!caller.scopes.has(scope)) throw new EnrollmentRefused('scope_missing', { scope })
    return
  }
  if (!callers.includes(caller.kind)) throw notPermitted(caller)
}
