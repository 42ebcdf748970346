// Sign-in at a real slapd: who gets in, with which id and groups, and everything that must not get in.
import { Client } from 'ldapts'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LdapConnection } from '../../src/signin/ldap-connection.ts'
import { LdapFailed } from '../../src/signin/ldap-failed.ts'
import type { LdapSettings } from '../../src/signin/ldap-settings.ts'
import { signInWithPassword } from '../../src/signin/ldap-sign-in.ts'
import { LIMITED, type Slapd, slapdIsInstalled, startSlapd, SUFFIX } from '../support/slapd.ts'
import { at, group, GROUPS, PEOPLE, person, settingsFor, unit, WINDOWS, windowsUser } from './ldap-directory.ts'

const LOOKALIKES = [`lab1`, `\uFEFFlab1`, `l\u0430b1`, `caf\u00e9`, `cafe\u0301`, `x y`, `a*(b)\\c`]

const named = (name: string, index: number): string =>
  `dn: ou=g${String(index)},${GROUPS}\nobjectClass: groupOfNames\nobjectClass: extensibleObject\nou: g${String(index)}\ncn: filler\ndescription:: ${Buffer.from(name).toString('base64')}\nmember: ${at('nora')}\n\n`

const ENTRIES = [
  unit(PEOPLE),
  unit(GROUPS),
  unit(WINDOWS),
  ...['alice', 'bob', 'carol', 'nora', 'many'].map((name) => person(name)),
  // Two people of one login.
  person('twin'),
  `dn: cn=twin,${PEOPLE}\nobjectClass: inetOrgPerson\nuid: twin\ncn: twin\nsn: twin\nuserPassword: twin-secret\n\n`,
  group('Lab1', at('alice')),
  group('reviewers', at('alice').toUpperCase().replace('UID=ALICE', 'UID=Alice')),
  group('outer', `cn=Lab1,${GROUPS}`),
  group('ring-a', at('carol'), `cn=ring-b,${GROUPS}`),
  group('ring-b', `cn=ring-a,${GROUPS}`),
  ...['one', 'two', 'three', 'four'].map((name) => group(`m-${name}`, at('many'))),
  ...LOOKALIKES.map(named),
  `dn: cn=unix,${GROUPS}\nobjectClass: posixGroup\ncn: unix\ngidNumber: 100\nmemberUid: alice\n\n`,
  windowsUser('wendy', '33221100554477668899aabbccddeeff', 512),
  windowsUser('walter', '0102030405060708090a0b0c0d0e0f10', 514),
].join('')

const missing = !slapdIsInstalled() && process.env['CI'] !== 'true'

