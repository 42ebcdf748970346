// Refusals in the shape of OpenSearch's errors, on the paths that its clients use. The codes of Signet go along in `code`; texts are
// those that programs out there look for (rows OS5 to OS45), and never tell of what the caller does not see.
import type { Facts } from '../../domain/coded-error.ts'
import type { ModelErrorCode } from '../../enrollment/model-refused.ts'
import { type ProblemCode, PROBLEMS } from '../problems.ts'

/** Paths of OpenSearch: another API on the same listener. */
export function isOpenSearchPath(path: string): boolean {
  return path.startsWith('/_plugins/') || path.startsWith('/_cluster/')
}

interface ErrorText {
  readonly status: number
  readonly type?: string
  readonly reason: (facts: Facts) => string
}

const say = (status: number, reason: string): ErrorText => ({ status, reason: () => reason })
const withModel = (text: string) => (facts: Facts) =>
  typeof facts['model'] === 'string' ? `${text} Model ID: ${facts['model']}` : text

const NO_PRIVILEGE_ON_MODEL = "User doesn't have privilege to perform this operation on this model"
const NO_PRIVILEGE_ON_GROUP = "User doesn't have privilege to perform this operation on this model group"

const OWNER_ONLY = 'Only owner or admin can update access control data.'

type Worded = ModelErrorCode | 'model_exists' | 'model_group_exists'

const TEXTS: ReadonlyMap<string, ErrorText> = new Map(
  Object.entries({
    access_control_off: say(
      400,
      'You cannot specify model access control parameters because the Security plugin or model access control is disabled on your cluster.',
    ),
    access_mode_rejected: say(400, 'INVALID_ACCESS_MODE: access_mode is public, private or restricted.'),
    add_all_needs_roles: say(400, 'You have to specify backend roles when add all backend roles is set to false.'),
    administrator_adds_all: say(400, 'Admin users cannot add all backend roles to a model group.'),
    backend_role_missing: say(400, 'You must have at least one backend role to register a restricted model group.'),
    backend_role_not_held: say(400, "You don't have the backend roles specified."),
    backend_roles_missing: say(
      400,
      'You must specify one or more backend roles or add all backend roles to register a restricted model group.',
    ),
    backend_roles_none: say(400, "You don't have any backend roles."),
    backend_roles_out_of_place: say(
      400,
      'You can specify backend roles only for a model group with the restricted access mode.',
    ),
    backend_roles_twice: say(400, 'You cannot specify backend roles and add all backend roles at the same time.'),
    model_deployed: { status: 400, reason: withModel('The model is deployed: undeploy it before it is deleted.') },
    model_disabled: say(403, 'Model is disabled.'),
    model_exists: say(400, 'The name you provided is already being used by another model.'),
    model_forbidden: say(403, NO_PRIVILEGE_ON_MODEL),
    model_group_exists: {
      status: 400,
      reason: ({ group, act }) => {
        const id = typeof group === 'string' ? ` with ID: ${group}` : ''
        return act === 'update'
          ? `The name you provided is already being used by another model${id}. Please provide a different name`
          : `The name you provided is already being used by a model group${id}.`
      },
    },
    model_group_forbidden: say(403, NO_PRIVILEGE_ON_GROUP),
    model_group_in_use: say(409, 'Cannot delete the model group when it has associated model versions'),
    model_group_access_closed: say(400, OWNER_ONLY),
    model_group_owner_only: say(400, OWNER_ONLY),
    model_group_unchangeable: say(400, "You don't have permission to update this model group."),
    model_group_undeletable: say(403, "User doesn't have privilege to delete this model group"),
    model_group_unknown: {
      status: 404,
      reason: ({ group, act }) =>
        act === 'delete'
          ? 'Fail to find model group'
          : `Failed to find model group with the provided model group id: ${String(group)}`,
    },
    model_permission_missing: {
      status: 403,
      type: 'security_exception',
      reason: ({ permission }) => `no permissions for [${String(permission)}]`,
    },
    model_throttled: say(429, 'Request is throttled at model level.'),
    model_unknown: {
      status: 404,
      reason: ({ model }) => `Failed to find model with the provided model id: ${String(model)}`,
    },
    owner_without_role: say(
      400,
      "You don't have the specified backend role to update this model group. For more information, contact your administrator.",
    ),
  } satisfies Partial<Record<Worded, ErrorText>>),
)

const TYPES: ReadonlyMap<number, string> = new Map([
  [400, 'illegal_argument_exception'],
  [401, 'security_exception'],
  [403, 'status_exception'],
  [404, 'status_exception'],
  [409, 'status_exception'],
  [429, 'status_exception'],
])

export function openSearchError(
  code: ProblemCode,
  facts: Facts,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const row = PROBLEMS[code]
  const text = TEXTS.get(code)
  const status = text?.status ?? row.status
  const type = text?.type ?? typeOf(code, status)
  const reason = text?.reason(facts) ?? plainReason(code, facts)
  const cause = { type, reason }
  return new Response(JSON.stringify({ error: { root_cause: [cause], ...cause }, status, code }), {
    status,
    headers: {
      'content-type': 'application/json; charset=UTF-8',
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...(status === 401 ? { 'www-authenticate': 'Mutual realm="signet"' } : {}),
      ...headers,
    },
  })
}

function typeOf(code: ProblemCode, status: number): string {
  if (code === 'not_permitted') return 'security_exception'
  return TYPES.get(status) ?? 'status_exception'
}

/** Ours, with what is to be mended. */
function plainReason(code: ProblemCode, facts: Facts): string {
  const { title, tells } = PROBLEMS[code]
  const { faults, fault } = facts
  const told =
    tells === 'nothing'
      ? []
      : Array.isArray(faults)
        ? (faults as readonly string[])
        : [fault].filter((one) => typeof one === 'string')
  return told.length === 0 ? title : `${title} ${told.join('; ')}`
}
