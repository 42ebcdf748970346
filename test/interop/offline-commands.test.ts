// What works on this machine's own keys and data, as the program: `init`, also cut short; the ceremonies while the service
// runs; and the way back in for an administrator who lost theirs.
import type { ChildProcess } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { makeRootKey } from '../../src/ca/keystore/root-key-file.ts'
import { systemRandom } from '../../src/domain/clock.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { codeOf } from '../cli/command-line.ts'
import { describeWith, end, type Ran, ran, run } from './program.ts'
import { SignetProgram } from './signet-program.ts'
import { splitPem } from './world.ts'

const SOON = { timeout: 15_000, interval: 50 }

function expectRefused(outcome: Ran, code: string): void {
  expect(codeOf({ ...outcome, status: 1 }), outcome.stderr + outcome.stdout).toBe(code)
  expect(outcome.status).toBe(1)
}

function expectDone({ status, stderr }: Ran): void {
  expect(status, stderr).toBe(0)
}

/** The root is on this machine for the administrator's files alone: OpenSSL judges them with the CRLs that are served. */
async function expectAdministratorGood(signet: SignetProgram, folder: string): Promise<void> {
  const crls = await (await fetch(`${signet.httpUrl}/pki/crl/bundle.pem`)).text()
  writeFileSync(signet.at('crls.pem'), crls)
  const certificate = signet.at(`${folder}/admin.pem`)
  const words = ['verify', '-x509_strict', '-crl_check_all', '-CRLfile', signet.at('crls.pem')]
  const { stdout } = await ran('openssl', [
    ...words,
    '-CAfile',
    signet.at(`${folder}/ca.pem`),
    '-untrusted',
    certificate,
    certificate,
  ])
  expect(stdout).toContain(': OK')
}

