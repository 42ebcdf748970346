// The documents that OpenSearch answers with: of a group, of a model, of a deletion, and the envelope of a search.
import type { JSONValue } from 'hono/utils/types'
import type { Connector, Model, ModelGroup } from '../../enrollment/model-store.ts'

type Document = Record<string, JSONValue>

/** Without the fields that are absent. */
function told(fields: Readonly<Record<string, JSONValue | undefined>>): Document {
  const present = Object.entries(fields).filter((entry): entry is [string, JSONValue] => entry[1] !== undefined)
  return Object.fromEntries(present)
}

export const GROUP_INDEX = '.plugins-ml-model-group'
export const MODEL_INDEX = '.plugins-ml-model'

/** Row OS20. Without an owner it says neither owner nor backend roles: it was made while nobody asked. */
export function groupDocument(group: ModelGroup): Document {
  const { name, latestVersion, description, access, owner, roles, createdAt, updatedAt } = group
  return told({
    name,
    latest_version: latestVersion,
    description,
    access,
    backend_roles: roles.length === 0 ? undefined : [...roles],
    owner: owner === undefined ? undefined : ownerDocument(owner),
    created_time: createdAt.getTime(),
    last_updated_time: updatedAt.getTime(),
  })
}

/** The owner's own backend roles are not for others to read. */
function ownerDocument(name: string) {
  return { name, backend_roles: [], roles: [], custom_attribute_names: [], user_requested_tenant: null }
}

/** Credentials are nowhere in it: they are not kept in clear (row OS44). */
export function modelDocument(model: Model): Document {
  const { name, version, group, state, hidden, enabled, details, createdAt, updatedAt } = model
  const { callsPerMinute, connector } = details
  return told({
    name,
    model_group_id: group,
    algorithm: details.functionName.toUpperCase(),
    model_version: String(version),
    description: details.description,
    model_state: state === 'deployed' ? 'DEPLOYED' : 'REGISTERED',
    is_hidden: hidden,
    is_enabled: enabled,
    rate_limiter: callsPerMinute === undefined ? undefined : { limit: String(callsPerMinute), unit: 'MINUTES' },
    connector: connector && connectorDocument(connector),
    created_time: createdAt.getTime(),
    last_updated_time: updatedAt.getTime(),
  })
}

function connectorDocument({ name, description, protocol, parameters, action }: Connector): Document {
  const { method, url, headers, requestBody } = action
  const predict = told({ action_type: 'PREDICT', method, url, headers: { ...headers }, request_body: requestBody })
  return { name, description, protocol, parameters: { ...parameters }, actions: [predict] }
}

export function deletionDocument(index: string, id: string, result: 'deleted' | 'not_found') {
  return {
    _index: index,
    _id: id,
    _version: 1,
    result,
    _shards: { total: 1, successful: 1, failed: 0 },
    _seq_no: 0,
    _primary_term: 1,
  }
}

export interface Hit {
  readonly id: string
  readonly source: Document
}

/** `hits` are those of the page that was asked for, `total` all that there are for this caller. */
export function searchDocument(index: string, hits: readonly Hit[], total: number, tookMilliseconds: number) {
  return {
    took: tookMilliseconds,
    timed_out: false,
    _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
    hits: {
      total: { value: total, relation: 'eq' },
      max_score: total === 0 ? null : 1,
      hits: hits.map(({ id, source }) => ({
        _index: index,
        _id: id,
        _version: 1,
        _seq_no: 0,
        _primary_term: 1,
        _score: 1,
        _source: source,
      })),
    },
  }
}
