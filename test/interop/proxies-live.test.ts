// Real proxies with the configurations of docs/deploy, between callers and a model server: what they refuse by themselves.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSelfSigned } from './forged.ts'
import { describeWith } from './program.ts'
import { closeProxyWorld, PROXY_KINDS, ProxyChain, type ProxyName, startProxyWorld } from './proxy-chain.ts'
import type { World } from './world.ts'

const AS_ALICE = { 'signet-act-as': 'vision__alice' }

let world: World

beforeAll(async () => {
  world = await startProxyWorld()
})
afterAll(() => closeProxyWorld(world))

describe.each(Object.keys(PROXY_KINDS) as ProxyName[])('%s', (name) => {
  describeWith([name], 'in front of a model server', () => {
    let chain: ProxyChain

    beforeAll(async () => {
      chain = await ProxyChain.start(world, name)
    })
    afterAll(() => chain.stop())

    it('lets no certificate of another CA through', async () => {
      const self = await makeSelfSigned('vision__alice')
      const answer = await chain
        .send({ method: 'GET', path: '/echo', headers: AS_ALICE }, self)
        .catch(() => ({ status: 'no handshake' }))
      expect(['no handshake', 400]).toContain(answer.status)
      expect(chain.model.calls).toEqual([])
    })

    it('lets nobody through while Signet does not answer', async () => {
      await world.service.stop()
      const answer = await chain.send({ method: 'GET', path: '/echo', headers: AS_ALICE }, world.alice)
      await world.service.restart()
      expect(answer.status).toBe(PROXY_KINDS[name].undecided)
      expect(chain.model.calls).toEqual([])
    })
  })
})
