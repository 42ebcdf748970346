// Providers that stop the start: with every fault at once, before anything is opened.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { directorySourcesOf } from '../../src/main/directory-sources.ts'
import { OWN_POLICY_FOLDER } from '../../src/main/installation.ts'
import { openProviders } from '../../src/main/sign-in-providers.ts'
import { parseConfiguration } from '../../src/ops/configuration.ts'

const folder = mkdtempSync(join(tmpdir(), 'signet-providers-'))
writeFileSync(join(folder, 'secret'), 'for these tests only\n')
writeFileSync(join(folder, 'empty'), '\n')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const { names } = loadPolicy(OWN_POLICY_FOLDER)
const company = {
  kind: 'ldap',
  url: 'ldaps://localhost:9',
  bindDn: 'cn=signet',
  bindPasswordFile: 'secret',
  users: { base: 'ou=people' },
  groups: { base: 'ou=groups' },
}
const corp = {
  kind: 'kerberos',
  service: 'HTTP@localhost',
  keytabFile: 'secret',
  realm: 'TEST.INTERNAL',
  groupsFrom: 'company',
}
const REQUIRED = {
  dataFolder: 'data',
  publicUrl: 'https://localhost:8443',
  publicHttpUrl: 'http://localhost:8080',
  trustDomain: 'test.internal',
  'masterKey.file': 'master.key',
}
const configurationOf = (providers: object) =>
  parseConfiguration({
    flags: { ...REQUIRED, 'signIn.providers': JSON.stringify(providers) },
    environment: {},
    file: undefined,
    workingFolder: folder,
  })
const groupsOf = (...projects: readonly string[]) => ({
  groups: projects.map((project) => ({ group: 'cn=lab', project, role: 'scientist' })),
})

test.each<[string, object, string]>([
  ['an empty password', { bindPasswordFile: 'empty' }, 'signIn.providers.company: bindPasswordFile is empty'],
  ['no file', { bindPasswordFile: 'nothing' }, 'signIn.providers.company: ENOENT'],
  ['no CA file', { caFile: 'nothing' }, 'signIn.providers.company: ENOENT'],
])('a directory with %s is a fault', async (_, change, fault) => {
  const opened = openProviders(configurationOf({ company: { ...company, ...change } }), systemClock)
  await expect(opened).rejects.toMatchObject({
    code: 'configuration_rejected',
    facts: { faults: [expect.stringContaining(fault)] },
  })
})

test('projects of a sync that no project can be called are all told of', async () => {
  const configuration = configurationOf({ company: { ...company, sync: groupsOf('vision', 'a__b', '-') } })
  const providers = await openProviders(configuration, systemClock)
  const faults = [
    expect.stringContaining('signIn.providers.company.sync.groups.1.project: '),
    expect.stringContaining('signIn.providers.company.sync.groups.2.project: '),
  ]
  expect(() => directorySourcesOf(configuration, providers, names)).toThrow(
    expect.objectContaining({ code: 'configuration_rejected', facts: { faults } }),
  )
})

test('only those with a sync are held in step', async () => {
  const configuration = configurationOf({ company, other: { ...company, sync: groupsOf('vision') } })
  const sources = directorySourcesOf(configuration, await openProviders(configuration, systemClock), names)
  expect([...sources]).toMatchObject([['other', { provider: 'other', everySeconds: 900, vanished: 'leave' }]])
})

test('Kerberos without its module stops the start, and says what to install', async () => {
  const absent = `import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) {
      if (name === 'kerberos') throw new Error('not installed')
      return next(name, context)
    } })`
  const program = join(import.meta.dirname, '..', '..', 'src', 'cli', 'signet.ts')
  const words = ['serve', '--data', 'data', '--master-key-file', 'master.key', '--trust-domain', 'test.internal']
  const urls = ['--public-url', REQUIRED.publicUrl, '--public-http-url', REQUIRED.publicHttpUrl]
  const hook = `data:text/javascript,${encodeURIComponent(absent)}`
  const started = promisify(execFile)(process.execPath, ['--import', hook, program, ...words, ...urls], {
    cwd: folder,
    env: { ...process.env, SIGNET_SIGN_IN_PROVIDERS: JSON.stringify({ company, corp }) },
  })
  await expect(started).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('kerberos_missing') as unknown,
  })
  await expect(started).rejects.toMatchObject({ stderr: expect.stringContaining('libkrb5-dev') as unknown })
})
