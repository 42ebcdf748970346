// What a Kubernetes API server says of a service account: SubjectAccessReview (authorization.k8s.io/v1), and TokenReview
// (authentication.k8s.io/v1) where it is asked for the token too. As KServe's and Open Data Hub's templates ask: `get` on an
// InferenceService by the user alone, on an LLMInferenceService by user and groups (row A3).
//
// An answer is kept for ten seconds by exactly what was asked; equal questions at one time are one. What cannot be had refuses
// (rule 23). Nothing is asked before the token's signature has been verified.
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock } from '../domain/clock.ts'
import { RecentlyUsed } from '../domain/recently-used.ts'
import { askHttps, AskFailed } from '../outbound/ask-https.ts'
import { type AccessReview, type AccessReviews, IssuerUnreachable } from '../tokens/trusted-issuer.ts'

export interface AccessReviewOptions {
  /** Of the entry. */
  readonly cluster: string
  /** Origin of the API server. */
  readonly url: string
  /** PEM; the public CAs without. */
  readonly ca: string | undefined
  /** File with the bearer token for it: read anew each time, since clusters rotate it. */
  readonly bearerFile: string
  /** For which a token has to be; never the API server's own. */
  readonly audience: string
  readonly tokenReview: 'asked' | 'not-asked'
  readonly clock: Clock
}

const REVIEW_KEPT_SECONDS = 10
const MAX_KEPT = 10_000
/** At one time; who comes then is refused for now. */
const MAX_QUESTIONS = 64
const TIMEOUT_SECONDS = 3
const MAX_ANSWER_BYTES = 64 * 1024

interface Account {
  readonly username: string
  readonly groups: readonly string[]
}

interface Resource {
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

interface Kept {
  readonly answer: Promise<unknown>
  readonly until: number
}

export class KubernetesAccessReviews implements AccessReviews {
  readonly #options: AccessReviewOptions
  /** By the digest of what was asked. */
  readonly #kept = new RecentlyUsed<string, Kept>(MAX_KEPT)
  #asking = 0

  constructor(options: AccessReviewOptions) {
    this.#options = options
  }

  async review(token: string, subject: string, wanted: readonly string[]): Promise<AccessReview> {
    const account = await this.#account(token, subject)
    if (account === undefined) return { kind: 'not-authenticated' }
    const rights = await Promise.all(wanted.map(async (group) => ((await this.#mayGet(account, group)) ? [group] : [])))
    return { kind: 'granted', groups: new Set(rights.flat()) }
  }

  /** Undefined for a token that the cluster does not take. */
  async #account(token: string, subject: string): Promise<Account | undefined> {
    const { tokenReview, audience } = this.#options
    if (tokenReview === 'not-asked') return accountOf(subject)
    const spec = { token, audiences: [audience] }
    const status = await this.#ask('authentication.k8s.io/v1', 'TokenReview', spec)
    const { authenticated, audiences, user } = status
    if (authenticated !== true || !isTexts(audiences) || !audiences.includes(audience)) return undefined
    const { username, groups } = membersOf(user)
    // The signature says whose it is; an API server that says otherwise is not that of this cluster.
    return username === subject && isTexts(groups) ? { username, groups } : undefined
  }

  async #mayGet({ username, groups }: Account, group: string): Promise<boolean> {
    const resource = resourceIn(group, this.#options.cluster)
    if (resource === undefined) return false
    const spec = {
      resourceAttributes: { verb: 'get', group: 'serving.kserve.io', ...resource },
      user: username,
      ...(resource.resource === 'llminferenceservices' ? { groups } : {}),
    }
    const { allowed, denied } = await this.#ask('authorization.k8s.io/v1', 'SubjectAccessReview', spec)
    return allowed === true && denied !== true
  }

  /** The status of a review. Throws `IssuerUnreachable`. */
  async #ask(apiVersion: string, kind: string, spec: object): Promise<Members> {
    const body = JSON.stringify({ apiVersion, kind, spec })
    const key = hash('sha256', body, 'base64')
    const now = this.#options.clock.monotonicMilliseconds()
    const kept = this.#kept.get(key)
    if (kept !== undefined && now < kept.until) return membersOf(await kept.answer)
    const answer = this.#askOnce(`/apis/${apiVersion}/${kind.toLowerCase()}s`, body)
    this.#kept.put(key, { answer, until: now + REVIEW_KEPT_SECONDS * 1000 })
    answer.catch(() => this.#kept.delete(key))
    return membersOf(await answer)
  }

  async #askOnce(path: string, body: string): Promise<unknown> {
    const { cluster } = this.#options
    if (this.#asking >= MAX_QUESTIONS) throw new IssuerUnreachable(cluster, 'busy')
    this.#asking += 1
    try {
      return statusIn(await this.#post(path, body))
    } catch (cause) {
      const why = cause instanceof AskFailed ? cause.why : 'review_unreadable'
      throw new IssuerUnreachable(cluster, why, { cause })
    } finally {
      this.#asking -= 1
    }
  }

  async #post(path: string, body: string): Promise<string> {
    const { url, ca, bearerFile } = this.#options
    const answer = await askHttps(new URL(path, url), {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${readFileSync(bearerFile, 'utf8').trim()}`,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
      },
      body,
      ca,
      timeoutSeconds: TIMEOUT_SECONDS,
      maxBytes: MAX_ANSWER_BYTES,
      // A review is made, and nothing of it is stored: 201, and 200 from what stands in front of some servers.
      accepts: (status) => status === 200 || status === 201,
    })
    return answer.body.toString('utf8')
  }
}

/** The groups of every service account (Kubernetes, "Authenticating", service account tokens). */
function accountOf(subject: string): Account | undefined {
  const namespace = /^system:serviceaccount:(?<namespace>[^:]+):[^:]+$/.exec(subject)?.groups?.['namespace']
  if (namespace === undefined) return undefined
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
  return { username: subject, groups }
}

/** Names as Kubernetes has them (RFC 1123 labels and subdomains). */
const GROUP =
  /^kubernetes:(?<cluster>[a-z][a-z0-9-]*):(?<resource>inferenceservices|llminferenceservices):(?<namespace>[a-z0-9-]{1,63})\/(?<name>[a-z0-9.-]{1,253})$/

function resourceIn(group: string, cluster: string): Resource | undefined {
  const { cluster: of, resource, namespace, name } = GROUP.exec(group)?.groups ?? {}
  if (of !== cluster || resource === undefined || namespace === undefined || name === undefined) return undefined
  return { resource, namespace, name }
}

type Members = Readonly<Record<string, unknown>>

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** Throws for what is no review. */
function statusIn(text: string): Members {
  const status = membersOf(JSON.parse(text) as unknown)['status']
  if (typeof status !== 'object' || status === null) throw new SyntaxError('a review without a status')
  return { ...status }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
