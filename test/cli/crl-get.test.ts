import { existsSync, readFileSync, statSync } from 'node:fs'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodePem } from '../../src/x509/pem.ts'
import { codeOf, signet } from './command-line.ts'
import { type FakeAnswer, startService } from './fake-service.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import { makeAuthority, makeCrl, makeHierarchy, makeServer, type Party, type TestHierarchy } from './test-ca.ts'

let ours: TestHierarchy
let others: TestHierarchy
let server: Party
let folder: TemporaryFolder

beforeAll(async () => {
  ours = await makeHierarchy('Our')
  others = await makeHierarchy('Other')
  server = await makeServer(ours.users)
})
beforeEach(() => {
  folder = new TemporaryFolder()
})
afterEach(() => folder[Symbol.dispose]())

type Published = Readonly<Record<string, FakeAnswer>>

async function get(words: readonly string[], published: Published) {
  await using service = await startService(server, [ours.users], ({ url }) => published[url])
  const environment = { SIGNET_URL: service.url, SIGNET_CA: folder.write('ca.pem', ours.root.pem) }
  return await signet(['crl', 'get', '--out', folder.at('crl'), ...words], { environment })
}

async function publishing(crl: Uint8Array, issuer: Party = ours.users): Promise<Published> {
  return {
    '/pki/ca/users-1.cer': { body: issuer.der },
    '/pki/crl/users-1.crl': { body: crl },
    '/pki/ca/root-1.cer': { body: ours.root.der },
    '/pki/crl/root-1.crl': { body: await makeCrl(ours.root, { number: 4 }) },
    '/pki/crl': { body: { crls: [{ issuer: 'root-1' }, { issuer: 'users-1' }] } },
  }
}

const USERS = ['--issuer', 'users-1']

describe('a CRL', () => {
  it.each([
    ['PEM', [], (crl: Uint8Array) => Buffer.from(encodePem('X509 CRL', crl))],
    ['DER', ['--format', 'der'], (crl: Uint8Array) => Buffer.from(crl)],
  ])('is written as %s, for everyone to read', async (_, words, expected) => {
    const crl = await makeCrl(ours.users, { number: 7, revoked: [server.certificate.serialNumber] })
    const { status, stdout } = await get([...USERS, ...words], await publishing(crl))
    expect(status).toBe(0)
    expect(stdout).toContain('1 revoked')
    expect(readFileSync(folder.at('crl')).equals(expected(crl))).toBe(true)
    expect(statSync(folder.at('crl')).mode & 0o777).toBe(0o644)
  })

  it('of the root is one too', async () => {
    const { status } = await get(['--issuer', 'root-1'], await publishing(await makeCrl(ours.users)))
    expect(status).toBe(0)
  })

  it('of every CA goes into one bundle', async () => {
    const { status } = await get(['--bundle'], await publishing(await makeCrl(ours.users)))
    expect(status).toBe(0)
    expect(folder.read('crl').match(/BEGIN X509 CRL/g)).toHaveLength(2)
  })

  it('with a higher number takes the place of the one before', async () => {
    await get(USERS, await publishing(await makeCrl(ours.users, { number: 7 })))
    const newer = await makeCrl(ours.users, { number: 8 })
    expect((await get(USERS, await publishing(newer))).status).toBe(0)
    expect(folder.read('crl')).toBe(encodePem('X509 CRL', newer))
  })

  it('that is the same leaves the file as it is', async () => {
    const published = await publishing(await makeCrl(ours.users))
    await get(USERS, published)
    const before = statSync(folder.at('crl')).ino
    expect((await get(USERS, published)).stdout).toContain('unchanged')
    expect(statSync(folder.at('crl')).ino).toBe(before)
  })

  it('fills an empty file', async () => {
    folder.write('crl', '')
    expect((await get(USERS, await publishing(await makeCrl(ours.users)))).status).toBe(0)
  })
})

describe('refused, and the file as it was', () => {
  it.each<readonly [string, string, () => Promise<Published>]>([
    [
      'signed by another',
      'crl_signature_invalid',
      async () => publishing(await makeCrl(ours.users, { signer: others.users })),
    ],
    ['of another CA', 'crl_issuer_other', async () => publishing(await makeCrl(ours.root))],
    [
      'stale',
      'crl_stale',
      async () => publishing(await makeCrl(ours.users, { nextUpdate: new Date(Date.now() - 5000) })),
    ],
    [
      'from the future',
      'crl_not_yet_valid',
      async () => publishing(await makeCrl(ours.users, { thisUpdate: new Date(Date.now() + 60_000) })),
    ],
    [
      'of a CA below another root',
      'issuer_unverified',
      async () => publishing(await makeCrl(others.users), others.users),
    ],
    ['of a CA that has ended', 'issuer_unverified', ofEndedAuthority],
    ['that is none', 'answer_unreadable', async () => publishing(Buffer.from('junk'))],
    ['that is not published', 'not_found', async () => ({})],
    ['older than the one before', 'crl_number_lower', async () => publishing(await makeCrl(ours.users, { number: 6 }))],
  ])('%s', async (_, code, published) => {
    const kept = encodePem('X509 CRL', await makeCrl(ours.users, { number: 7 }))
    folder.write('crl', kept)
    const outcome = await get(USERS, await published())
    expect([outcome.status, codeOf(outcome)]).toEqual([1, code])
    expect(folder.read('crl')).toBe(kept)
  })

  it('a bundle in which one CRL is older', async () => {
    const older = await publishing(await makeCrl(ours.users, { number: 9 }))
    folder.write('crl', encodePem('X509 CRL', await makeCrl(ours.root, { number: 5 })))
    const outcome = await get(['--bundle'], older)
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'crl_number_lower'])
  })

  it('a file that holds something else', async () => {
    folder.write('crl', 'precious')
    const outcome = await get(USERS, await publishing(await makeCrl(ours.users)))
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'crl_malformed'])
    expect(folder.read('crl')).toBe('precious')
  })

  it('and none is made where none was', async () => {
    await get(USERS, await publishing(await makeCrl(ours.users, { signer: others.users })))
    expect(existsSync(folder.at('crl'))).toBe(false)
  })

  async function ofEndedAuthority(): Promise<Published> {
    const ended = await makeAuthority('Our ended CA 1', ours.root, { notAfter: new Date(Date.now() - 5000) })
    return publishing(await makeCrl(ended), ended)
  }
})
