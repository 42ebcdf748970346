// The sample clients of docs/clients, as an integrator would run them: a direct ask, an ask as the model server, and the model
// server itself with callers in front of it.
import type { ChildProcess } from 'node:child_process'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type ClientIdentity, send } from '../support/https-client.ts'
import { type Certified, freePorts } from '../support/test-service.ts'
import { makeSelfSigned } from './forged.ts'
import { describeWith, end, type Ran, run, start } from './program.ts'
import { type IdentityFiles, World } from './world.ts'

const CLIENTS = join(import.meta.dirname, '..', '..', 'docs', 'clients')
const SAMPLES = {
  TypeScript: [process.execPath, join(CLIENTS, 'authorize.ts')],
  Python: ['python3', join(CLIENTS, 'authorize.py')],
} as const

describeWith(['python3'], 'the sample client in', () => {
  let world: World
  let alice: IdentityFiles
  let bob: Certified
  let mallory: Certified
  let model: IdentityFiles
  let stranger: IdentityFiles

  beforeAll(async () => {
    world = await World.start()
    alice = world.writeIdentity('alice', world.alice)
    bob = await world.member('bob')
    mallory = await world.member('mallory')
    world.writeIdentity('bob', bob)
    world.writeIdentity('mallory', mallory)
    await world.revoke(mallory)
    model = world.writeIdentity('model', await world.service.addService('model.internal', { systemUser: 'kserve' }))
    stranger = world.writeIdentity('stranger', await world.service.addService('other.internal'))
    await world.service.addDeployment('resnet', {
      project: 'vision',
      host: 'resnet.internal',
      service: 'model.internal',
    })
  })
  afterAll(() => world.close())

  function environment({ chain, key }: IdentityFiles, url = world.service.url): Record<string, string> {
    const who = { SIGNET_CERT: chain, SIGNET_KEY: key, SIGNET_DEPLOYMENT: 'resnet' }
    return { SIGNET_URL: url, SIGNET_CA: world.trust, ...who, NODE_NO_WARNINGS: '1' }
  }

  describe.each(Object.entries(SAMPLES))('%s', (_, [program, file]) => {
    const ask = (as: IdentityFiles, ...words: readonly string[]): Promise<Ran> =>
      run(program, [file, 'ask', ...words], { environment: environment(as) })

    it('asks about itself: 0 when allowed, 1 when denied', async () => {
      expect(await ask(alice, 'vision__alice')).toEqual({ status: 0, stdout: 'allow ALLOWED\n', stderr: '' })
      expect(await ask(alice, 'vision__bob')).toEqual({ status: 1, stdout: 'deny CERT_CN_MISMATCH\n', stderr: '' })
    })

    it('asks as the model server, about the certificate that its caller showed', async () => {
      const about = (name: string, user: string) => ask(model, user, world.at(`${name}.pem`))
      expect(await about('alice', 'vision__alice')).toEqual({ status: 0, stdout: 'allow ALLOWED\n', stderr: '' })
      expect(await about('bob', 'vision__alice')).toMatchObject({ status: 1, stdout: 'deny CERT_CN_MISMATCH\n' })
      expect(await about('mallory', 'vision__mallory')).toMatchObject({ status: 1, stdout: 'deny CERT_REVOKED\n' })
    })

    it('has no decision where it may not ask, where nobody answers, or for a service that it does not trust: 2', async () => {
      const refused = await ask(stranger, 'vision__alice', alice.chain)
      expect(refused).toMatchObject({ status: 2, stdout: '' })
      expect(refused.stderr).toContain('asker_untrusted')
      const [port] = await freePorts(1)
      const nobody = environment(model, `https://localhost:${String(port)}`)
      const untrusted = { ...environment(model), SIGNET_CA: alice.leaf }
      for (const surroundings of [nobody, untrusted]) {
        const outcome = await run(program, [file, 'ask', 'vision__alice'], { environment: surroundings })
        expect(outcome).toMatchObject({ status: 2, stdout: '' })
      }
      expect(await run(program, [file])).toMatchObject({ status: 2, stdout: '' })
      expect(await ask(alice)).toMatchObject({ status: 2, stdout: '' })
    })

    describe('as a model server', () => {
      let server: ChildProcess
      let url: string

      beforeAll(async () => {
        const [port] = await freePorts(1)
        url = `https://localhost:${String(port)}`
        server = start(program, [file, 'serve', String(port)], { environment: environment(model) })
        await new Promise<void>((ready, failed) => {
          server.stdout?.on('data', (chunk: Buffer) => (chunk.toString().startsWith('serving') ? ready() : undefined))
          server.once('exit', (code) => failed(new Error(`it ended with ${String(code)}`)))
        })
      })
      afterAll(() => end(server))

      async function call(
        identity: ClientIdentity | undefined,
        headers: Record<string, string | string[]>,
      ): Promise<Answer> {
        const shown = identity === undefined ? {} : { cert: identity.certificate, key: identity.key }
        const agent = new Agent({ ca: world.service.ca, servername: 'model.internal', ...shown })
        try {
          return await send(
            { url, ca: world.service.ca, agent },
            { method: 'POST', path: '/predict', body: {}, headers },
          )
        } finally {
          agent.destroy()
        }
      }

      it('serves the right user, for each call', async () => {
        const answer = await call(world.alice, { 'x-acting-user': 'vision__alice' })
        expect(answer).toMatchObject({ status: 200, text: "the model's answer for vision__alice\n" })
      })

      it('refuses another name, the revoked one, two names, and nobody', async () => {
        const asAlice = { 'x-acting-user': 'vision__alice' }
        expect(await call(bob, asAlice)).toMatchObject({ status: 403, text: 'CERT_CN_MISMATCH\n' })
        const asMallory = { 'x-acting-user': 'vision__mallory' }
        expect(await call(mallory, asMallory)).toMatchObject({ status: 403, text: 'CERT_REVOKED\n' })
        const twice = { 'x-acting-user': ['vision__alice', 'vision__bob'] }
        expect((await call(world.alice, twice)).status).toBe(400)
        expect((await call(world.alice, {})).status).toBe(400)
        expect((await call(undefined, asAlice)).status).toBe(401)
      })

      it('takes nothing from a certificate of another CA', async () => {
        const forged = await makeSelfSigned('vision__alice')
        // Signet says so, or the handshake ended before anything was asked.
        const text = await call(forged, { 'x-acting-user': 'vision__alice' }).then(
          (answer) => answer.text,
          () => 'no answer',
        )
        expect(['CERT_UNTRUSTED\n', 'no answer']).toContain(text)
      })
    })
  })
})
