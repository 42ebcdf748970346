// What a sync reads of a real slapd: members and who is gone, all of it or nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LdapSettings } from '../../src/signin/ldap-settings.ts'
import { signInWithPassword } from '../../src/signin/ldap-sign-in.ts'
import { readDirectory } from '../../src/signin/ldap-source.ts'
import { type Slapd, slapdIsInstalled, startSlapd, SUFFIX } from '../support/slapd.ts'
import { at, group, GROUPS, PEOPLE, person, settingsFor, unit } from './ldap-directory.ts'

const missing = !slapdIsInstalled() && process.env['CI'] !== 'true'
const dn = (name: string): string => `cn=${name},${GROUPS}`

describe.skipIf(missing)('rule 25: what a sync reads', () => {
  let slapd: Slapd
  const ids = new Map<string, string>()
  beforeAll(async () => {
    const entries = [unit(PEOPLE), unit(GROUPS), ...['alice', 'bob', 'carol'].map((name) => person(name))]
    const groups = [
      group('lab', at('alice'), at('gone'), `cn=inner,${GROUPS}`),
      group('inner', at('bob').toUpperCase(), dn('lab')),
    ]
    slapd = await startSlapd([...entries, ...groups].join(''))
    for (const name of ['alice', 'bob', 'carol']) {
      const identity = await signInWithPassword(settingsFor(slapd), { login: name, password: `${name}-secret` })
      ids.set(name, identity === 'refused' ? '' : identity.subject)
    }
  })
  afterAll(() => slapd.stop())
  const id = (name: string): string => ids.get(name) ?? ''
  const read = (groups: string[], subjects: string[] = [], change: Partial<LdapSettings> = {}) =>
    readDirectory({ ...settingsFor(slapd), ...change }, groups, subjects)

  test('members by their id, in groups in groups once around', async () => {
    expect(await read([dn('lab')])).toEqual({
      members: new Map([[dn('lab'), new Set([id('alice'), id('bob')])]]),
      gone: new Set(),
    })
  })
  test('who is gone; a link that is no id of a directory says nothing', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000'
    expect(await read([], [id('carol'), unknown, 'carol'])).toMatchObject({ gone: new Set([unknown]) })
  })
  test.each([
    ['a group that is not there', dn('nothing'), {}],
    ['an id that no entry has', dn('lab'), { users: { id: 'objectGUID' } }],
    ['a service that may not bind', dn('lab'), { bindPassword: 'wrong' }],
  ])('nothing at all: %s', async (_, name, change: object) => {
    const settings = settingsFor(slapd)
    const users = { ...settings.users, ...('users' in change ? (change.users as object) : {}) }
    expect(await read([name], [], { ...change, users })).toMatchObject({ kind: 'unread' })
  })
  test('nothing at all: a referral where the members may be', async () => {
    slapd.modify(
      `dn: ou=more,${PEOPLE}\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\nou: more\nref: ldap://127.0.0.1:9/ou=more,${SUFFIX}\n`,
    )
    expect(await read([], [id('alice')])).toMatchObject({ kind: 'unread' })
  })
})
