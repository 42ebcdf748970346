// What sidecars are given, over the real listener: for whom, with what in it, and what of it a sidecar takes.
import { generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decide } from '../../src/access/decide.ts'
import { UNTOLD_CALL } from '../../src/access/decision.ts'
import { certificateAlone } from '../../src/access/facts.ts'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import { profileNamed } from '../../src/ca/policy/policy.ts'
import { HeldPolicy, type Mark } from '../../src/http/sidecar/held-policy.ts'
import { parsePemBundle } from '../../src/x509/pem.ts'
import { makeCsr } from '../support/csr.ts'
import type { ClientIdentity } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { SettableClock } from './settable-clock.ts'

const POLICY_OID = profileNamed(loadPolicy(new URL('../../ca', import.meta.url).pathname), 'snapshot-signer').policyOid

let clock: SettableClock
let service: TestService
let owner: Certified
let alice: Certified
let bob: Certified
let model: ClientIdentity
let other: ClientIdentity
let kept: Mark[]

beforeAll(async () => {
  clock = new SettableClock()
  service = await TestService.start({ clock })
  owner = await service.addProject('vision', 'olga')
  const stranger = await service.addProject('speech', 'stanislav')
  await service.addMember('speech', 'gertrude', stranger)
  alice = await service.addMember('vision', 'alice', owner)
  bob = await service.addMember('vision', 'bob', owner)
  model = await service.addService('model-1.internal')
  other = await service.addService('model-2.internal')
  await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
  await service.addDeployment('whisper', { project: 'speech', host: 'whisper.internal', service: 'model-1.internal' })
  const put = (name: string, deployments: string[], by = 'model-1.internal') =>
    service.put(`/v1/sidecars/${name}`, { service: by, deployments }, service.admin)
  expectStatus(await put('front', ['resnet']), 200)
  expectStatus(await put('back', ['whisper']), 200)
})

afterAll(async () => {
  await service.close()
})

beforeEach(() => {
  kept = []
})

const snapshotOf = async (name: string) =>
  String(expectStatus(await service.get(`/v1/sidecars/${name}/snapshot`, model), 200).json['snapshot'])

const held = (more: Partial<ConstructorParameters<typeof HeldPolicy>[0]> = {}): HeldPolicy =>
  new HeldPolicy({
    clock,
    sidecar: 'front',
    issuer: service.url,
    roots: dersOf(service.ca),
    policyOid: POLICY_OID,
    mark: undefined,
    keep: (mark) => kept.push(mark),
    ...more,
  })

const dersOf = (pem: string): readonly Uint8Array[] => parsePemBundle(pem, 'CERTIFICATE')

const partsOf = (jws: string) => {
  const [header = '', payload = '', signature = ''] = jws.split('.')
  return { header, payload, signature }
}
const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

/** As the sidecar would: by the certificate that the caller shows to it. */
const verdict = (policy: HeldPolicy, caller: Certified, name: string): string => {
  const der = dersOf(caller.certificate)[0] ?? new Uint8Array()
  const question = {
    asker: 'self',
    call: UNTOLD_CALL,
    route: { deployment: 'resnet', host: undefined, models: [] },
    action: 'infer',
    credentials: certificateAlone(policy.verifyCertificate(der)),
    actingUser: { kind: 'named', name },
    delegatedFor: undefined,
    callsThisMinute: 0,
  } as const
  return decide(policy.snapshot, question, { wall: clock.now(), monotonic: clock.monotonicMilliseconds() }).reason
}

const follow = async (policy: HeldPolicy): Promise<Record<string, unknown>> => {
  const { seq = 0, head = '', scope = '' } = policy.position ?? {}
  const path = `/v1/sidecars/front/changes?after=${String(seq)}&head=${head}&scope=${scope}`
  return expectStatus(await service.get(path, model), 200).json
}

