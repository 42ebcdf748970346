// Row HX20: what the card of a deployment shows runs as it is, by the programs that it is written for, through a real nginx with
// docs/deploy/nginx.conf that asks the running service, to a model server. The programs are told what DNS would say of the host and
// which CAs they trust; nothing of the snippets is changed.
import { mkdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeWith, type Ran, run } from '../interop/program.ts'
import { ProxyChain } from '../interop/proxy-chain.ts'
import { World } from '../interop/world.ts'
import { type ClientIdentity, known } from '../support/https-client.ts'
import { valuesOf } from '../support/model-server.ts'
import { expectStatus, freePorts } from '../support/test-service.ts'

const HOST = 'resnet.models.internal'
const PASSPHRASE = 'a passphrase for the card'
const SNIPPETS = ['curl', 'javascript', 'langchain'] as const
const ANSWER = 'You said: Say hello.'

/** What the model is told of alice. */
const OF_ALICE = {
  'signet-subject': ['vision__alice'],
  'signet-subject-kind': ['member'],
  'signet-project': ['vision'],
  'signet-acting-user': ['vision__alice'],
  'signet-deployment': ['resnet'],
}

/** What let a call in goes no further than the proxy. */
const OF_THE_CALL = { authorization: [], 'signet-act-as': [], 'x-ssl-client-cert': [] }

/** The agent of the undici that Node itself is built with, as the package exports it. */
const UNDICI = `
  await fetch('data:,')
  const held = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => globalThis[Symbol.for(name)])
  export const Agent = held.find((each) => each?.constructor.name === 'Agent').constructor
`

type Environment = Readonly<Record<string, string>>

const unauthorized = (reason: string): string => JSON.stringify({ status: 401, title: 'Unauthorized', reason })

/** Of the same key, another secret. */
const wrong = (key: string): string => `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`

/** By curl, which writes the status after the body here. */
function expectAnswered({ status, stdout }: Ran): void {
  expect(stdout).toContain(ANSWER)
  expect(stdout).toMatch(/\n200$/)
  expect(status).toBe(0)
}

