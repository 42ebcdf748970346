// Row HX20: what the card of a deployment shows runs as it is, by the programs that it is written for, against a gateway of TLS on
// loopback. The name of the host is told to them as DNS would; nothing of the snippets is changed.
import { execFile } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeAuthority, makeLeaf } from '../cli/test-ca.ts'
import { known } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const HOST = 'resnet.models.internal'
const run = promisify(execFile)

interface Call {
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly certified: boolean
}

let gateway: Server
let service: TestService
let alice: Certified
let key: string
let calls: Call[] = []

const port = (): number => (gateway.address() as AddressInfo).port
const at = (name: string): string => join(service.folder, name)

beforeAll(async () => {
  const authority = await makeAuthority('Gateway CA', undefined)
  const names = new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: HOST }])
  const leaf = await makeLeaf(`CN=${HOST}`, authority, { extensions: [names] })
  gateway = await listening(leaf.pem, leaf.key)
  const flags = { 'access.gatewayPort': port() }
  service = await TestService.start({ flags })
  alice = await service.addProject('vision', 'alice')
  await service.addService('model-1.internal', { projects: ['vision'] })
  const made = await service.post('/v1/api-keys', { name: 'card', scopes: ['SERVING'] }, alice)
  key = String(expectStatus(made, 201).json['value'])
  writeFileSync(at('ca.pem'), authority.pem)
  writeFileSync(at('client.pem'), alice.certificate)
  writeFileSync(at('client.key'), alice.key, { mode: 0o600 })
  // What DNS says of the host.
  writeFileSync(at('.curlrc'), `resolve = "${HOST}:${String(port())}:127.0.0.1"\n`)
  writeFileSync(
    at('resolve.mjs'),
    `import dns from 'node:dns'
     const before = dns.lookup
     dns.lookup = (name, options, done) => before(name === '${HOST}' ? '127.0.0.1' : name, options, done)`,
  )
  symlinkSync(resolve('node_modules'), at('node_modules'))
})
afterAll(async () => {
  await service.close()
  await new Promise((closed) => gateway.close(closed))
})
beforeEach(() => {
  calls = []
})

function listening(cert: string, serverKey: string): Promise<Server> {
  const server = createServer(
    { cert, key: serverKey, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const { socket } = request
      const certified = socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate()).length > 0
      calls.push({ path: request.url, headers: request.headers, certified })
      request.resume()
      const message = { role: 'assistant', content: 'Hello from the model.' }
      const body = {
        id: 'c1',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, finish_reason: 'stop', message }],
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    },
  )
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(server)))
}

async function put(more: object): Promise<void> {
  const body = { project: 'vision', host: HOST, service: 'model-1.internal', ...more }
  expectStatus(await service.put('/v1/deployments/resnet', body, alice), 200)
}

const card = async (): Promise<Record<string, unknown>> =>
  expectStatus(await service.get('/v1/deployments/resnet/card', alice), 200).json

async function ran(name: 'curl' | 'javascript' | 'langchain'): Promise<string> {
  const snippet = String((await card())[name])
  const env = {
    PATH: process.env['PATH'],
    SIGNET_API_KEY: key,
    CURL_HOME: service.folder,
    NODE_EXTRA_CA_CERTS: at('ca.pem'),
  }
  const options = { cwd: service.folder, env, timeout: 60_000 }
  if (name === 'curl') return (await run('sh', ['-c', snippet], options)).stdout
  writeFileSync(at(`${name}.mjs`), snippet)
  return (await run(process.execPath, ['--import', './resolve.mjs', `${name}.mjs`], options)).stdout
}

describe('HX20: the card of a deployment', () => {
  test('HX20: shows the host, the URI and no secret', async () => {
    await put({ authModes: ['api-key'], paths: ['/v1/models/resnet'] })
    const shown = await card()
    const uri = `https://${HOST}:${String(port())}/v1/models/resnet`
    expect(shown).toMatchObject({ name: 'resnet', host: HOST, uri, environment: ['SIGNET_API_KEY'] })
    expect(shown['headers']).toEqual([
      { name: 'Authorization', value: 'ApiKey $SIGNET_API_KEY' },
      { name: 'signet-act-as', value: 'vision__alice' },
    ])
    expect(JSON.stringify(shown)).not.toContain(key)
  })

  test.each(['curl', 'javascript', 'langchain'] as const)('HX20: %s runs as it is', async (name) => {
    await put({ authModes: ['api-key', 'mtls'] })
    expect(await ran(name)).toContain('Hello from the model.')
    expect(calls).toHaveLength(1)
    expect(calls[0]).toMatchObject({ path: '/v1/chat/completions', certified: false })
    expect(calls[0]?.headers).toMatchObject({
      host: `${HOST}:${String(port())}`,
      authorization: `ApiKey ${key}`,
      'signet-act-as': 'vision__alice',
    })
  })

  test('HX20: a deployment that acts as the credential is called without a name', async () => {
    await put({ authModes: ['api-key'], actingUser: 'credential-itself' })
    expect(await ran('curl')).toContain('Hello from the model.')
    expect(calls[0]?.headers).not.toHaveProperty('signet-act-as')
  })

  test('HX20: where certificates alone are accepted, the snippet shows one', async () => {
    await put({ authModes: ['mtls'] })
    expect(await ran('curl')).toContain('Hello from the model.')
    expect(calls[0]).toMatchObject({ certified: true })
    expect(calls[0]?.headers).not.toHaveProperty('authorization')
  })

  test('HX20: who does not see the deployment sees no card', async () => {
    const stranger = await service.addProject('fraud', 'mallory')
    const answer = await service.get('/v1/deployments/resnet/card', stranger)
    expect(known(answer)).toEqual({ status: 404, code: 'deployment_unknown' })
  })
})
