import { beforeAll, describe, expect, test } from 'vitest'
import { type Installation, install, leafParts, makeLeaf, uri } from '../verifier/authorities.ts'
import { HOSTILE_REQUESTS } from '../../src/cli/doctor/hostile-requests.ts'
import { type HostileWorld, MARK, plainCall } from '../../src/cli/doctor/hostile/hostile-request.ts'
import { judged } from './judged.ts'

const TRAPS = [1, 2, 3, 4, 5, 6, 7, 8] as const
const SENDERS = ['client', 'xfcc', 'client-cert', 'nginx', 'traefik', 'caddy', 'haproxy', 'envoy-grpc'] as const

let ours: Installation
let world: HostileWorld
beforeAll(async () => {
  ours = await install()
  const theirs = await install()
  const bob = { subject: [{ CN: ['fraud__bob'] }], names: [uri('project/fraud/user/bob')] }
  world = {
    host: 'llm.example.org',
    otherHost: 'other.example.org',
    gatewayHost: 'gateway.example.org',
    path: '/v1/chat/completions',
    unprotectedPath: '/healthz',
    model: 'llm-7b',
    otherModel: 'llm-70b',
    modelHeader: 'x-gateway-model-name',
    actingUser: 'fraud__alice',
    certificate: await makeLeaf(leafParts('project-user', ours)),
    otherCertificate: await makeLeaf({ ...leafParts('project-user', ours), ...bob }),
    foreignCertificate: await makeLeaf(leafParts('project-user', theirs)),
    issuer: ours.users.der,
    apiKey: 'AAAAAAAA.bbbbbbbbbbbbbbbb',
  }
})

describe('the table', () => {
  test('has 200 rows and more, each with a name of its own', () => {
    expect(HOSTILE_REQUESTS.length).toBeGreaterThanOrEqual(200)
    expect(new Set(HOSTILE_REQUESTS.map(({ name }) => name)).size).toBe(HOSTILE_REQUESTS.length)
  })

  test.each(TRAPS)('has at least 8 rows for trap %d', (trap) => {
    expect(HOSTILE_REQUESTS.filter((row) => row.trap === trap).length).toBeGreaterThanOrEqual(8)
  })

  test('has no two rows that send the same', () => {
    const sent = HOSTILE_REQUESTS.map(({ from, hostile }) => JSON.stringify([from, hostile(world)]))
    expect(sent.filter((each, at) => sent.indexOf(each) !== at)).toEqual([])
  })

  test('has twins without a lie', () => {
    for (const { twin, name } of HOSTILE_REQUESTS) expect(JSON.stringify(twin(world)), name).not.toContain(MARK)
  })

  test.each(SENDERS)('begins with a call that passes, from %s', (from) => {
    expect(judged(plainCall(from, world), from, world, ours.trust)).toBe('passes')
  })
})

describe.each(TRAPS)('trap %d', (trap) => {
  const rows = HOSTILE_REQUESTS.filter((row) => row.trap === trap)
  test.each(rows)('$name: $refused', ({ from, hostile, twin, refused }) => {
    expect(judged(hostile(world), from, world, ours.trust)).toBe(refused)
    expect(judged(twin(world), from, world, ours.trust)).toBe('passes')
  })
})