describe.skipIf(missing)('sign-in at a directory', () => {
  let slapd: Slapd
  beforeAll(async () => {
    slapd = await startSlapd(ENTRIES)
  })
  afterAll(() => slapd.stop())

  const signIn = (
    login: string,
    password = `${login}-secret`,
    change: (settings: LdapSettings) => LdapSettings = same,
  ) => signInWithPassword(change(settingsFor(slapd)), { login, password })
  const same = (settings: LdapSettings): LdapSettings => settings
  const windows = (settings: LdapSettings): LdapSettings => ({
    ...settings,
    users: { base: WINDOWS, filter: '(objectClass=user)', login: 'sAMAccountName', id: 'objectGUID' },
  })
  const describing = (settings: LdapSettings): LdapSettings => ({
    ...settings,
    groups: { ...settings.groups, filter: '(description=*)', name: 'description' },
  })

  test.each(['ldaps', 'starttls', 'plain'] as const)('lets in by %s', async (security) => {
    const settings = settingsFor(slapd, security)
    const identity = await signInWithPassword(settings, { login: 'alice', password: 'alice-secret' })
    expect(identity).toEqual({
      subject: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      name: 'alice',
      groups: ['Lab1', 'outer', 'reviewers'],
    })
  })

  test('rule 22: the id is the entry, whatever it is called', async () => {
    const before = await signIn('bob')
    slapd.modify(`dn: ${at('bob')}\nchangetype: modrdn\nnewrdn: uid=robert\ndeleteoldrdn: 1\n`)
    const after = await signIn('robert', 'bob-secret')
    slapd.modify(`dn: ${at('robert')}\nchangetype: modrdn\nnewrdn: uid=bob\ndeleteoldrdn: 1\n`)
    expect(after).toEqual({ ...(before as object), name: 'robert' })
  })

  test('rule 22: objectGUID is written as Windows writes it', async () => {
    expect(await signIn('wendy', 'wendy-secret', windows)).toMatchObject({
      subject: '00112233-4455-6677-8899-aabbccddeeff',
      name: 'wendy',
    })
  })

  describe('an empty password is refused before the bind', () => {
    test('which this server answers with success', async () => {
      const { host, port, ca } = slapd.server('ldaps')
      const client = new Client({ url: `ldaps://${host}:${String(port)}`, tlsOptions: { ca } })
      await client.bind(at('alice'), '')
      await client.unbind()
      const connection = await LdapConnection.open(slapd.server('ldaps'))
      expect(await connection.bind(at('alice'), '')).toBe('refused')
      await connection.close()
    })
    test.each([
      ['empty', ''],
      ['NUL', '\0'],
      ['a NUL and the rest', '\0alice-secret'],
      ['the password and a NUL', 'alice-secret\0'],
      ['half a character', 'alice-secret\ud800'],
      ['of 1,025 octets', 'x'.repeat(1025)],
    ])('%s', async (_, password) => {
      await slapd.binds()
      expect(await signIn('alice', password)).toBe('refused')
      expect(await slapd.binds()).toEqual([])
    })
  })

  test.concurrent.each([
    ['wrong password', 'alice', 'bob-secret'],
    ['the password in other letters', 'alice', 'Alice-Secret'],
    ['unknown', 'mallory', 'mallory-secret'],
    ['nobody named', '', 'alice-secret'],
    ['two of that name', 'twin', 'twin-secret'],
    ['any name', '*', 'alice-secret'],
    ['a prefix', 'ali*', 'alice-secret'],
    ['a filter closed and opened', 'alice)(objectClass=*', 'alice-secret'],
    ['another attribute', 'x)(|(uid=alice', 'alice-secret'],
    ['an escape', '\\61lice', 'alice-secret'],
    ['a DN', at('alice'), 'alice-secret'],
    ['wide letters that the server takes for the same', '\uff41lice', 'alice-secret'],
    ['a blank more', 'alice ', 'alice-secret'],
    ['a NUL', 'alice\0', 'alice-secret'],
    ['a name of 257 octets', 'a'.repeat(257), 'alice-secret'],
  ])('refuses: %s', async (_, login, password) => {
    expect(await signIn(login, password)).toBe('refused')
  })

  test("letter case of the login is the server's", async () => {
    expect(await signIn('ALICE', 'alice-secret')).toMatchObject({ name: 'alice' })
  })

  test('refuses an account that the directory has closed, with its password', async () => {
    expect(await signIn('walter', 'walter-secret', windows)).toBe('refused')
  })

  test('an unknown name takes the way of a wrong password', async () => {
    await slapd.binds()
    await signIn('alice', 'wrong')
    const known = await slapd.binds()
    await signIn('mallory', 'wrong')
    const unknown = await slapd.binds()
    expect(known).toHaveLength(2)
    expect(unknown).toHaveLength(2)
    expect(unknown[1]).toContain(PEOPLE)
  })

  describe('groups', () => {
    test('that look alike are others: by case, mark, alphabet and normalisation', async () => {
      const identity = await signIn('nora', 'nora-secret', describing)
      expect(identity).toMatchObject({ groups: [...LOOKALIKES].sort() })
    })
    test('in groups are followed when the entry says so, once around a ring', async () => {
      expect(await signIn('carol')).toMatchObject({ groups: ['ring-a', 'ring-b'] })
      const flat = (settings: LdapSettings) => ({ ...settings, groups: { ...settings.groups, nested: false } })
      expect(await signIn('carol', 'carol-secret', flat)).toMatchObject({ groups: ['ring-a'] })
    })
    test('of logins (posixGroup)', async () => {
      const posix = (settings: LdapSettings): LdapSettings => ({
        ...settings,
        groups: { ...settings.groups, filter: '(objectClass=posixGroup)', member: 'memberUid' },
      })
      expect(await signIn('alice', 'alice-secret', posix)).toMatchObject({ groups: ['unix'] })
    })
    test('by their DN', async () => {
      const byDn = (settings: LdapSettings) => ({ ...settings, groups: { ...settings.groups, name: 'dn' } })
      expect(await signIn('bob', 'bob-secret', byDn)).toMatchObject({ groups: [] })
      expect(await signIn('carol', 'carol-secret', byDn)).toMatchObject({
        groups: [`cn=ring-a,${GROUPS}`, `cn=ring-b,${GROUPS}`],
      })
    })
    test('rule 25: are all told or none: size limit', async () => {
      const limited = (settings: LdapSettings) => ({ ...settings, bindDn: LIMITED.dn, bindPassword: LIMITED.password })
      expect(await signIn('many', 'many-secret', limited)).toMatchObject({ groups: 'unavailable' })
      expect(await signIn('carol', 'carol-secret', limited)).toMatchObject({ groups: ['ring-a', 'ring-b'] })
    })
    test('rule 25: are all told or none: referral, and none is followed', async () => {
      const elsewhere = `ref: ldap://127.0.0.1:9/ou=more,${SUFFIX}`
      slapd.modify(
        `dn: ou=more,${GROUPS}\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\nou: more\n${elsewhere}\n`,
      )
      expect(await signIn('alice')).toMatchObject({ groups: 'unavailable' })
      slapd.modify(`dn: ou=more,${GROUPS}\nchangetype: delete\n`)
    })
    test('rule 25: of one name are none', async () => {
      const alike = (settings: LdapSettings): LdapSettings => ({
        ...settings,
        groups: { ...settings.groups, filter: '(cn=filler)' },
      })
      expect(await signIn('nora', 'nora-secret', alike)).toMatchObject({ groups: 'unavailable' })
    })
  })

  describe('a server that cannot be asked is an error, never a sign-in', () => {
    const failure = async (change: (settings: LdapSettings) => LdapSettings): Promise<string> => {
      const error: unknown = await signIn('alice', 'alice-secret', change).catch((reason: unknown) => reason)
      return error instanceof LdapFailed ? error.failure : 'none'
    }
    const server = (change: Partial<LdapSettings['server']>) => (settings: LdapSettings) => ({
      ...settings,
      server: { ...settings.server, ...change },
    })
    test.each([
      ['nobody listens', server({ port: 9 }), 'unreachable'],
      ['a CA that we do not know', server({ ca: undefined }), 'unreachable'],
      ['a certificate of another name', server({ host: '127.0.0.1' }), 'unreachable'],
      ['no TLS on the port', (s: LdapSettings) => server({ port: slapd.server('plain').port })(s), 'unreachable'],
      ['the service may not bind', (s: LdapSettings) => ({ ...s, bindPassword: 'wrong' }), 'misconfigured'],
      [
        'an id that no entry has',
        (s: LdapSettings) => ({ ...s, users: { ...s.users, id: 'objectGUID' as const } }),
        'misconfigured',
      ],
    ])('%s', async (_, change, expected) => {
      expect(await failure(change)).toBe(expected)
    })

    test('a server that says nothing', async () => {
      slapd.freeze()
      expect(await failure(server({ timeoutSeconds: 1 }))).toBe('unreachable')
      slapd.thaw()
    })
  })

  describe('StartTLS', () => {
    const REFUSED = Buffer.from('300c02010178070a010204000400', 'hex')
    const GRANTED = Buffer.from('300c02010178070a010004000400', 'hex')
    test.each([
      ['is refused by the server', REFUSED],
      ['is granted with more in clear behind it', Buffer.concat([GRANTED, Buffer.from('300c0201026107', 'hex')])],
      ['is answered to another question', Buffer.from('300c02010278070a010004000400', 'hex')],
      ['is answered with noise', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
      ['is answered by hanging up', Buffer.alloc(0)],
    ])('that %s ends it, and no password has left', async (_, answer) => {
      const heard: Buffer[] = []
      const fake = await listening((socket) => {
        socket.on('error', () => undefined)
        socket.on('data', (bytes: Buffer) => {
          heard.push(bytes)
          if (answer.length === 0) socket.destroy()
          else socket.write(answer)
        })
      })
      const { port } = fake.address() as AddressInfo
      const settings = settingsFor(slapd, 'starttls')
      const weak = { ...settings, server: { ...settings.server, port, timeoutSeconds: 1 } }
      const error: unknown = await signInWithPassword(weak, { login: 'alice', password: 'alice-secret' }).catch(
        (reason: unknown) => reason,
      )
      fake.close()
      expect(error).toMatchObject({ failure: 'unreachable' })
      expect(Buffer.concat(heard).includes('secret')).toBe(false)
    })
  })
})

async function listening(onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onConnection)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