describeWith(['openssl'], '`signet init` and the ceremonies', () => {
  let signet: SignetProgram

  beforeAll(async () => {
    signet = await SignetProgram.place()
    const made = await signet.local(signet.initWords())
    expectDone(made)
    await signet.serve()
  })
  afterAll(() => signet.close())

  interface Served {
    readonly issuer: string
    readonly number: number
  }

  async function servedCrls(): Promise<readonly Served[]> {
    return ((await (await fetch(`${signet.httpUrl}/pki/crl`)).json()) as { crls: Served[] }).crls
  }

  async function rootNumber(): Promise<number> {
    return (await servedCrls()).find(({ issuer }) => issuer === 'root-1')?.number ?? 0
  }

  describe('init', () => {
    it('leaves keys that nobody else may read, and none in clear but the administrator’s', () => {
      for (const file of [
        'master.key',
        'root/root-key.pem',
        'admin/admin.key',
        'admin/admin.p12',
        'admin/admin.p12.passphrase',
      ]) {
        expect([file, statSync(signet.at(file)).mode & 0o077]).toEqual([file, 0])
      }
      expect(readFileSync(signet.at('root/root-key.pem'), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY')
      const inClear = filesBelow(signet.folder).filter((file) => readFileSync(file).includes('BEGIN PRIVATE KEY'))
      expect(inClear).toEqual([signet.at('admin/admin.key')])
    })

    it('never writes over another installation', async () => {
      const before = readFileSync(signet.at('admin/admin.pem'))
      expectRefused(await signet.local(signet.initWords()), 'already_initialised')
      expectRefused(await signet.local(signet.initWords(signet.root(signet.at('other-root')))), 'already_initialised')
      expect(readFileSync(signet.at('admin/admin.pem'))).toEqual(before)
      expect(existsSync(signet.at('other-root'))).toBe(false)
    })

    it('takes no root folder inside the data folder, and none that belongs to another installation', async () => {
      const other = await SignetProgram.place()
      try {
        const inside = other.root(other.at('data/root'))
        expectRefused(await other.local(other.initWords(inside)), 'root_inside_data_folder')
        expectRefused(await other.local(other.initWords(signet.root())), 'root_folder_in_use')
        expect((await other.local(['init', ...other.installation])).status).toBe(2)
        expect(existsSync(other.at('admin'))).toBe(false)
      } finally {
        await other.close()
      }
    })

    it('only says what it would make, with --plan', async () => {
      const other = await SignetProgram.place()
      try {
        expectDone(await other.local([...other.initWords(), '--plan']))
        expect(readdirSync(other.folder)).toEqual(['passphrase'])
      } finally {
        await other.close()
      }
    })
  })

  it('serve is refused where nothing was made', async () => {
    const other = await SignetProgram.place()
    try {
      expectRefused(await other.local(['serve', ...other.installation]), 'not_initialised')
      expect(readdirSync(other.folder)).toEqual(['passphrase'])
    } finally {
      await other.close()
    }
  })

  describe('doctor installation', () => {
    it('says what is good while the service runs, and changes nothing', async () => {
      const before = await servedCrls()
      const looked = await signet.local(['doctor', 'installation', ...signet.installation, '--json'])
      expectDone(looked)
      const { sound, missing, good } = JSON.parse(looked.stdout) as Record<string, unknown>
      expect({ sound, missing }).toEqual({ sound: true, missing: [] })
      expect(good).toEqual(
        expect.arrayContaining(['clock', 'master key', 'crl users-1', 'issuer services-1', 'ocsp users-1']),
      )
      expect(await servedCrls()).toEqual(before)
    })

    it('is refused where nothing was made', async () => {
      const other = await SignetProgram.place()
      try {
        const words = ['doctor', 'installation', ...other.installation]
        expectRefused(await other.local(words), 'not_initialised')
      } finally {
        await other.close()
      }
    })
  })

  describe('ceremony crl', () => {
    const words = (root = signet.root()) => ['ceremony', 'crl', ...signet.installation, ...root]

    it('puts the next CRL of the root in force while the service runs', async () => {
      const before = await rootNumber()
      const made = await signet.local([...words(), '--json', '--out', signet.at('root.crl')])
      expectDone(made)
      const { number } = JSON.parse(made.stdout) as Served
      expect(number).toBeGreaterThan(before)
      await vi.waitFor(async () => expect(await rootNumber()).toBe(number), SOON)
      const served = Buffer.from(await (await fetch(`${signet.httpUrl}/pki/crl/root-1.crl`)).arrayBuffer())
      expect(served.equals(readFileSync(signet.at('root.crl')))).toBe(true)
      await expectAdministratorGood(signet, 'admin')
    })

    it('is refused with a wrong passphrase, another root, or no root', async () => {
      writeFileSync(signet.at('wrong'), 'another passphrase\n')
      expectRefused(await signet.local(words(signet.root(signet.at('root'), signet.at('wrong')))), 'passphrase_wrong')
      mkdirSync(signet.at('empty'))
      expectRefused(await signet.local(words(signet.root(signet.at('empty')))), 'root_key_missing')
      await makeRootKey(signet.at('other'), 'ec-p256', 'for these tests only', systemRandom)
      expectRefused(await signet.local(words(signet.root(signet.at('other')))), 'root_of_another_installation')
    })

    it('only says what it would sign, with --plan', async () => {
      const before = await rootNumber()
      const planned = await signet.local([...words(), '--plan'])
      expectDone(planned)
      expect(planned.stdout).toContain(String(before))
      expect(await rootNumber()).toBe(before)
    })
  })

  describe('ceremony issuing-ca', () => {
    const words = (authority: string) => {
      return ['ceremony', 'issuing-ca', '--authority', authority, ...signet.installation, ...signet.root()]
    }

    it('makes the next generation, which takes over while the one before stays good', async () => {
      const before = await issue('before')
      expectDone(await signet.local(words('users')))
      await vi.waitFor(async () => expect((await servedCrls()).map(({ issuer }) => issuer)).toContain('users-2'), SOON)
      expect((await fetch(`${signet.httpUrl}/pki/ca/users-2.pem`)).status).toBe(200)
      const after = await issue('after')
      expect([before, after]).toEqual(['users-1', 'users-2'])
      await expectMemberGood('before')
      await expectMemberGood('after')
      await expectAdministratorGood(signet, 'admin')
      for (const name of ['before', 'after']) expect(await whoAmI(name)).toBe(0)
    })

    it('is refused for the root, and for an authority that is not', async () => {
      for (const authority of ['root', 'nobody'])
        expectRefused(await signet.local(words(authority)), 'authority_not_online')
    })

    /** A certificate for a user of this name; the issuer that signed it. */
    async function issue(user: string): Promise<string> {
      for (const ending of ['pem', 'key']) {
        writeFileSync(signet.at(`admin.${ending}`), readFileSync(signet.at(`admin/admin.${ending}`)), { mode: 0o600 })
      }
      writeFileSync(signet.at('ca.pem'), readFileSync(signet.at('admin/ca.pem')))
      const project = `p${user}`
      expectDone(await signet.client(['user', 'add', user], { as: 'admin' }))
      expectDone(await signet.client(['project', 'add', project, '--owner', user], { as: 'admin' }))
      const member = ['--project', project, '--user', user]
      const token = await signet.client(['user', 'enrol', ...member], { as: 'admin' })
      expectDone(token)
      const asked = ['cert', 'issue', ...member, '--token-file', '-', '--out', `${user}.pem`, '--json']
      const issued = await signet.client(asked, { input: token.stdout })
      expectDone(issued)
      return (JSON.parse(issued.stdout) as { issuer: string }).issuer
    }

    async function expectMemberGood(name: string): Promise<void> {
      const [leaf = '', issuer = ''] = splitPem(readFileSync(signet.at(`${name}.pem`), 'utf8'))
      writeFileSync(signet.at('crls.pem'), await (await fetch(`${signet.httpUrl}/pki/crl/bundle.pem`)).text())
      writeFileSync(signet.at('issuer.pem'), issuer)
      const files = [
        '-CAfile',
        signet.at('ca.pem'),
        '-untrusted',
        signet.at('issuer.pem'),
        '-CRLfile',
        signet.at('crls.pem'),
      ]
      const { stdout, stderr } = await run('openssl', ['verify', '-crl_check_all', ...files], { input: leaf })
      expect(stdout + stderr).toBe('stdin: OK\n')
    }

    async function whoAmI(name: string): Promise<number | undefined> {
      return (await signet.client(['cert', 'list'], { as: name })).status
    }
  })

  describe('ceremony revoke-ca', () => {
    const words = (issuer: string, reason: string, ...more: readonly string[]) => {
      const asked = ['--issuer', issuer, '--reason', reason, ...more]
      return ['ceremony', 'revoke-ca', ...asked, ...signet.installation, ...signet.root()]
    }

    it('only says what it would revoke, with --plan', async () => {
      const before = await rootNumber()
      const planned = await signet.local(words('users-1', 'superseded', '--plan'))
      expectDone(planned)
      expect(planned.stdout).toContain('users-2')
      expect(await rootNumber()).toBe(before)
    })

    it('is refused for the root, for a CA that is not, and for a reason that no CA has', async () => {
      for (const issuer of ['root-1', 'users-9']) {
        expectRefused(await signet.local(words(issuer, 'superseded')), 'issuer_not_online')
      }
      for (const reason of ['certificateHold', 'removeFromCRL', 'aACompromise']) {
        const refused = await signet.local(words('users-1', reason))
        expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining(reason)])
      }
    })

    it('revokes a CA, and puts the root CRL that says so in force while the service runs', async () => {
      expectDone(
        await signet.local([
          'ceremony',
          'issuing-ca',
          '--authority',
          'users',
          ...signet.installation,
          ...signet.root(),
        ]),
      )
      const before = await rootNumber()
      const out = signet.at('revoked.crl')
      const made = await signet.local(words('users-3', 'superseded', '--json', '--out', out))
      expectDone(made)
      const { crl, successor } = JSON.parse(made.stdout) as { crl: Served; successor: string }
      expect([successor, crl.number > before]).toEqual(['users-2', true])
      await vi.waitFor(async () => expect(await rootNumber()).toBe(crl.number), SOON)
      expect(parseCrl(readFileSync(out)).entries.size).toBe(1)
      await expectAdministratorGood(signet, 'admin')
    })
  })

  describe('rotate token-key', () => {
    const rotate = (...words: readonly string[]) => {
      return signet.local(['rotate', 'token-key', ...words, ...signet.installation, '--json'])
    }
    const documentOf = ({ stdout }: Ran) => JSON.parse(stdout) as Record<string, unknown>

    it('makes the next key before its time, and removes one that leaked, while the service runs', async () => {
      const made = await rotate('--algorithm', 'EdDSA')
      expectDone(made)
      const { kid, signsFrom } = documentOf(made)
      expect(Date.parse(String(signsFrom))).toBeGreaterThan(Date.now() + 800_000)
      const removed = await rotate('--remove', String(kid))
      expectDone(removed)
      expect(documentOf(removed)).toMatchObject({ kid, algorithm: 'EdDSA', verifiers: [] })
      expectRefused(await rotate('--remove', String(kid)), 'token_key_not_published')
    })
  })

  describe('rotate master-key', () => {
    const rotate = (...words: readonly string[]) => {
      return signet.local(['rotate', 'master-key', ...words, ...signet.installation])
    }
    const next = () => ['--next-master-key-file', signet.at('next.key')]
    interface Document {
      readonly from: string
      readonly to: string
      readonly keys: Readonly<Record<'issuer' | 'server' | 'token' | 'member', { readonly resealed: number }>>
    }
    const documentOf = ({ stdout }: Ran) => JSON.parse(stdout) as Document

    it('rule 38: is refused without a next key, and with one that others can read', async () => {
      expectRefused(await rotate(), 'master_key_next_missing')
      expectRefused(await rotate(...next()), 'master_key_missing')
      writeFileSync(signet.at('next.key'), 'ab'.repeat(32), { mode: 0o644 })
      expectRefused(await rotate(...next()), 'master_key_exposed')
      expectRefused(await rotate('--next-master-key-file', signet.at('master.key')), 'master_key_same')
    })

    it('rule 38: says what it would do, does it, and what is left to do, while the service runs', async () => {
      chmodSync(signet.at('next.key'), 0o600)
      const planned = await rotate('--plan', '--json', ...next())
      expectDone(planned)
      const { keys, from, to } = documentOf(planned)
      expect(keys.issuer.resealed).toBeGreaterThan(1)
      const again = await rotate('--plan', '--json', ...next())
      expect(documentOf(again)).toEqual(documentOf(planned))
      const done = await rotate(...next())
      expectDone(done)
      expect(done.stdout).toMatch(new RegExp(`^from ${from} to ${to}$`, 'm'))
      expect(done.stdout).toMatch(/^issuers +[1-9]/m)
      expect(done.stdout).toMatch(/masterKey\.file names it/)
      expect(done.stderr).toBe('')
      // Nothing is left, and the old key alone opens the installation no more.
      const left = documentOf(await rotate('--plan', '--json', ...next()))
      expect(new Set(Object.values(left.keys).map(({ resealed }) => resealed))).toEqual(new Set([0]))
      expectRefused(await rotate(), 'master_key_not_held')
    })

    it('rule 38: goes back the same way, with new data keys', async () => {
      const swapped = signet.installation.map((word) =>
        word === signet.at('master.key') ? signet.at('next.key') : word,
      )
      const words = ['rotate', 'master-key', '--reencrypt', '--json', ...swapped]
      const done = await signet.local([...words, '--next-master-key-file', signet.at('master.key')])
      expectDone(done)
      expect(documentOf(done).keys.issuer.resealed).toBeGreaterThan(1)
      expectRefused(await signet.local(words), 'master_key_not_held')
    })
  })

  describe('cert issue --offline', () => {
    const words = (user: string, folder: string) => {
      const what = ['cert', 'issue', '--offline', '--profile', 'admin', '--user', user]
      return [...what, '--admin-folder', signet.at(folder), ...signet.installation]
    }

    it('lets an administrator in again, while the service runs', async () => {
      expectDone(await signet.local(words('root-admin', 'again')))
      await expectAdministratorGood(signet, 'again')
      for (const ending of ['pem', 'key']) {
        writeFileSync(signet.at(`again.${ending}`), readFileSync(signet.at(`again/admin.${ending}`)), { mode: 0o600 })
      }
      expectDone(await signet.client(['audit'], { as: 'again' }))
    })

    it('is refused for who is no administrator', async () => {
      expectRefused(await signet.local(words('stranger', 'strange')), 'not_an_administrator')
      expect(existsSync(signet.at('strange'))).toBe(false)
    })
  })
})