describeWith(['nginx', 'curl'], 'the card of a deployment', () => {
  let world: World
  let chain: ProxyChain
  let bob: ClientIdentity
  let key: string

  beforeAll(async () => {
    const [port = 0] = await freePorts(1)
    const authModes = 'mtls,jwt,api-key,passphrase,none'
    world = await World.start({ flags: { 'access.gatewayPort': port, 'access.authModes': authModes } })
    chain = await ProxyChain.start(world, 'nginx', [HOST])
    await put({})
    await chain.register(['resnet'])
    bob = await world.member('bob')
    const made = await world.service.post('/v1/api-keys', { name: 'card', scopes: ['SERVING'] }, world.alice)
    key = String(expectStatus(made, 201).json['value'])
    settle(port)
  })
  afterAll(async () => {
    await chain.stop()
    await world.close()
  })
  beforeEach(() => chain.model.forgetCalls())

  /** What the machine of a caller holds: names, trusted CAs (`ca.pem` is there), installed packages. */
  function settle(port: number): void {
    world.write('.curlrc', `silent\nresolve = "${HOST}:${String(port)}:127.0.0.1"\nwrite-out = "\\n%{http_code}"\n`)
    world.write(
      'names.mjs',
      `import dns from 'node:dns'
       const before = dns.lookup
       dns.lookup = (name, options, done) => before(name === '${HOST}' ? '127.0.0.1' : name, options, done)`,
    )
    mkdirSync(world.at('node_modules/undici'), { recursive: true })
    for (const name of ['openai', '@langchain'])
      symlinkSync(resolve('node_modules', name), world.at(`node_modules/${name}`))
    world.write('node_modules/undici/index.mjs', UNDICI)
    world.write('node_modules/undici/package.json', '{"name":"undici","exports":"./index.mjs"}')
  }

  const put = (more: object): Promise<void> => chain.expose('resnet', { host: HOST, ...more })

  const card = async (): Promise<Record<string, unknown>> =>
    expectStatus(await world.service.get('/v1/deployments/resnet/card', world.alice), 200).json

  async function called(name: (typeof SNIPPETS)[number], secrets: Environment): Promise<Ran> {
    const snippet = String((await card())[name])
    const options = { folder: world.folder, environment: { ...secrets, ...surroundings() } }
    if (name === 'curl') return run('sh', ['-c', snippet], options)
    world.write(`${name}.mjs`, snippet)
    return run(process.execPath, [`${name}.mjs`], options)
  }

  const surroundings = (): Environment => ({
    CURL_HOME: world.folder,
    NODE_OPTIONS: `--import ${join(world.folder, 'names.mjs')}`,
    NODE_EXTRA_CA_CERTS: world.trust,
  })

  function certify({ certificate, key: privateKey }: ClientIdentity): void {
    world.write('client.pem', certificate)
    world.write('client.key', privateKey)
  }

  /** The one call that reached the model has these headers, each with these values. */
  function expectOneCall(headers: Readonly<Record<string, readonly string[]>>): void {
    expect(chain.model.calls).toMatchObject([{ method: 'POST', target: '/v1/chat/completions' }])
    for (const call of chain.model.calls) {
      const names = Object.keys(headers)
      expect(JSON.parse(call.body)).toMatchObject({ model: 'resnet' })
      expect(Object.fromEntries(names.map((name) => [name, valuesOf(call, name)]))).toEqual(headers)
    }
  }

  test('HX20: shows the host, the URI and no secret', async () => {
    await put({ authModes: ['api-key'], paths: ['/v1/models/resnet'] })
    const shown = await card()
    const uri = `https://${HOST}:${String(chain.port)}/v1/models/resnet`
    expect(shown).toMatchObject({ name: 'resnet', host: HOST, uri, environment: ['SIGNET_API_KEY'] })
    expect(shown['headers']).toEqual([
      { name: 'Authorization', value: 'ApiKey $SIGNET_API_KEY' },
      { name: 'signet-act-as', value: 'vision__alice' },
    ])
    expect(JSON.stringify(shown)).not.toContain(key)
  })

  test.each(SNIPPETS)('HX20: %s runs as it is', async (name) => {
    await put({ authModes: ['api-key', 'mtls'] })
    const ran = await called(name, { SIGNET_API_KEY: key })
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    if (name === 'curl') expectAnswered(ran)
    else expect(ran.stdout).toBe(`${ANSWER}\n`)
    expectOneCall({ ...OF_ALICE, ...OF_THE_CALL })
  })

  test.each(SNIPPETS)('HX20: %s with a wrong key is refused', async (name) => {
    await put({ authModes: ['api-key', 'mtls'] })
    const { status, stdout, stderr } = await called(name, { SIGNET_API_KEY: wrong(key) })
    expect(status).not.toBe(0)
    if (name === 'curl') expect(stdout).toBe(`${unauthorized('KEY_INVALID')}\n401`)
    else expect(stderr).toContain(`AuthenticationError: 401 ${unauthorized('KEY_INVALID')}`)
    expect(stdout).not.toContain(ANSWER)
    expect(chain.model.calls).toEqual([])
  })

  test('HX20: a deployment that acts as the credential is called without a name', async () => {
    await put({ authModes: ['api-key'], actingUser: 'credential-itself' })
    expect((await card())['headers']).toEqual([{ name: 'Authorization', value: 'ApiKey $SIGNET_API_KEY' }])
    expectAnswered(await called('curl', { SIGNET_API_KEY: key }))
    expectOneCall({ ...OF_ALICE, ...OF_THE_CALL })
  })

  test.each(SNIPPETS)(
    'HX20: where certificates alone are accepted, %s shows one and no other credential',
    async (name) => {
      await put({ authModes: ['mtls'] })
      certify(world.alice)
      const ran = await called(name, {})
      expect(ran).toMatchObject({ status: 0, stderr: '' })
      if (name === 'curl') expectAnswered(ran)
      else expect(ran.stdout).toBe(`${ANSWER}\n`)
      expectOneCall({ ...OF_ALICE, ...OF_THE_CALL })
    },
  )

  test("HX20: with another's certificate the same snippet is refused", async () => {
    await put({ authModes: ['mtls'] })
    certify(bob)
    const { status, stdout } = await called('curl', {})
    expect(status).not.toBe(0)
    expect(stdout).toBe('{"status":403,"title":"Forbidden","reason":"CERT_CN_MISMATCH"}\n403')
    expect(chain.model.calls).toEqual([])
  })

  test('HX20: where tokens alone are accepted, the snippet shows one', async () => {
    await put({ authModes: ['jwt'] })
    const bought = await world.service.post('/v1/tokens', { audience: chain.service }, world.alice)
    const token = String(expectStatus(bought, 201).json['access_token'])
    expectAnswered(await called('curl', { SIGNET_TOKEN: token }))
    expectOneCall({ ...OF_ALICE, ...OF_THE_CALL })
  })

  test('HX20: a passphrase, or nothing, where that is what the deployment accepts', async () => {
    await put({ authModes: ['passphrase'], passphrases: [{ id: 'a', passphrase: PASSPHRASE }] })
    expectAnswered(await called('curl', { SIGNET_PASSPHRASE: PASSPHRASE }))
    const guessed = await called('curl', { SIGNET_PASSPHRASE: `not ${PASSPHRASE}` })
    expect(guessed.stdout).toBe(`${unauthorized('PASSPHRASE_INVALID')}\n401`)
    expectOneCall({ 'signet-acting-user': ['passphrase|resnet|a'], ...OF_THE_CALL })
    chain.model.forgetCalls()
    await put({ authModes: ['none'] })
    expectAnswered(await called('curl', {}))
    expectOneCall({ 'signet-acting-user': [], ...OF_THE_CALL })
  })

  test('HX20: who does not see the deployment sees no card', async () => {
    const stranger = await world.service.addProject('fraud', 'mallory')
    const answer = await world.service.get('/v1/deployments/resnet/card', stranger)
    expect(known(answer)).toEqual({ status: 404, code: 'deployment_unknown' })
  })
})
