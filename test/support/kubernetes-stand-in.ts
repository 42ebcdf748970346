// A stand-in for a cluster's API server, written from the published schemas of authentication.k8s.io/v1 TokenReview and
// authorization.k8s.io/v1 SubjectAccessReview: its key set, tokens of its service accounts, and a small RBAC. It refuses what the
// schemas do not know, and tells what it was asked. It is not Kubernetes.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ForeignIssuer, type ForeignKeyPair, foreignKey, signedBy } from './foreign-issuer.ts'

export const CLUSTER_ISSUER = 'https://kubernetes.default.svc.cluster.local'

/** To whom the right is given: a user or a group, by its name. */
export interface Binding {
  readonly to: string
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

interface Review {
  readonly apiVersion: string
  readonly kind: string
  readonly spec: Readonly<Record<string, unknown>>
}

const SPECS: Readonly<Record<string, readonly string[]>> = {
  TokenReview: ['token', 'audiences'],
  SubjectAccessReview: ['resourceAttributes', 'nonResourceAttributes', 'user', 'groups', 'extra', 'uid'],
}
const PATHS: Readonly<Record<string, string>> = {
  '/apis/authentication.k8s.io/v1/tokenreviews': 'TokenReview',
  '/apis/authorization.k8s.io/v1/subjectaccessreviews': 'SubjectAccessReview',
}

export class KubernetesStandIn {
  readonly issuer: ForeignIssuer
  readonly bearer = 'reviewer-token'
  bindings: readonly Binding[] = []
  /** Tokens that were taken back, by their `jti`. */
  readonly gone = new Set<string>()
  /** `down` answers nothing but errors. */
  state: 'up' | 'down' = 'up'
  readonly asked: Review[] = []
  readonly #key: ForeignKeyPair
  #tokens = 0

  private constructor(issuer: ForeignIssuer, key: ForeignKeyPair) {
    this.issuer = issuer
    this.#key = key
    issuer.answer = (request, response) => this.#answer(request, response)
  }

  static async start(): Promise<KubernetesStandIn> {
    const key = foreignKey('cluster')
    return new KubernetesStandIn(await ForeignIssuer.start(key), key)
  }

  get url(): string {
    return this.issuer.url
  }

  /** A projected token of a service account of `namespace`, bound to a pod. */
  token(namespace: string, name: string, at: Date, change: object = {}): string {
    this.#tokens += 1
    const now = Math.floor(at.getTime() / 1000)
    return signedBy(this.#key, {
      iss: CLUSTER_ISSUER,
      sub: `system:serviceaccount:${namespace}:${name}`,
      aud: ['signet'],
      iat: now,
      nbf: now,
      exp: now + 3600,
      jti: `t${String(this.#tokens)}`,
      'kubernetes.io': { namespace, serviceaccount: { name, uid: 'u' }, pod: { name: 'p', uid: 'p' } },
      ...change,
    })
  }

  close(): Promise<void> {
    return this.issuer.close()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const say = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.url === '/openid/v1/jwks') {
      say(200, { keys: [this.#key.jwk] })
      return
    }
    if (this.state === 'down') {
      say(500, { kind: 'Status', code: 500 })
      return
    }
    if (request.headers.authorization !== `Bearer ${this.bearer}`) {
      say(401, { kind: 'Status', code: 401 })
      return
    }
    const kind = PATHS[request.url ?? '']
    if (kind === undefined || request.method !== 'POST') {
      say(404, { kind: 'Status', code: 404 })
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Review
      const isKnown = review.kind === kind && Object.keys(review.spec).every((name) => SPECS[kind]?.includes(name))
      if (!isKnown) {
        say(422, { kind: 'Status', code: 422 })
        return
      }
      this.asked.push(review)
      say(201, { ...review, metadata: {}, status: this.#statusOf(review) })
    })
  }

  #statusOf({ kind, spec }: Review): object {
    return kind === 'TokenReview' ? this.#authenticate(spec) : { allowed: this.#isAllowed(spec) }
  }

  #authenticate({ token, audiences }: Review['spec']): object {
    const claims = JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      sub: string
      aud: string[]
      jti: string
    }
    const asked = Array.isArray(audiences) ? audiences.map(String) : [CLUSTER_ISSUER]
    const common = asked.filter((name) => claims.aud.includes(name))
    if (this.gone.has(claims.jti) || common.length === 0) return { error: 'token is not valid' }
    const namespace = claims.sub.split(':')[2] ?? ''
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
    return { authenticated: true, audiences: common, user: { username: claims.sub, uid: 'u', groups } }
  }

  #isAllowed({ user, groups, resourceAttributes }: Review['spec']): boolean {
    const wanted = resourceAttributes as Readonly<Record<string, string>>
    if (wanted['verb'] !== 'get' || wanted['group'] !== 'serving.kserve.io') return false
    const who = new Set([String(user), ...(Array.isArray(groups) ? groups.map(String) : [])])
    return this.bindings.some(
      ({ to, resource, namespace, name }) =>
        who.has(to) && wanted['resource'] === resource && wanted['namespace'] === namespace && wanted['name'] === name,
    )
  }
}
