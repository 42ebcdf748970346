// Who may sign a checkpoint of the feed: one whose whole path holds, and who is not revoked by lists that are in force.
import { beforeAll, describe, expect, test } from 'vitest'
import { readCheckpoint } from '../../../src/verifier/peer/feed-checkpoint.ts'
import type { PeerJudge } from '../../../src/verifier/peer/verifier.ts'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import { LEAF_TIME, type LeafParts, leafKeys, makeLeaf, unknownExtension } from '../authorities.ts'
import {
  CLIENT_AUTH,
  CRL_TIME,
  judgeOf,
  leafOf,
  makeCrl,
  makeUsersCa,
  makeWorld,
  NOW,
  oidOf,
  partsOf,
  SERIAL,
  toldOf,
  USERS,
  type World,
} from './clinic.ts'

const CLAIMS = { version: 1, aud: 'revocations', epoch: 'e1', seq: 1, issuers: [], time: NOW.toISOString() }

let world: World
let judge: PeerJudge

beforeAll(async () => {
  world = await makeWorld()
  judge = await judgeOf(world)
})

function signerParts(): LeafParts {
  const { services } = world
  const parts = partsOf(world, 'snapshot-signer')
  return { ...parts, issuer: services, signedBy: services, authorityKey: services.keys.publicKey, purposes: [] }
}

const signer = (change: Partial<LeafParts> = {}) => makeLeaf({ ...signerParts(), ...change })
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

interface Made {
  readonly chain: readonly Uint8Array[]
  readonly header?: object
  readonly claims?: unknown
}

async function checkpoint({ chain, header = {}, claims = CLAIMS }: Made): Promise<string> {
  const x5c = chain.map((der) => Buffer.from(der).toString('base64'))
  const input = `${part({ alg: 'ES256', typ: 'revocations+jwt', x5c, ...header })}.${part(claims)}`
  const { privateKey } = await leafKeys()
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, Buffer.from(input))
  return `${input}.${Buffer.from(signature).toString('base64url')}`
}

function read(compact: string, by = judge, at = NOW) {
  return readCheckpoint(compact, { roots: [world.root.der], at, checkRevocation: by.checkRevocation })
}

test('a checkpoint of one who may sign it is read', async () => {
  const compact = await checkpoint({ chain: [await signer(), world.services.der] })
  expect(read(compact)).toEqual({ epoch: 'e1', seq: 1, heads: new Map(), time: NOW })
})

