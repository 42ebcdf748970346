import { existsSync, statSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { codeOf, signet } from './command-line.ts'
import { type FakeAnswer, startService } from './fake-service.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import { makeHierarchy, makeLeaf, makeServer, type Party, type TestHierarchy } from './test-ca.ts'

let ours: TestHierarchy
let others: TestHierarchy
let server: Party

beforeAll(async () => {
  ours = await makeHierarchy('Our')
  others = await makeHierarchy('Other')
  server = await makeServer(ours.users)
})

function bundle(...parties: readonly Party[]): FakeAnswer {
  return { type: 'application/x-pem-file', body: parties.map(({ pem }) => pem).join('') }
}

async function get(words: readonly string[], offered: FakeAnswer, with_: readonly Party[] = [server, ours.users]) {
  const [leaf = server, ...chain] = with_
  await using service = await startService(leaf, chain, () => offered)
  return await signet(['trust', 'get', '--url', service.url, ...words])
}

describe('the right fingerprint', () => {
  it('writes the root, for everyone to read', async () => {
    using folder = new TemporaryFolder()
    const out = folder.at('ca.pem')
    const outcome = await get(['--sha256', ours.root.fingerprint, '--out', out], bundle(ours.root))
    expect(outcome).toMatchObject({ status: 0, stderr: '' })
    expect(folder.read('ca.pem').replaceAll('\n', '')).toBe(ours.root.pem.replaceAll('\n', ''))
    expect(statSync(out).mode & 0o777).toBe(0o644)
  })

  it.each([
    ['with colons and in upper case', (hex: string) => hex.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:')],
    ['with blanks', (hex: string) => hex.replaceAll(/(....)(?=.)/g, '$1 ')],
  ])('%s', async (_, written) => {
    using folder = new TemporaryFolder()
    const words = ['--sha256', written(ours.root.fingerprint), '--out', folder.at('ca.pem')]
    expect((await get(words, bundle(ours.root))).status).toBe(0)
  })

  it('takes of two roots only the one that it names', async () => {
    using folder = new TemporaryFolder()
    const words = ['--sha256', ours.root.fingerprint, '--out', folder.at('ca.pem')]
    const outcome = await get(words, bundle(others.root, ours.root))
    expect(outcome.status).toBe(0)
    expect(outcome.stderr).toContain(others.root.fingerprint)
    expect(folder.read('ca.pem').match(/BEGIN/g)).toHaveLength(1)
    expect(folder.read('ca.pem').replaceAll('\n', '')).toBe(ours.root.pem.replaceAll('\n', ''))
  })

  it('takes both when both are named', async () => {
    using folder = new TemporaryFolder()
    const words = ['--sha256', ours.root.fingerprint, '--sha256', others.root.fingerprint, '--out', folder.at('ca.pem')]
    expect((await get(words, bundle(others.root, ours.root))).status).toBe(0)
    expect(folder.read('ca.pem').match(/BEGIN/g)).toHaveLength(2)
  })

  it('prints one document with --json', async () => {
    using folder = new TemporaryFolder()
    const words = ['--sha256', ours.root.fingerprint, '--out', folder.at('ca.pem'), '--json']
    const { stdout } = await get(words, bundle(ours.root, others.root))
    expect(JSON.parse(stdout)).toMatchObject({
      done: 'written',
      roots: [{ subject: 'CN=Our root CA 1', sha256: ours.root.fingerprint }],
      leftOut: [others.root.fingerprint],
    })
  })
})

interface Refusal {
  readonly what: string
  readonly code: string
  readonly offered: () => FakeAnswer
  readonly fingerprint: () => string
  /** The server's chain; absent: as it should be. */
  readonly chain?: () => Party[]
}

const ourRoot = () => bundle(ours.root)
const ourFingerprint = () => ours.root.fingerprint
const otherFingerprint = () => 'ab'.repeat(32)

describe('refused, and nothing written', () => {
  it.each<Refusal>([
    { what: 'another fingerprint', code: 'fingerprint_mismatch', offered: ourRoot, fingerprint: otherFingerprint },
    {
      what: 'the root of another CA',
      code: 'fingerprint_mismatch',
      offered: () => bundle(others.root),
      fingerprint: ourFingerprint,
    },
    {
      what: "somebody else's server that repeats our root",
      code: 'server_not_below_root',
      offered: ourRoot,
      fingerprint: ourFingerprint,
      chain: () => [othersServer, others.users],
    },
    {
      what: "somebody else's server that adds our root to its own",
      code: 'server_not_below_root',
      offered: () => bundle(others.root, ours.root),
      fingerprint: ourFingerprint,
      chain: () => [othersServer, others.users],
    },
    {
      what: 'a server without its issuer',
      code: 'server_not_below_root',
      offered: ourRoot,
      fingerprint: ourFingerprint,
      chain: () => [server],
    },
    {
      what: 'a server with another name',
      code: 'server_name_mismatch',
      offered: ourRoot,
      fingerprint: ourFingerprint,
      chain: () => [elsewhere, ours.users],
    },
    {
      what: 'the fingerprint of an issuing CA',
      code: 'root_unfit',
      offered: () => bundle(ours.users),
      fingerprint: () => ours.users.fingerprint,
    },
    { what: 'no PEM', code: 'answer_unreadable', offered: () => ({ body: '<html>' }), fingerprint: ourFingerprint },
    {
      what: 'an error',
      code: 'answer_unreadable',
      offered: () => ({ ...ourRoot(), status: 500 }),
      fingerprint: ourFingerprint,
    },
    {
      what: 'an answer without end',
      code: 'answer_too_large',
      offered: () => ({ body: 'x'.repeat(2_000_000) }),
      fingerprint: ourFingerprint,
    },
  ])('$what', async ({ code, offered, fingerprint, chain }) => {
    using folder = new TemporaryFolder()
    const words = ['--sha256', fingerprint(), '--out', folder.at('ca.pem')]
    const outcome = await get(words, offered(), chain?.())
    expect([outcome.status, codeOf(outcome)], outcome.stderr).toEqual([1, code])
    expect(existsSync(folder.at('ca.pem'))).toBe(false)
  })

  let othersServer: Party
  let elsewhere: Party
  beforeAll(async () => {
    othersServer = await makeServer(others.users)
    elsewhere = await makeLeaf('CN=elsewhere.internal', ours.users)
  })

  it('nobody listens', async () => {
    const outcome = await signet([
      'trust',
      'get',
      '--url',
      'https://127.0.0.1:1',
      '--sha256',
      'ab'.repeat(32),
      '--out',
      'x',
    ])
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'connection_refused'])
  })
})

describe('a file that is already there', () => {
  it('is left as it is when it says something else', async () => {
    using folder = new TemporaryFolder()
    const out = folder.write('ca.pem', 'mine')
    const outcome = await get(['--sha256', ours.root.fingerprint, '--out', out], bundle(ours.root))
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'file_exists'])
    expect(folder.read('ca.pem')).toBe('mine')
  })

  it('is replaced with --force', async () => {
    using folder = new TemporaryFolder()
    const out = folder.write('ca.pem', 'mine')
    expect((await get(['--sha256', ours.root.fingerprint, '--out', out, '--force'], bundle(ours.root))).status).toBe(0)
    expect(folder.read('ca.pem')).toContain('BEGIN CERTIFICATE')
  })

  it('is no obstacle when it says the same', async () => {
    using folder = new TemporaryFolder()
    const words = ['--sha256', ours.root.fingerprint, '--out', folder.at('ca.pem')]
    await get(words, bundle(ours.root))
    const again = await get(words, bundle(ours.root))
    expect(again.status).toBe(0)
    expect(again.stdout).toContain('unchanged')
  })
})
