// `signet crl watch` against a service that answers as the test says: what it takes, what it refuses and keeps the old file for, how it
// says so, and how it goes on when the service, the feed or the command fails.
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { once } from 'node:events'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodePem } from '../../src/x509/pem.ts'
import { codeOf, type Outcome, signet } from './command-line.ts'
import { type FakeAnswer, type FakeService, startService } from './fake-service.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import { makeCrl, makeHierarchy, makeServer, type Party, type TestHierarchy, type WantedCrl } from './test-ca.ts'

const PROGRAM = join(import.meta.dirname, '..', '..', 'scripts', 'signet')
const PATIENCE = { timeout: 15_000, interval: 20 }

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

type Published = Record<string, FakeAnswer>

const numbered = (number: number): number => 0x01_00_00_00 + number

/** The CRLs of users and root with these numbers, and the index that says so. */
async function publishing(wanted: WantedCrl = {}, root: WantedCrl = { number: 4 }): Promise<Published> {
  return {
    '/pki/ca/users-1.cer': { body: ours.users.der },
    '/pki/crl/users-1.crl': { body: await makeCrl(ours.users, wanted) },
    '/pki/ca/root-1.cer': { body: ours.root.der },
    '/pki/crl/root-1.crl': { body: await makeCrl(ours.root, root) },
    '/pki/crl': {
      body: {
        crls: [
          { issuer: 'root-1', kind: 'full', number: numbered(root.number ?? 1) },
          { issuer: 'users-1', kind: 'full', number: numbered(wanted.number ?? 1) },
          { issuer: 'users-1', kind: 'delta', number: numbered(wanted.number ?? 1) },
        ],
      },
    },
  }
}

const ENVIRONMENT = (url: string) => ({ SIGNET_URL: url, SIGNET_CA: folder.write('ca.pem', ours.root.pem) })

async function look(words: readonly string[], published: Published): Promise<Outcome & { readonly asked: string[] }> {
  await using service = await startService(server, [ours.users], ({ url }) => published[url])
  const outcome = await signet(['crl', 'watch', '--once', '--out', folder.at('crl'), ...words], {
    environment: ENVIRONMENT(service.url),
  })
  return { ...outcome, asked: service.received.map(({ url }) => url) }
}

const USERS = ['--issuer', 'users-1']
const status = () => JSON.parse(folder.read('status')) as Record<string, unknown>

