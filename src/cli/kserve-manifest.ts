// InferenceService and LLMInferenceService of KServe, read as `kubectl get -o yaml` prints them: name, hosts with all their
// spellings, and what the annotation of Open Data Hub says about authentication. Nothing is asked of a cluster.
import { type Document, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { Refused } from './refused.ts'

export interface KserveService {
  readonly kind: 'InferenceService' | 'LLMInferenceService'
  readonly name: string
  readonly namespace: string
  /** Every name that reaches it: the first is that of its status, the others are those that must be guarded alike. */
  readonly hosts: readonly string[]
  /** Behind a gateway that several share by path; empty: all of the hosts. */
  readonly paths: readonly string[]
  /** What Open Data Hub makes of it: asks for a token, or answers everybody. */
  readonly authentication: 'required' | 'open'
}

const ENABLE_AUTH = 'security.opendatahub.io/enable-auth'
const CLUSTER_SUFFIX = '.svc.cluster.local'

const address = z.object({ url: z.string().optional() })

const manifest = z.object({
  kind: z.enum(['InferenceService', 'LLMInferenceService']),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default('default'),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  status: z
    .object({
      url: z.string().optional(),
      address: address.optional(),
      addresses: z.array(address).default([]),
      components: z
        .record(
          z.string(),
          z.object({
            url: z.string().optional(),
            grpcUrl: z.string().optional(),
            restUrl: z.string().optional(),
            address: address.optional(),
            traffic: z.array(address).default([]),
          }),
        )
        .default({}),
    })
    .optional(),
})

type Manifest = z.output<typeof manifest>

/** Each of the file; a list is looked into. Throws `Refused` (`kserve_unreadable`). */
export function parseKserve(text: string): readonly KserveService[] {
  const documents = parseAllDocuments(text)
  if (!Array.isArray(documents)) throw unreadable('the file is empty')
  const found = documents.flatMap((document) => {
    if (document.errors[0] !== undefined) throw unreadable(document.errors[0].code)
    return itemsOf(valueOf(document))
  })
  if (found.length === 0) throw unreadable('there is no InferenceService in it')
  return found.map(serviceOf)
}

/** Aliases are for people who write; a few bytes of them make gigabytes. */
function valueOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (error) {
    throw new Refused('kserve_unreadable', { why: 'an alias stands in it' }, { cause: error })
  }
}

function itemsOf(document: unknown): readonly unknown[] {
  const list = z.object({ kind: z.string().endsWith('List'), items: z.array(z.unknown()) }).safeParse(document)
  return list.success ? list.data.items : document === null ? [] : [document]
}

function serviceOf(document: unknown): KserveService {
  const parsed = manifest.safeParse(document)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw unreadable(`${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`)
  }
  const { kind, metadata } = parsed.data
  const { name, namespace, annotations } = metadata
  const urls = urlsOf(parsed.data)
  if (urls.length === 0) throw unreadable(`${name} has no URL in its status: it is not ready`)
  const hosts = [...new Set(urls.flatMap(({ hostname }) => spellingsOf(hostname)))]
  return {
    kind,
    name,
    namespace,
    hosts,
    paths: pathsOf(name, urls),
    authentication: authenticationOf(kind, annotations),
  }
}

/** Row A5: the URL of the service, its address, those of each component, and each traffic tag. */
function urlsOf({ status }: Manifest): readonly URL[] {
  const components = Object.values(status?.components ?? {}).flatMap((component) => [
    component.url,
    component.restUrl,
    component.grpcUrl,
    component.address?.url,
    ...component.traffic.map(({ url }) => url),
  ])
  const told = [status?.url, status?.address?.url, ...(status?.addresses ?? []).map(({ url }) => url), ...components]
  return told.filter((url) => url !== undefined).map(parseUrl)
}

function parseUrl(text: string): URL {
  // gRPC's are written as host and port.
  const url = text.includes('://') ? text : `https://${text}`
  if (!URL.canParse(url)) throw unreadable(`${text} is no URL`)
  return new URL(url)
}

/** As a pod may write it: Kubernetes' search domains complete the rest. */
function spellingsOf(host: string): readonly string[] {
  if (!host.endsWith(CLUSTER_SUFFIX)) return [host]
  const short = host.slice(0, -CLUSTER_SUFFIX.length)
  return [host, `${short}.svc`, short]
}

function pathsOf(name: string, urls: readonly URL[]): readonly string[] {
  const paths = [...new Set(urls.map(({ pathname }) => pathname.replace(/\/+$/, '')))]
  if (paths.length === 1 && paths[0] === '') return []
  // With a path on one host and none on another, one set of prefixes would shut the second or open too much of the first.
  if (paths.includes('')) throw unreadable(`${name} has a path on some of its hosts alone: put it by hand`)
  return paths
}

/** Row A1: the two kinds have opposite defaults. */
function authenticationOf(
  kind: KserveService['kind'],
  annotations: Readonly<Record<string, string>>,
): KserveService['authentication'] {
  const said = annotations[ENABLE_AUTH]?.toLowerCase()
  if (kind === 'InferenceService') return said === 'true' ? 'required' : 'open'
  return said?.trim() === 'false' ? 'open' : 'required'
}

function unreadable(why: string): Refused {
  return new Refused('kserve_unreadable', { why })
}
