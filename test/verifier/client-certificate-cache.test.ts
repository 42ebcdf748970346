import { beforeAll, describe, expect, it } from 'vitest'
import { ClientCertificateCache } from '../../src/verifier/client-certificate-cache.ts'
import type { Trust } from '../../src/verifier/trust.ts'
import { type Installation, install, leafParts, makeLeaf } from './authorities.ts'

let ours: Installation
let leaves: Uint8Array[]
beforeAll(async () => {
  ours = await install()
  leaves = await Promise.all([0, 1, 2].map(() => makeLeaf(leafParts('project-user', ours))))
})

/** The trust, counting how often it was asked for an issuer: once for each certificate that is verified. */
function counted(): { readonly trust: Trust; readonly asked: () => number } {
  let asked = 0
  const authority: Trust['authority'] = (...key) => {
    asked += 1
    return ours.trust.authority(...key)
  }
  return { trust: { ...ours.trust, authority }, asked: () => asked }
}

describe('facts of certificates that were seen before', () => {
  it('are the same, for the same bytes anywhere', () => {
    const { trust, asked } = counted()
    const cache = new ClientCertificateCache(trust)
    const [der = new Uint8Array()] = leaves
    const facts = cache.verify(der)
    expect(facts.kind).toBe('verified')
    expect(cache.verify(Uint8Array.from(der))).toBe(facts)
    expect(asked()).toBe(1)
  })

  it('push out those unused for longest', () => {
    const { trust, asked } = counted()
    const cache = new ClientCertificateCache(trust, 2)
    const [a = new Uint8Array(), b = new Uint8Array(), c = new Uint8Array()] = leaves
    for (const der of [a, b, a, c, a]) cache.verify(Uint8Array.from(der))
    expect(asked()).toBe(3)
    cache.verify(Uint8Array.from(b))
    expect(asked()).toBe(4)
  })

  it('stay with the bytes of a connection for as long as it lasts', () => {
    const { trust, asked } = counted()
    const cache = new ClientCertificateCache(trust, 1)
    const [shown = new Uint8Array(), other = new Uint8Array()] = leaves
    const facts = cache.verify(shown)
    cache.verify(other)
    expect(cache.verify(shown)).toBe(facts)
    expect(asked()).toBe(2)
  })

  it('are not kept of what was refused', () => {
    const { trust, asked } = counted()
    const cache = new ClientCertificateCache(trust, 1)
    const [der = new Uint8Array()] = leaves
    cache.verify(der)
    const changed = Uint8Array.from(der)
    changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1
    for (let i = 0; i < 3; i++) expect(cache.verify(changed)).toMatchObject({ reason: 'CERT_UNTRUSTED' })
    cache.verify(der)
    expect(asked()).toBe(4)
  })
})