/** Files that appear one after another while `init` works: each is a moment at which it is killed. */
const EARLY = ['master.key', 'root/ledger.jsonl', 'root/root-key.pem', 'root/root.pem']
const LATE = ['admin/admin.key', 'admin/ca.pem']

describeWith(['openssl'], '`signet init` that was killed', () => {
  let signet: SignetProgram

  beforeAll(async () => {
    signet = await SignetProgram.place()
  })
  afterAll(() => signet.close())

  /** Runs it until the file is there, and kills it then. */
  async function killAt(file: string): Promise<void> {
    const child = signet.startLocal(signet.initWords())
    while (isRunning(child) && !existsSync(signet.at(file))) await delay(1)
    await end(child, 'SIGKILL')
  }

  it.each(EARLY)('when %s is there can be run again', async (file) => {
    await killAt(file)
    expect(existsSync(signet.at(file))).toBe(true)
  })

  it('goes on with the same answers alone', async () => {
    writeFileSync(signet.at('wrong'), 'another passphrase\n')
    const wrong = signet.initWords(signet.root(signet.at('root'), signet.at('wrong')))
    expectRefused(await signet.local(wrong), 'passphrase_wrong')
    expectRefused(await signet.local([...signet.initWords(), '--algorithm', 'ec-p384']), 'root_folder_in_use')
    expectRefused(await signet.local([...signet.initWords(), '--organization', 'Other']), 'root_folder_in_use')
  })

  it.each(LATE)('when %s is there can be run again', async (file) => {
    await killAt(file)
    expect(existsSync(signet.at(file))).toBe(true)
  })

  it('and is, with success: one installation that serves', async () => {
    const made = await signet.local(signet.initWords())
    // The last kill may have come a moment after the database knew.
    if (made.status !== 0) expectRefused(made, 'already_initialised')
    await signet.serve()
    await expectAdministratorGood(signet, 'admin')
    const root = new X509Certificate(readFileSync(signet.at('root/root.pem')))
    const served = new X509Certificate(await (await fetch(`${signet.httpUrl}/pki/ca/root-1.pem`)).text())
    expect(served.fingerprint256).toBe(root.fingerprint256)
    expectDone(await signet.local(['ceremony', 'crl', ...signet.installation, ...signet.root()]))
    const again = await signet.local(signet.initWords())
    expectRefused(again, 'already_initialised')
  })

  it('knows every signature of the root', () => {
    const ledger = readFileSync(signet.at('root/ledger.jsonl'), 'utf8').trimEnd().split('\n')
    const kinds = ledger.map((line) => (JSON.parse(line) as { kind: string }).kind)
    expect(kinds.filter((kind) => kind === 'begun')).toHaveLength(1)
    expect(kinds.filter((kind) => kind === 'complete')).toHaveLength(1)
    const count = (kind: string) => kinds.filter((each) => each === kind).length
    expect(count('intent')).toBeGreaterThanOrEqual(count('signed'))
  })
})

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`)
}