describe('a checkpoint is none when', () => {
  const at = (date: Date, seconds: number) => new Date(date.getTime() + seconds * 1000)
  const REFUSED: readonly (readonly [string, () => Promise<Made>])[] = [
    ['its CA is left out', async () => ({ chain: [await signer()] })],
    ['it has one certificate too many', async () => ({ chain: [await signer(), world.services.der, world.root.der] })],
    ['a CA signs itself', async () => ({ chain: [world.services.der, world.services.der] })],
    ['its algorithm is none', async () => ({ chain: [await signer(), world.services.der], header: { alg: 'none' } })],
    ['it is of another use', async () => ({ chain: [await signer(), world.services.der], header: { typ: 'at+jwt' } })],
    ['its header has more', async () => ({ chain: [await signer(), world.services.der], header: { jwk: {} } })],
    ['its signer is a service', async () => ({ chain: [await leafOf(world, 'service'), world.services.der] })],
    [
      'its signer has a purpose too',
      async () => ({ chain: [await signer({ purposes: [CLIENT_AUTH] }), world.services.der] }),
    ],
    [
      'its signer has something critical that is unknown',
      async () => ({ chain: [await signer({ more: [unknownExtension('critical')] }), world.services.der] }),
    ],
    [
      'its signer names no key of its CA',
      async () => ({ chain: [await signer({ authorityKey: 'none' }), world.services.der] }),
    ],
    [
      'its signer has ended',
      async () => {
        const time = { notBefore: LEAF_TIME.notBefore, notAfter: at(NOW, -1) }
        return { chain: [await signer({ time }), world.services.der] }
      },
    ],
    [
      'its signer is of a CA whose policies have no signer, whatever it may certify else',
      async () => {
        const other = await makeUsersCa(world.root, { name: 'O=Signet, CN=Signet others CA 1' })
        return { chain: [await signerBelow(other), other.der] }
      },
    ],
    [
      'its CA may certify no servers',
      async () => {
        const name = 'O=Signet, CN=Signet others CA 1'
        const other = await makeUsersCa(world.root, { name }, [...USERS, 'snapshot-signer'])
        return { chain: [await signerBelow(other), other.der] }
      },
    ],
  ]

  const signerBelow = (ca: World['users']) =>
    signer({ issuer: ca, signedBy: ca, authorityKey: ca.keys.publicKey, policies: [oidOf('snapshot-signer')] })

  test.each(REFUSED)('%s', async (_, make) => {
    const trusting: Pick<PeerJudge, 'checkRevocation'> = { checkRevocation: () => ({ kind: 'good' }) }
    const compact = await checkpoint(await make())
    const question = { roots: [world.root.der], at: NOW, ...trusting }
    expect(readCheckpoint(compact, question)).toBeUndefined()
  })

  test('it is no JWS of three parts, or its signature is of others', async () => {
    const compact = await checkpoint({ chain: [await signer(), world.services.der] })
    const [header = '', claims = ''] = compact.split('.')
    for (const broken of ['', 'a.b', `${header}.${claims}.AAAA`, `${compact}.AAAA`, `${part(null)}.${claims}.AAAA`])
      expect(read(broken)).toBeUndefined()
    const other = await makeWorld()
    expect(
      readCheckpoint(compact, { roots: [other.root.der], at: NOW, checkRevocation: judge.checkRevocation }),
    ).toBeUndefined()
  })

  test.each([
    ['of another version', { version: 2 }],
    ['for others', { aud: 'snapshots' }],
    ['of no time', { time: 'yesterday' }],
    ['without issuers', { issuers: {} }],
    ['of a number that is none', { seq: 1.5 }],
  ])('it says something %s', async (_, change) => {
    const compact = await checkpoint({ chain: [await signer(), world.services.der], claims: { ...CLAIMS, ...change } })
    expect(() => read(compact)).toThrow(TypeError)
  })
})

describe('a signer is looked up:', () => {
  const REFUSED: readonly (readonly [string, () => Promise<PeerJudge>])[] = [
    ['it is revoked', () => judgeWith([makeCrl(world.root), makeCrl(world.services, { revoked: [SERIAL] })])],
    [
      'its CA is revoked',
      () => judgeWith([makeCrl(world.root, { revoked: [`01${'0c'.repeat(16)}`] }), makeCrl(world.services)]),
    ],
    ['the feed has revoked it', async () => told(await judgeOf(world))],
    ['nothing is known of it', () => judgeWith([makeCrl(world.root)])],
    ['nothing is known of its CA', () => judgeWith([makeCrl(world.services)])],
  ]

  const judgeWith = async (crls: readonly Promise<Uint8Array>[]) => judgeOf(world, { crls: await Promise.all(crls) })

  function told(by: PeerJudge): PeerJudge {
    by.tell(parseIssuerId('services-1'), toldOf('revoked', 7))
    return by
  }

  test.each(REFUSED)('%s', async (_, held) => {
    expect(read(await checkpoint({ chain: [await signer(), world.services.der] }), await held())).toBeUndefined()
  })

  test('what is known has ended', async () => {
    const time = { notBefore: LEAF_TIME.notBefore, notAfter: new Date('2026-06-01T00:00:00Z') }
    const compact = await checkpoint({ chain: [await signer({ time }), world.services.der] })
    const last = CRL_TIME.nextUpdate
    expect(read(compact, judge, last)).toBeDefined()
    expect(read(compact, judge, new Date(last.getTime() + 1000))).toBeUndefined()
  })
})
