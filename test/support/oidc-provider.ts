// A real OpenID Connect provider over TLS under a CA of its own, with people whose claims a test sets, and a browser without a screen
// that signs in there.
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import Provider from 'oidc-provider'
import { makeAuthority, makeServer } from '../cli/test-ca.ts'
import { type Answer, send } from './https-client.ts'
import { freePorts } from './test-service.ts'

export interface OidcClient {
  readonly client_id: string
  /** Without one the client is public. */
  readonly client_secret?: string
  readonly redirect_uris: readonly string[]
  readonly id_token_signed_response_alg?: 'RS256' | 'PS256' | 'ES256'
}

type Claims = Readonly<Record<string, unknown>>

export class OidcServer {
  readonly issuer: string
  /** PEM. */
  readonly ca: string
  readonly #people = new Map<string, Claims>()
  readonly #leaf: { readonly pem: string; readonly key: string }
  #server: Server | undefined
  #clients: readonly OidcClient[] = []
  #keys = makeKeys('key')

  private constructor(issuer: string, ca: string, leaf: { readonly pem: string; readonly key: string }) {
    this.issuer = issuer
    this.ca = ca
    this.#leaf = leaf
  }

  /** It knows its clients when `listen` is called: they have to know it first. */
  static async make(): Promise<OidcServer> {
    const [port] = await freePorts(1)
    const authority = await makeAuthority('Provider CA', undefined)
    const { pem, key } = await makeServer(authority)
    return new OidcServer(`https://localhost:${String(port)}`, authority.pem, { pem, key })
  }

  /** From the next sign-in on. `sub` is `login`. */
  person(login: string, claims: Claims): void {
    this.#people.set(login, { preferred_username: login, ...claims })
  }

  async listen(clients = this.#clients): Promise<void> {
    this.#clients = clients
    const provider = new Provider(this.issuer, {
      clients: clients.map((client) => ({
        ...client,
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: client.client_secret === undefined ? 'none' : 'client_secret_basic',
      })),
      claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
      scopes: ['openid', 'profile', 'groups'],
      cookies: { keys: ['a key of the tests'] },
      jwks: { keys: this.#keys },
      ttl: { Interaction: 600, Session: 3600, Grant: 3600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
      findAccount: (_: unknown, accountId: string) => ({
        accountId,
        claims: () => Promise.resolve({ sub: accountId, ...this.#people.get(accountId) }),
      }),
    })
    const server = createServer({ cert: this.#leaf.pem, key: this.#leaf.key }, provider.callback())
    this.#server = server
    const port = Number(new URL(this.issuer).port)
    await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  }

  /** It signs with new keys from then on, and has forgotten the old ones. */
  async changeKeys(prefix: string): Promise<void> {
    await this.close()
    this.#keys = makeKeys(prefix)
    await this.listen()
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = new Promise((done) => server.close(done))
    server.closeAllConnections()
    await closed
  }
}

function makeKeys(prefix: string) {
  const rsa = (['RS256', 'PS256'] as const).map((alg) => {
    return { pair: generateKeyPairSync('rsa', { modulusLength: 2048 }), alg }
  })
  const all = [...rsa, { pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }), alg: 'ES256' }]
  return all.map(({ pair, alg }) => {
    return { ...pair.privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${prefix}-${alg}` }
  })
}

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

/** Keeps cookies as browsers do, those of one host together. */
export class Browser {
  readonly #cas: readonly string[]
  #cookies: readonly Cookie[] = []

  constructor(...cas: readonly string[]) {
    this.#cas = cas
  }

  get cookies(): ReadonlyMap<string, string> {
    return new Map(this.#cookies.map(({ name, value }) => [name, value]))
  }

  async visit(url: URL, form?: Readonly<Record<string, string>>): Promise<Answer> {
    const cookie = this.#cookies
      .filter(({ path }) => url.pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
    const answer = await send(
      { url: url.origin, ca: this.#cas.join('\n') },
      {
        method: form === undefined ? 'GET' : 'POST',
        path: `${url.pathname}${url.search}`,
        ...(form === undefined ? {} : { body: new URLSearchParams(form).toString() }),
        headers: {
          ...(cookie === '' ? {} : { cookie }),
          ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
      },
    )
    for (const line of answer.headers['set-cookie'] ?? []) this.keep(line)
    return answer
  }

  post(url: URL, body: object): Promise<Answer> {
    return send({ url: url.origin, ca: this.#cas.join('\n') }, { method: 'POST', path: url.pathname, body })
  }

  /** Signs in at the provider that `url` leads to, and agrees to everything. The address that the provider sends the browser to. */
  async signInAt(issuer: string, url: URL, login: string): Promise<URL> {
    let next = url
    for (let steps = 0; steps < 20; steps += 1) {
      const isAsked = next.pathname.startsWith('/interaction/')
      const answer = isAsked ? await this.#answerForm(next, login) : await this.visit(next)
      const { location } = answer.headers
      if (location === undefined) throw new Error(`the provider stopped: ${answer.text.slice(0, 500)}`)
      next = new URL(location, next)
      if (next.origin !== issuer) return next
    }
    throw new Error('the provider sends the browser around')
  }

  async #answerForm(url: URL, login: string): Promise<Answer> {
    const { text } = await this.visit(url)
    const prompt = /name="prompt" value="(?<prompt>[a-z]+)"/.exec(text)?.groups?.['prompt'] ?? 'login'
    return this.visit(url, prompt === 'login' ? { prompt, login, password: 'x' } : { prompt })
  }

  /** As a `Set-Cookie` header says. */
  keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const at = pair.indexOf('=')
    const named = new Map(attributes.map((each) => [each.split('=')[0]?.toLowerCase(), each.split('=')[1] ?? '']))
    const cookie = { name: pair.slice(0, at), value: pair.slice(at + 1), path: named.get('path') ?? '/' }
    const others = this.#cookies.filter(({ name, path }) => name !== cookie.name || path !== cookie.path)
    const expires = named.get('expires')
    const isGone = named.get('max-age') === '0' || (expires !== undefined && Date.parse(expires) < Date.now())
    this.#cookies = isGone ? others : [...others, cookie]
  }
}
