// What a service offers, of which one part is wrong: an index that lies, a CA that cannot be had, CRLs that are large. The rest counts.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import type { ServiceLine } from '../../../src/verifier/peer/ask-service.ts'
import { EvidenceUnreadable } from '../../../src/verifier/peer/evidence-file.ts'
import type { EvidenceSink } from '../../../src/verifier/peer/evidence-sink.ts'
import type { HeldNumbers } from '../../../src/verifier/peer/held-crl.ts'
import { ServiceSource } from '../../../src/verifier/peer/service-source.ts'
import type { PeerJudge } from '../../../src/verifier/peer/verifier.ts'
import { CRL_TIME, judgeOf, leafOf, makeCrl, makeWorld, NOW, type World } from './clinic.ts'

const LARGE = 50_000_000
const SIGNAL = new AbortController().signal

let world: World
/** What is served, by path. */
let served: Map<string, Uint8Array>
let asked: string[]
let rows: Record<string, unknown>[]

beforeAll(async () => {
  world = await makeWorld()
})
beforeEach(async () => {
  asked = []
  rows = ['root-1', 'users-1', 'services-1'].map((issuer) => rowOf(issuer))
  served = new Map([
    ['/pki/ca/root-1.cer', world.root.der],
    ['/pki/ca/users-1.cer', world.users.der],
    ['/pki/ca/services-1.cer', world.services.der],
    ['/pki/crl/root-1.crl', await makeCrl(world.root)],
    ['/pki/crl/users-1.crl', await makeCrl(world.users)],
    ['/pki/crl/services-1.crl', await makeCrl(world.services)],
  ])
})

function rowOf(issuer: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  const { thisUpdate, nextUpdate } = CRL_TIME
  return { issuer, kind: 'full', number: 1, thisUpdate, nextUpdate, bytes: 400, ...change }
}

const line: Pick<ServiceLine, 'get'> = {
  get: (path) => {
    asked.push(path)
    const body = path === '/pki/crl' ? Buffer.from(JSON.stringify({ crls: rows })) : served.get(path)
    return body === undefined ? Promise.reject(new EvidenceUnreadable(path, 'status 404')) : Promise.resolve(body)
  },
}

describe('of a service whose', () => {
  const PARTS: readonly (readonly [string, () => void, string[]])[] = [
    ['index has a row of nonsense', () => rows.push({ issuer: '../etc' }, { kind: 'delta' }), ['verified', 'verified']],
    ['index has an issuer twice', () => rows.push(rowOf('users-1', { number: 7 })), ['verified', 'verified']],
    ['CA is not there', () => served.delete('/pki/ca/users-1.cer'), ['CERT_UNTRUSTED', 'verified']],
    ['CA is none', () => served.set('/pki/ca/users-1.cer', Buffer.from('no')), ['CERT_UNTRUSTED', 'verified']],
    ['CRL is not there', () => served.delete('/pki/crl/users-1.crl'), ['REVOCATION_STALE', 'verified']],
    ['CRL is none', () => served.set('/pki/crl/users-1.crl', Buffer.from('no')), ['REVOCATION_STALE', 'verified']],
    ['CA is another', () => served.set('/pki/ca/users-1.cer', world.services.der), ['CERT_UNTRUSTED', 'verified']],
  ]

  test.each(PARTS)('%s, the rest counts', async (_, spoil, codes) => {
    spoil()
    const judge = await judgeWithout()
    const source = new ServiceSource(line, sinkOf(judge), () => NOW)
    await expect(source.refresh('all', SIGNAL)).rejects.toThrow()
    expect(await codesBy(judge)).toEqual(codes)
  })

  test('CA could not be had, it is asked for again', async () => {
    served.set('/pki/ca/users-1.cer', Buffer.from('no'))
    const judge = await judgeWithout()
    const source = new ServiceSource(line, sinkOf(judge), () => NOW)
    await expect(source.refresh('all', SIGNAL)).rejects.toThrow()
    served.set('/pki/ca/users-1.cer', world.users.der)
    await source.refresh('all', SIGNAL)
    expect(await codesBy(judge)).toEqual(['verified', 'verified'])
    asked = []
    await source.refresh('all', SIGNAL)
    expect(asked).toEqual(['/pki/crl'])
  })

  test('index puts one CA in the place of another, nothing is believed of it', async () => {
    served.set('/pki/ca/users-1.cer', world.services.der).set('/pki/ca/services-1.cer', world.users.der)
    const judge = await judgeWithout()
    const source = new ServiceSource(line, sinkOf(judge), () => NOW)
    await expect(source.refresh('all', SIGNAL)).rejects.toMatchObject({ code: 'trust_rejected' })
    const names = [...judge.authorities.byId.values()].map(({ id, certificate }) => [id, certificate.subject])
    expect(new Map(names.map(([id = '', subject = '']) => [id, /users|services|root/.exec(subject)?.[0]]))).toEqual(
      new Map([
        ['root-1', 'root'],
        ['services-1', 'services'],
        ['users-1', 'users'],
      ]),
    )
  })

  test.each([
    ['index is none', () => (rows = [])],
    [
      'index has too many issuers',
      () => (rows = Array.from({ length: 501 }, (_, at) => rowOf(`users-${String(at + 1)}`))),
    ],
  ])('%s, it is given up', async (what, spoil) => {
    spoil()
    const source = new ServiceSource(line, sinkOf(await judgeWithout()), () => NOW)
    const given = source.refresh('all', SIGNAL)
    if (what === 'index is none') await expect(given).resolves.toBeUndefined()
    else await expect(given).rejects.toMatchObject({ code: 'evidence_unreadable' })
    expect(asked).toEqual(['/pki/crl'])
  })
})