describe('rule 40: a snapshot', () => {
  test('lets a sidecar decide as Signet does', async () => {
    const policy = held()
    policy.takeSnapshot(await snapshotOf('front'))
    expect(verdict(policy, alice, 'vision__alice')).toBe('ALLOWED')
    expect(verdict(policy, alice, 'vision__bob')).toBe('CERT_CN_MISMATCH')
    expect(kept).toEqual([policy.mark])
  })

  test('says nothing of other projects', async () => {
    const { payload } = partsOf(await snapshotOf('front'))
    const text = Buffer.from(payload, 'base64url').toString()
    for (const name of ['alice', 'bob', 'olga', 'vision', 'resnet', 'model-1.internal']) expect(text).toContain(name)
    for (const name of ['speech', 'stanislav', 'gertrude', 'whisper', 'model-2.internal', 'root-admin']) {
      expect(text).not.toContain(name)
    }
  })

  test.each<[string, string, () => ClientIdentity | undefined, number, string]>([
    ['the service of another sidecar', 'front', () => other, 403, 'not_permitted'],
    ['an administrator', 'front', () => service.admin, 403, 'not_permitted'],
    ['an owner of the project', 'front', () => owner, 403, 'not_permitted'],
    ['nobody', 'front', () => undefined, 401, 'unauthenticated'],
    ['its service, under a name that is none', 'absent', () => model, 404, 'sidecar_unknown'],
  ])('is not for %s, nor is the feed', async (_, name, who, status, code) => {
    const zeros = '0'.repeat(64)
    for (const path of ['snapshot', `changes?after=0&head=${zeros}&scope=${zeros}`]) {
      const answer = await service.get(`/v1/sidecars/${name}/${path}`, who())
      expect([answer.status, answer.code]).toEqual([status, code])
    }
  })

  test.each<
    [string, string, (jws: string) => string | Promise<string>, Partial<ConstructorParameters<typeof HeldPolicy>[0]>?]
  >([
    ['is for another sidecar', 'snapshot_foreign', () => snapshotOf('back')],
    ['is of another installation', 'snapshot_foreign', (jws) => jws, { issuer: 'https://elsewhere.internal' }],
    [
      'was changed',
      'snapshot_signature',
      (jws) => {
        const { header, payload, signature } = partsOf(jws)
        return `${header}.${encoded({ ...decoded(payload), seq: 10_000 })}.${signature}`
      },
    ],
    [
      'is signed by another key under the same certificate',
      'snapshot_signature',
      (jws) => {
        const { header, payload } = partsOf(jws)
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
        const signature = sign('sha256', Buffer.from(`${header}.${payload}`), {
          key: privateKey,
          dsaEncoding: 'ieee-p1363',
        })
        return `${header}.${payload}.${signature.toString('base64url')}`
      },
    ],
    [
      'says another algorithm',
      'snapshot_signature',
      (jws) => {
        const { header, payload, signature } = partsOf(jws)
        return `${encoded({ ...decoded(header), alg: 'none' })}.${payload}.${signature}`
      },
    ],
    [
      'brings a key along',
      'snapshot_malformed',
      (jws) => {
        const { header, payload, signature } = partsOf(jws)
        return `${encoded({ ...decoded(header), jwk: {} })}.${payload}.${signature}`
      },
    ],
    [
      'is for another use (rule 20)',
      'snapshot_type',
      (jws) => {
        const { header, payload, signature } = partsOf(jws)
        return `${encoded({ ...decoded(header), typ: 'at+jwt' })}.${payload}.${signature}`
      },
    ],
    ['is no JWS', 'snapshot_malformed', () => 'eyJ9'],
    [
      'is signed by a service',
      'snapshot_signer',
      async (jws) => {
        const { header, payload } = partsOf(jws)
        const csr = await makeCsr()
        const made = await service.post('/v1/services/model-1.internal/certificates', { csr: csr.pem }, model)
        const chain = dersOf(String(made.json['certificate']) + String(made.json['chain']))
        const x5c = chain.slice(0, 2).map((der) => Buffer.from(der).toString('base64'))
        const input = `${encoded({ ...decoded(header), x5c })}.${payload}`
        const signature = sign('sha256', Buffer.from(input), { key: csr.key, dsaEncoding: 'ieee-p1363' })
        return `${input}.${signature.toString('base64url')}`
      },
    ],
    ['hangs on another root', 'snapshot_signer', (jws) => jws, { roots: [] }],
    ['has a signer of another policy', 'snapshot_signer', (jws) => jws, { policyOid: '2.25.1.1.10' }],
    [
      'is older than what was taken before',
      'snapshot_rolled_back',
      (jws) => jws,
      { mark: { epoch: '', seq: 1_000_000 } },
    ],
  ])('is not taken when it %s', async (_, code, spoil, more = {}) => {
    const good = await snapshotOf('front')
    const epoch = String(decoded(partsOf(good).payload)['epoch'])
    const policy = held(more.mark === undefined ? more : { mark: { ...more.mark, epoch } })
    const spoilt = await spoil(good)
    expect(() => policy.takeSnapshot(spoilt)).toThrow(expect.objectContaining({ code }) as Error)
    expect([kept, policy.position]).toEqual([[], undefined])
    expect(verdict(policy, alice, 'vision__alice')).toBe('SNAPSHOT_STALE')
  })

  test('is not taken when its time is over', async () => {
    const good = await snapshotOf('front')
    const late = new SettableClock()
    late.pass(599)
    held({ clock: late }).takeSnapshot(good)
    late.pass(2)
    expect(() => held({ clock: late }).takeSnapshot(good)).toThrow(
      expect.objectContaining({ code: 'snapshot_expired' }) as Error,
    )
  })
})