describe('one look', () => {
  it('puts the file in place, runs the command, and says how fresh it is', async () => {
    const hook = ['--exec', `echo "$SIGNET_CRL" >> ${folder.at('ran')}`]
    const words = ['--bundle', ...hook, '--status-file', folder.at('status')]
    const published = await publishing({ number: 7 })
    expect((await look(words, published)).status).toBe(0)
    expect(folder.read('crl').match(/BEGIN X509 CRL/g)).toHaveLength(2)
    expect(folder.read('ran')).toBe(`${folder.at('crl')}\n`)
    expect(status()).toMatchObject({ failures: 0, isReloadDue: false, staleSeconds: 0 })
    expect(Number(status()['endsInSeconds'])).toBeGreaterThan(80_000)
    // Nothing new: the command is not run again.
    expect((await look(words, published)).status).toBe(0)
    expect(folder.read('ran')).toBe(`${folder.at('crl')}\n`)
    expect((await look(words, await publishing({ number: 8 }))).status).toBe(0)
    expect(folder.read('ran').match(/crl/g)).toHaveLength(2)
  })

  it('keeps mode and place of the file, also behind a link', async () => {
    const target = folder.write('target', '')
    chmodSync(target, 0o640)
    symlinkSync(target, folder.at('crl'))
    expect((await look(USERS, await publishing())).status).toBe(0)
    expect(readFileSync(target, 'utf8')).toContain('BEGIN X509 CRL')
    expect(statSync(target).mode & 0o777).toBe(0o640)
  })

  it('runs a command that failed again, although nothing is new', async () => {
    const published = await publishing()
    const failed = await look([...USERS, '--exec', 'exit 3'], published)
    expect([failed.status, codeOf(failed)]).toEqual([1, 'hook_failed'])
    expect(folder.read('crl')).toContain('BEGIN X509 CRL')
    const slow = await look([...USERS, '--exec', 'sleep 30', '--exec-timeout', '1s'], published)
    expect([slow.status, codeOf(slow)]).toEqual([1, 'hook_failed'])
    expect((await look([...USERS, '--exec', `touch ${folder.at('ran')}`], published)).status).toBe(0)
    expect(existsSync(folder.at('ran'))).toBe(true)
  })

  it.each<readonly [string, string, readonly string[], () => Promise<Published>]>([
    ['a lower number', 'crl_number_lower', USERS, () => publishing({ number: 6 })],
    ['a bad signature', 'crl_signature_invalid', USERS, () => publishing({ number: 8, signer: others.users })],
    ['an ended CRL', 'crl_stale', USERS, () => publishing({ number: 8, nextUpdate: new Date(Date.now() - 5000) })],
    [
      'a CRL from the future',
      'crl_not_yet_valid',
      USERS,
      () => publishing({ number: 8, thisUpdate: new Date(Date.now() + 60_000) }),
    ],
    [
      'the CRL of another CA',
      'crl_issuer_other',
      USERS,
      async () => ({
        ...(await publishing()),
        '/pki/crl/users-1.crl': { body: await makeCrl(ours.root, { number: 9 }) },
      }),
    ],
    [
      'an answer that is too long',
      'answer_too_large',
      USERS,
      async () => ({ ...(await publishing()), '/pki/ca/users-1.cer': { body: Buffer.alloc(17 * 1024 * 1024) } }),
    ],
    [
      'junk',
      'answer_unreadable',
      USERS,
      async () => ({ ...(await publishing()), '/pki/crl/users-1.crl': { body: 'junk' } }),
    ],
    [
      'a bundle without the root',
      'crl_bundle_partial',
      ['--bundle'],
      async () => ({
        ...(await publishing({ number: 8 })),
        '/pki/crl': { body: { crls: [{ issuer: 'users-1', kind: 'full', number: numbered(8) }] } },
      }),
    ],
    [
      'a bundle without a CA that the file has',
      'crl_bundle_partial',
      ['--bundle'],
      async () => ({
        ...(await publishing({ number: 8 })),
        '/pki/crl': { body: { crls: [{ issuer: 'root-1', kind: 'full', number: numbered(4) }] } },
      }),
    ],
    [
      'a bundle of which one CRL cannot be fetched',
      'not_found',
      ['--bundle'],
      async () => {
        const published = await publishing({ number: 8 })
        delete published['/pki/crl/root-1.crl']
        return published
      },
    ],
    ['an empty index', 'crl_bundle_partial', ['--bundle'], async () => ({ '/pki/crl': { body: { crls: [] } } })],
  ])('refuses %s, and the file is as it was', async (_, code, words, published) => {
    const kept =
      encodePem('X509 CRL', await makeCrl(ours.users, { number: 7 })) +
      (words === USERS ? '' : encodePem('X509 CRL', await makeCrl(ours.root, { number: 4 })))
    folder.write('crl', kept)
    const hook = ['--exec', `touch ${folder.at('ran')}`, '--status-file', folder.at('status')]
    const outcome = await look([...words, ...hook], await published())
    expect([outcome.status, codeOf(outcome)]).toEqual([1, code])
    expect(folder.read('crl')).toBe(kept)
    expect(existsSync(folder.at('ran'))).toBe(false)
    // What the server goes on with is told all the same.
    expect(status()).toMatchObject({ failures: 1, code, staleSeconds: null })
    expect(Number(status()['endsInSeconds'])).toBeGreaterThan(80_000)
  })

  it('beside another one at the same file leaves a whole file, and nothing beside it', async () => {
    const published = await publishing({ number: 7 })
    const looks = await Promise.all([1, 2, 3].map(() => look(['--bundle', '--exec', 'true'], published)))
    expect(looks.map(({ status }) => status)).toEqual([0, 0, 0])
    expect(folder.read('crl').match(/BEGIN X509 CRL/g)).toHaveLength(2)
    expect(readdirSync(folder.path).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('of one CA leaves the file of a bundle as it is, which would lose the others', async () => {
    expect((await look(['--bundle'], await publishing({ number: 7 }))).status).toBe(0)
    const bundle = folder.read('crl')
    const refused = await look(USERS, await publishing({ number: 8 }))
    expect([refused.status, codeOf(refused)]).toEqual([1, 'crl_bundle_partial'])
    expect(folder.read('crl')).toBe(bundle)
    expect((await look(['--bundle'], await publishing({ number: 8 }))).status).toBe(0)
  })

  it('takes a bundle without a CA whose last CRL has ended', async () => {
    const ended = await makeCrl(others.users, { nextUpdate: new Date(Date.now() - 5000) })
    folder.write('crl', encodePem('X509 CRL', ended))
    expect((await look(['--bundle'], await publishing())).status).toBe(0)
  })

  it.each([
    [[], 2],
    [['--bundle', '--format', 'der'], 2],
    [['--bundle', '--issuer', 'users-1'], 2],
  ])('of %j is wrong usage', async (words, expected) => {
    expect((await look(words, {})).status).toBe(expected)
  })
})

describe('a watch', () => {
  let watcher: ChildProcess | undefined
  let said: string
  afterEach(async () => {
    if (watcher?.exitCode !== null) return
    const ended = once(watcher, 'exit')
    watcher.kill('SIGTERM')
    await ended
  })

  function watch(service: FakeService, ...words: readonly string[]): void {
    const line = ['crl', 'watch', '--out', folder.at('crl'), '--poll', '1s', '--status-file', folder.at('status')]
    const child = spawn(PROGRAM, [...line, ...words], {
      env: { ...process.env, ...ENVIRONMENT(service.url) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    watcher = child
    said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  }
  const wroteNumber = async (number: number): Promise<void> => {
    await vi.waitFor(() => expect(status()).toMatchObject({ crls: [{ number: String(numbered(number)) }] }), PATIENCE)
  }

  it('without a feed looks now and then, survives a lost service, and goes on', async () => {
    let published: Published | 'lost' = await publishing({ number: 1 })
    await using service = await startService(server, [ours.users], ({ url }) =>
      published === 'lost' ? 'lost' : published[url],
    )
    watch(service, ...USERS, '--warn', '7d')
    await wroteNumber(1)
    await vi.waitFor(() => expect(said).toMatch(/WARNING: .*crl: ends in [0-9]+ s/), PATIENCE)
    published = 'lost'
    await vi.waitFor(() => expect(Number(status()['failures'])).toBeGreaterThan(1), PATIENCE)
    expect(said).toMatch(/up to date [0-9]+ s ago, polling, [0-9]+ failures in a row; refused \(code connection_lost\)/)
    const kept = folder.read('crl')
    published = await publishing({ number: 0 })
    await vi.waitFor(() => expect(status()).toMatchObject({ code: 'crl_number_lower' }), PATIENCE)
    expect(folder.read('crl')).toBe(kept)
    published = await publishing({ number: 2 })
    await wroteNumber(2)
    expect(status()).toMatchObject({ failures: 0, isFollowing: false })
    const child = watcher as ChildProcess
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  }, 60_000)
})