describe('a CRL of a million entries is fetched', () => {
  interface Case {
    readonly held: HeldNumbers | undefined
    readonly delta?: { readonly number: number; readonly baseNumber: number }
    readonly extent?: 'due' | 'all'
    readonly news?: 'released'
    readonly named?: false
    /** What it makes of the delta that comes. */
    readonly taken?: 'another' | 'refused'
    readonly asked: readonly string[]
  }
  const WHOLE = ['/pki/crl/users-1.crl']
  const DELTA = ['/pki/crl/users-1/delta.crl']
  const held = (complete: number, newest = complete) => ({ complete: BigInt(complete), newest: BigInt(newest) })
  const CASES: readonly (readonly [string, Case])[] = [
    ['when nothing is held', { held: undefined, delta: { number: 20, baseNumber: 10 }, asked: WHOLE }],
    [
      'not while the feed is heard',
      { held: held(10), delta: { number: 20, baseNumber: 10 }, extent: 'due', asked: [] },
    ],
    ['by its delta, when it is not heard', { held: held(10), delta: { number: 20, baseNumber: 10 }, asked: DELTA }],
    ['not when its delta is held', { held: held(10, 20), delta: { number: 20, baseNumber: 10 }, asked: [] }],
    ['whole, when the delta is to a later one', { held: held(9), delta: { number: 20, baseNumber: 10 }, asked: WHOLE }],
    ['whole, when there is no delta', { held: held(10), asked: WHOLE }],
    [
      'by its delta, when something was released',
      { held: held(10), delta: { number: 20, baseNumber: 10 }, extent: 'due', news: 'released', asked: DELTA },
    ],
    [
      'whole, when the delta that comes is an older one',
      { held: held(10), delta: { number: 20, baseNumber: 10 }, taken: 'another', asked: [...DELTA, ...WHOLE] },
    ],
    [
      'whole, when the delta that comes is refused',
      { held: held(10), delta: { number: 20, baseNumber: 10 }, taken: 'refused', asked: [...DELTA, ...WHOLE] },
    ],
    [
      'by its delta, when nobody says that the feed speaks of its CA',
      { held: held(10), delta: { number: 20, baseNumber: 10 }, extent: 'due', named: false, asked: DELTA },
    ],
  ]

  test.each(CASES)(
    '%s',
    async (_, { held: numbers, delta, extent = 'all', news, named = true, taken, asked: expected }) => {
      let now = NOW
      const holding = new Map<string, HeldNumbers>()
      const issuer = 'users-1'
      const source = new ServiceSource(line, { ...sinkOf(await judgeWithout()), ...fixed() }, () => now)
      function fixed(): Pick<EvidenceSink, 'takeCrl' | 'numbersOf' | 'isNamed'> {
        return {
          takeCrl: (der) => {
            const isDelta = Buffer.from(der).toString() === 'delta'
            if (isDelta && taken === 'refused') return { kind: 'refused', fault: 'crl-signature-invalid' }
            if (isDelta && taken === undefined && numbers !== undefined)
              holding.set(issuer, { ...numbers, newest: 20n })
            return { kind: 'unchanged', issuer: parseIssuerId(issuer) }
          },
          numbersOf: (id) => holding.get(id),
          isNamed: () => named,
        }
      }
      rows = [rowOf(issuer, { number: 10, bytes: LARGE })]
      served.set('/pki/crl/users-1/delta.crl', Buffer.from('delta'))
      // It was fetched just now.
      now = CRL_TIME.thisUpdate
      await source.refresh('all', SIGNAL)
      rows = [
        rowOf(issuer, { number: 20, bytes: LARGE }),
        ...(delta === undefined ? [] : [rowOf(issuer, { kind: 'delta', ...delta })]),
      ]
      if (numbers !== undefined) holding.set(issuer, numbers)
      asked = []
      if (news === 'released') source.allDue()
      await source.refresh(extent, SIGNAL)
      expect(asked.slice(1)).toEqual(expected)
    },
  )
})

async function judgeWithout(): Promise<PeerJudge> {
  const judge = await judgeOf(world, { crls: [] })
  judge.trust([])
  return judge
}

async function codesBy(judge: PeerJudge): Promise<readonly string[]> {
  const question = { actingUser: { kind: 'credential-itself' }, at: NOW, revocation: 'required' } as const
  const leaves = [await leafOf(world, 'project-user'), await leafOf(world, 'service')]
  return leaves.map((der) => {
    const verdict = judge.verifyCertificate(der, question)
    return verdict.kind === 'verified' ? 'verified' : verdict.code
  })
}

function sinkOf(judge: PeerJudge): EvidenceSink {
  return {
    takeAuthorities: (given) => judge.trust(given),
    takeCrl: (der) => judge.takeCrl(der),
    tell: () => undefined,
    vouchForFeed: () => undefined,
    restartFeed: () => undefined,
    knows: () => true,
    numbersOf: (issuer) => judge.numbersOf(issuer),
    isNamed: (issuer) => judge.authorities.byId.get(issuer)?.named === 'certificate',
    failed: () => undefined,
    settled: () => undefined,
  }
}