describe('rule 40: the feed', () => {
  test('tells what has changed, signed, and the change is in force', async () => {
    const policy = held()
    policy.takeSnapshot(await snapshotOf('front'))
    expect(verdict(policy, bob, 'vision__bob')).toBe('ALLOWED')
    expectStatus(await service.post('/v1/users/bob/block', undefined, service.admin), 200)
    const { checkpoint } = await follow(policy)
    policy.takeCheckpoint(String(checkpoint))
    expect(verdict(policy, bob, 'vision__bob')).toBe('CERT_REVOKED')
    expect(verdict(policy, alice, 'vision__alice')).toBe('ALLOWED')
    expect(() => policy.takeCheckpoint(String(checkpoint))).toThrow(
      expect.objectContaining({ code: 'checkpoint_gap' }) as Error,
    )
  })

  test('takes a right away also where its number cannot be kept, and grows no younger by it', async () => {
    let isFull = false
    const keep = (mark: Mark): void => {
      if (isFull) throw new Error('no space left')
      kept.push(mark)
    }
    const carl = await service.addMember('vision', 'carl', owner)
    const policy = held({ keep })
    policy.takeSnapshot(await snapshotOf('front'))
    const [before] = kept
    const left = policy.leftMilliseconds
    isFull = true
    clock.pass(2)
    expectStatus(await service.post('/v1/users/carl/block', undefined, service.admin), 200)
    const { checkpoint } = await follow(policy)
    expect(() => policy.takeCheckpoint(String(checkpoint))).toThrow('no space left')
    expect([verdict(policy, carl, 'vision__carl'), verdict(policy, alice, 'vision__alice')]).toEqual([
      'CERT_REVOKED',
      'ALLOWED',
    ])
    expect([kept, policy.leftMilliseconds <= left]).toEqual([[before], true])
    isFull = false
    policy.takeSnapshot(await snapshotOf('front'))
    expect(kept.at(-1)).toEqual(policy.mark)
    expect(policy.leftMilliseconds).toBeGreaterThan(left - 1000)
  })

  test('decides nothing with a first snapshot whose number cannot be kept', async () => {
    const keep = (): void => {
      throw new Error('read-only')
    }
    const policy = held({ keep })
    const first = await snapshotOf('front')
    expect(() => policy.takeSnapshot(first)).toThrow('read-only')
    expect(verdict(policy, alice, 'vision__alice')).toBe('SNAPSHOT_STALE')
  })

  test('asks for a new snapshot when somebody new comes within', async () => {
    const policy = held()
    policy.takeSnapshot(await snapshotOf('front'))
    const carla = await service.addMember('vision', 'carla', owner)
    expect(await follow(policy)).toEqual({ reload: true })
    policy.takeSnapshot(await snapshotOf('front'))
    expect(verdict(policy, carla, 'vision__carla')).toBe('ALLOWED')
  })

  test('says nothing of other projects', async () => {
    const policy = held()
    policy.takeSnapshot(await snapshotOf('front'))
    await service.addProject('audio', 'konrad')
    const { checkpoint } = await follow(policy)
    const text = Buffer.from(partsOf(String(checkpoint)).payload, 'base64url').toString()
    expect(text).not.toMatch(/audio|konrad/)
    policy.takeCheckpoint(String(checkpoint))
    expect(policy.snapshot.revision).toBeGreaterThan(0)
  })

  test('of which a part was left out is not taken', async () => {
    const [whole, missing] = [held(), held()]
    const first = await snapshotOf('front')
    whole.takeSnapshot(first)
    missing.takeSnapshot(first)
    await service.addUser('lena')
    whole.takeCheckpoint(String((await follow(whole))['checkpoint']))
    await service.addUser('mona')
    const second = String((await follow(whole))['checkpoint'])
    expect(() => missing.takeCheckpoint(second)).toThrow(expect.objectContaining({ code: 'checkpoint_gap' }) as Error)
    whole.takeCheckpoint(second)
    expect(() => whole.takeCheckpoint(first)).toThrow(expect.objectContaining({ code: 'snapshot_type' }) as Error)
  })
})
