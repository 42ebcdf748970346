// Tickets of a real KDC against the acceptor: the client's side is the same library, or none at all.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KerberosAcceptor } from '../../src/signin/kerberos.ts'
import { isCompleted, offersKerberos } from '../../src/signin/spnego-token.ts'
import { krb5IsInstalled, REALM, type Realm, startRealm } from '../support/krb5.ts'

const missing = !krb5IsInstalled() && process.env['CI'] !== 'true'

/** A fresh token of whoever has a ticket, as a browser would send it. In a process of its own: its environment is its ticket. */
function tokenOf(environment: Readonly<Record<string, string>>, mechanism = 'GSS_MECH_OID_SPNEGO'): Buffer {
  const program = `const k = require('kerberos')
    k.initializeClient('HTTP@localhost', { mechOID: k.${mechanism}, flags: k.GSS_C_MUTUAL_FLAG })
      .then(async (client) => process.stdout.write(await client.step('')))`
  const options = { env: { ...process.env, ...environment }, encoding: 'utf8', cwd: import.meta.dirname } as const
  return Buffer.from(execFileSync(process.execPath, ['-e', program], options), 'base64')
}

describe.skipIf(missing)('Kerberos', () => {
  let realm: Realm
  let acceptor: KerberosAcceptor
  beforeAll(async () => {
    realm = await startRealm()
    for (const name of ['alice', 'alice/admin']) realm.addPrincipal(name, 'ticket-secret')
    Object.assign(process.env, realm.environment)
    acceptor = await KerberosAcceptor.load({ service: 'HTTP@localhost', keytabFile: realm.keytab, realm: REALM })
  })
  afterAll(() => realm.stop())

  test('a ticket is recognised, and the client hears that the service is the service', async () => {
    const recognised = await acceptor.accept(tokenOf(realm.kinit('alice', 'ticket-secret')))
    expect(recognised).toMatchObject({ name: 'alice', principal: `alice@${REALM}` })
    expect(isCompleted(recognised?.answer ?? Buffer.alloc(0))).toBe(true)
  })

  test('a token is good once', async () => {
    const token = tokenOf(realm.kinit('alice', 'ticket-secret'))
    expect(await acceptor.accept(token)).toBeDefined()
    expect(await acceptor.accept(token)).toBeUndefined()
  })

  test('of two at once with one token one is let in', async () => {
    const token = tokenOf(realm.kinit('alice', 'ticket-secret'))
    const both = await Promise.all([acceptor.accept(token), acceptor.accept(token)])
    expect(both.filter((each) => each !== undefined)).toHaveLength(1)
  })

  test('another principal of the same person is somebody else', async () => {
    expect(await acceptor.accept(tokenOf(realm.kinit('alice/admin', 'ticket-secret')))).toBeUndefined()
  })

  test.each(['example.internal', 'EXAMPLE.INTERNAL.', 'OTHER.INTERNAL', ''])(
    'the realm is held to the letter: %s',
    async (other) => {
      const strict = await KerberosAcceptor.load({ service: 'HTTP@localhost', keytabFile: realm.keytab, realm: other })
      expect(await strict.accept(tokenOf(realm.kinit('alice', 'ticket-secret')))).toBeUndefined()
    },
  )

  test('a KDC that calls itself the same has other keys', async () => {
    const impostor = await startRealm()
    impostor.addPrincipal('alice', 'ticket-secret')
    expect(await acceptor.accept(tokenOf(impostor.kinit('alice', 'ticket-secret')))).toBeUndefined()
    await impostor.stop()
  })

  test('bytes of a good token that were changed', async () => {
    const token = tokenOf(realm.kinit('alice', 'ticket-secret'))
    for (const place of [60, Math.floor(token.length / 2), token.length - 1]) {
      const changed = Buffer.from(token)
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place)
      expect(await acceptor.accept(changed)).toBeUndefined()
    }
    expect(await acceptor.accept(token.subarray(0, token.length - 1))).toBeUndefined()
  })

  test('a token outside SPNEGO', async () => {
    const bare = tokenOf(realm.kinit('alice', 'ticket-secret'), 'GSS_MECH_OID_KRB5')
    expect(offersKerberos(bare)).toBe(false)
    expect(await acceptor.accept(bare)).toBeUndefined()
  })

  test.each([
    ['NTLM', Buffer.from('4e544c4d5353500001000000', 'hex')],
    ['NTLM within SPNEGO', Buffer.from('601e06062b0601050502a0143012a010300e060a2b06010401823702020a', 'hex')],
    ['nothing', Buffer.alloc(0)],
    ['noise', Buffer.from('hello')],
    ['a length without end', Buffer.from('6084ffffffff', 'hex')],
    ['more than 48 KiB', Buffer.alloc(48 * 1024 + 1, 0x60)],
  ])('refuses %s', async (_, token) => {
    expect(offersKerberos(token)).toBe(false)
    expect(await acceptor.accept(token)).toBeUndefined()
  })
})
