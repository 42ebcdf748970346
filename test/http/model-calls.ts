// A small world in which models are called: a project with its owner and a member, a model server with deployments, and proxies of
// every dialect, over one running service. And calls as proxies tell of them.
import { Agent } from 'node:https'
import { connect } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { agentFor, type Answer, type ClientIdentity, send } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService, type TestServiceOptions } from '../support/test-service.ts'

export const PASSPHRASE = 'sixteen and more characters'

export class ModelCalls {
  readonly service: TestService
  readonly owner: Certified
  readonly alice: Certified
  /** Of another project. */
  readonly mallory: Certified
  readonly modelServer: Certified
  readonly #proxies: ReadonlyMap<string, Certified>

  private constructor(
    service: TestService,
    people: Readonly<Record<'owner' | 'alice' | 'mallory' | 'modelServer', Certified>>,
    proxies: ReadonlyMap<string, Certified>,
  ) {
    this.service = service
    this.owner = people.owner
    this.alice = people.alice
    this.mallory = people.mallory
    this.modelServer = people.modelServer
    this.#proxies = proxies
  }

  static async start(options: TestServiceOptions = {}): Promise<ModelCalls> {
    const service = await TestService.start(options)
    const owner = await service.addProject('vision', 'olivia')
    const alice = await service.addMember('vision', 'alice', owner)
    const mallory = await service.addProject('fraud', 'mallory')
    const modelServer = await service.addService('model-1.internal', { systemUser: 'kserve' })
    await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
    const proxies = new Map<string, Certified>()
    for (const dialect of ['nginx', 'traefik', 'caddy', 'haproxy', 'xfcc', 'client-cert'] as const) {
      const name = `edge-${dialect}`
      proxies.set(dialect, await service.addService(`${name}.internal`))
      const proxy = { service: `${name}.internal`, certificateHeader: dialect, deployments: 'all' }
      expectStatus(await service.put(`/v1/proxies/${name}`, proxy, service.admin), 200)
    }
    const calls = new ModelCalls(service, { owner, alice, mallory, modelServer }, proxies)
    await calls.putDeployment()
    return calls
  }

  /** `resnet` takes everything, unless a test says otherwise. */
  async putDeployment(policy: object = {}, name = 'resnet', host = `${name}.internal`): Promise<void> {
    const body = {
      project: 'vision',
      host,
      service: 'model-1.internal',
      authModes: ['mtls', 'jwt', 'api-key', 'passphrase'],
      actingUser: 'credential-itself',
      passphrases: [{ id: 'a', passphrase: PASSPHRASE }],
      unprotectedPaths: ['/healthz'],
      ...policy,
    }
    expectStatus(await this.service.put(`/v1/deployments/${name}`, body, this.owner), 200)
  }

  proxy(dialect: string): Certified {
    const found = this.#proxies.get(dialect)
    if (found === undefined) throw new Error(`no proxy of ${dialect}`)
    return found
  }

  async apiKey(by: ClientIdentity, name: string, scopes: readonly string[] = ['SERVING']): Promise<string> {
    return String(expectStatus(await this.service.post('/v1/api-keys', { name, scopes }, by), 201).json['value'])
  }

  async token(by: ClientIdentity, audience = 'resnet', more: object = {}): Promise<string> {
    return String(
      expectStatus(await this.service.post('/v1/tokens', { audience, ...more }, by), 201).json['access_token'],
    )
  }

  ask(body: object, by: ClientIdentity | undefined = this.modelServer, headers = {}): Promise<Answer> {
    return this.service.post('/v1/authorize', body, by, headers)
  }

  /** As nginx asks; `told` overwrites or, with undefined, leaves out. */
  nginx(told: Told = {}, by: ClientIdentity = this.proxy('nginx')): Promise<Answer> {
    const headers = {
      'x-original-method': 'POST',
      'x-original-uri': '/v1/predict',
      'x-original-host': 'resnet.internal',
      'x-signet-normalized-uri': '/v1/predict',
      'x-ssl-client-verify': 'NONE',
      ...told,
    }
    return this.tell('/authz/nginx', headers, by)
  }

  forwardAuth(told: Told = {}, by: ClientIdentity = this.proxy('traefik')): Promise<Answer> {
    const headers = {
      'x-forwarded-method': 'POST',
      'x-forwarded-uri': '/v1/predict',
      'x-forwarded-host': 'resnet.internal',
      ...told,
    }
    return this.tell('/authz/forward-auth', headers, by)
  }

  tell(path: string, told: Told, by: ClientIdentity | undefined, method = 'GET', body?: unknown): Promise<Answer> {
    const given = Object.entries(told).filter(([, value]) => value !== undefined)
    const headers = Object.fromEntries(given) as Record<string, string | string[]>
    const { options } = agentFor({ ca: this.service.ca, ...(by === undefined ? {} : { identity: by }) }, false)
    // The Host may be that of the call, and the server is who it is.
    const agent = new Agent({ ...options, servername: 'localhost' })
    return send({ url: this.service.url, ca: this.service.ca, agent }, { method, path, headers, body })
  }

  /** Lines as they are written, on one connection: what no client library sends. */
  raw(lines: readonly string[], by: ClientIdentity): Promise<{ readonly status: number; readonly text: string }> {
    const { hostname: host, port } = new URL(this.service.url)
    const { cert, key } = agentFor({ ca: this.service.ca, identity: by }).options
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port), ca: this.service.ca, cert, key }, () =>
        socket.write(`${[...lines, 'connection: close'].join('\r\n')}\r\n\r\n`),
      )
      let text = ''
      socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
      socket.on('error', reject)
      socket.on('end', () => resolve({ status: Number(text.split(' ')[1]), text }))
    })
  }

  close(): Promise<void> {
    return this.service.close()
  }
}

export type Told = Readonly<Record<string, string | string[] | undefined>>

/** PEM of the leaf alone. */
export function leafOf({ certificate }: ClientIdentity): string {
  return certificate.slice(0, certificate.indexOf('-----END CERTIFICATE-----') + '-----END CERTIFICATE-----'.length)
}

export function base64Of(identity: ClientIdentity): string {
  return new X509Certificate(identity.certificate).raw.toString('base64')
}

/** As each proxy says whom it saw. */
export const VOUCHED = {
  nginx: (identity: ClientIdentity) => ({
    'x-ssl-client-cert': encodeURIComponent(`${leafOf(identity)}\n`),
    'x-ssl-client-verify': 'SUCCESS',
  }),
  traefik: (identity: ClientIdentity) => ({ 'x-forwarded-tls-client-cert': base64Of(identity) }),
  caddy: (identity: ClientIdentity) => ({ 'x-client-cert': base64Of(identity) }),
  haproxy: (identity: ClientIdentity) => ({ 'x-ssl-client-cert': base64Of(identity), 'x-ssl-client-verify': '0' }),
  xfcc: (identity: ClientIdentity) => ({
    'x-forwarded-client-cert': `Hash=00;Cert="${encodeURIComponent(`${leafOf(identity)}\n`)}"`,
  }),
  'client-cert': (identity: ClientIdentity) => ({ 'client-cert': `:${base64Of(identity)}:` }),
} as const

/** As a model server hands over what it saw. */
export function certificateOnly(identity: ClientIdentity): { readonly certificate: string } {
  return { certificate: leafOf(identity) }
}
