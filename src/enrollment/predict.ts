// A prediction by a model that is asked for by its own id: steps 12, 13, 16 and 17 of the decision, in this order, and then the request
// that its connector makes of it. Whoever sends it is elsewhere. Parameters go into the body as JSON texts hold them, credentials
// into headers alone, and neither chooses where the request goes.
import { isGroupRefusal } from '../access/model-group-rights.ts'
import type { ActContext } from './act-context.ts'
import { standingTo } from './model-groups.ts'
import { ModelRefused } from './model-refused.ts'
import type { Connector, Model } from './model-store.ts'
import type { ModelReading } from './model-views.ts'
import { modelCredentialContext } from './sealed-keys.ts'

export type Parameters = Readonly<Record<string, string | number | boolean>>

export interface PredictionRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** Throws `ModelRefused`. */
export async function predictableModel(reading: ModelReading, id: string): Promise<Model> {
  const { standing } = reading.actor
  // Before anything is looked up: whether a hidden model is there is not theirs to learn here (row OS45).
  if (standing === 'superadmin' || standing === 'administrator') throw new ModelRefused('admin_no_data')
  const model = await reading.view.model(id, 'none')
  if (model === undefined) throw new ModelRefused('model_unknown', { model: id })
  if (!model.enabled) throw new ModelRefused('model_disabled', named(model))
  // A hidden one is called by everybody who may predict, whatever its group (row OS43).
  if (!model.hidden && model.group !== undefined) {
    const group = await reading.view.modelGroup(model.group, 'none')
    if (group === undefined || isGroupRefusal(standingTo(reading, group))) {
      throw new ModelRefused('model_forbidden', named(model))
    }
  }
  if (model.state !== 'deployed') throw new ModelRefused('model_not_deployed', named(model))
  return model
}

/** Refusals of a hidden model do not repeat its id (row OS44). */
function named({ id, hidden }: Model): { readonly model?: string } {
  return hidden ? {} : { model: id }
}

/** Throws `ModelRefused` (`model_upstream_missing`), `SealBroken`. */
export async function predictionRequest(
  context: Pick<ActContext, 'vault'>,
  reading: ModelReading,
  model: Model,
  given: Parameters,
  upstreams: ReadonlySet<string>,
): Promise<PredictionRequest> {
  const { connector } = model.details
  if (connector === undefined) throw new ModelRefused('model_upstream_missing', named(model))
  const { action } = connector
  // No parameter stands in it: where credentials go is as it was registered.
  const url = URL.parse(action.url)
  if (url === null || !upstreams.has(url.origin)) throw new ModelRefused('model_upstream_missing', named(model))
  const credentials = await openCredentials(context, reading, model)
  const headers = Object.entries(action.headers).map(([name, value]) => [
    name.toLowerCase(),
    filled(value, credentials),
  ])
  const parameters = new Map(Object.entries({ ...connector.parameters, ...given }))
  const body = action.requestBody === undefined ? JSON.stringify(given) : filledBody(action.requestBody, parameters)
  return {
    url,
    method: action.method,
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...(action.method === 'POST' ? { body } : {}),
  }
}

async function openCredentials(
  { vault }: Pick<ActContext, 'vault'>,
  { view }: ModelReading,
  { id }: Model,
): Promise<ReadonlyMap<string, string>> {
  const sealed = await view.sealedCredential(id)
  if (sealed === undefined) return new Map()
  const secret = vault.keyStore.openEntrusted(sealed, modelCredentialContext(vault.installation, id))
  try {
    return new Map(Object.entries(JSON.parse(Buffer.from(secret).toString()) as Record<string, string>))
  } finally {
    secret.fill(0)
  }
}

const CREDENTIAL = /\$\{credential\.([A-Za-z0-9_-]{1,64})\}/g
const PARAMETER = /\$\{parameters\.([A-Za-z0-9_-]{1,64})\}/g

function filled(template: string, credentials: ReadonlyMap<string, string>): string {
  return template.replaceAll(CREDENTIAL, (_, name: string) => credentials.get(name) ?? '')
}

/** Within the quotes of the template: what a parameter holds never ends the text that it stands in. */
function filledBody(template: string, parameters: ReadonlyMap<string, string | number | boolean>): string {
  return template.replaceAll(PARAMETER, (_, name: string) =>
    JSON.stringify(String(parameters.get(name) ?? '')).slice(1, -1),
  )
}

/** What cannot work, or would show a credential. Throws `ModelRefused` (`connector_rejected`). */
export function checkConnector({ action, credentials, parameters }: Connector): void {
  const reject = (fault: string) => new ModelRefused('connector_rejected', { fault })
  const url = URL.parse(action.url)
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw reject('url: an https URL without user and fragment')
  }
  if (action.url.includes('${')) throw reject('url: no placeholder stands in it')
  const places = [action.requestBody ?? '', ...Object.values(parameters)]
  if (places.some((text) => text.includes('${credential.'))) throw reject('credentials stand in headers alone')
  for (const [name, value] of Object.entries(action.headers)) checkHeader(name, value, credentials)
}

/** Of ours, or of the connection. */
const KEPT_HEADERS: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'te'])

const SECRET_HEADERS: ReadonlySet<string> = new Set([
  ...['authorization', 'proxy-authorization', 'cookie', 'api-key', 'x-api-key', 'x-auth-token'],
])

function checkHeader(name: string, value: string, credentials: readonly string[]): void {
  const isName = /^[A-Za-z0-9-]{1,64}$/.test(name) && !KEPT_HEADERS.has(name.toLowerCase())
  if (!isName || !/^[\x20-\x7e]{0,2048}$/.test(value)) {
    throw new ModelRefused('connector_rejected', { fault: `headers: ${name.slice(0, 64)} cannot be sent` })
  }
  // It would be kept in clear, and read back to whoever sees the model.
  if (SECRET_HEADERS.has(name.toLowerCase()) && value.search(CREDENTIAL) === -1) {
    throw new ModelRefused('connector_rejected', { fault: `headers: ${name} takes its secret from a credential` })
  }
  for (const [, credential = ''] of value.matchAll(CREDENTIAL)) {
    if (credentials.includes(credential)) continue
    throw new ModelRefused('connector_rejected', { fault: `headers: there is no credential ${credential}` })
  }
}
