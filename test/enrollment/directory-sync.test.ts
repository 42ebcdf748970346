// Members held in step with the groups of a real slapd, on both stores: what a run does, what it leaves alone, and what waits
// for a confirmation. Each provider of the configuration has a project and groups of its own, so that no test is in another's way.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ProjectRole } from '../../src/domain/change.ts'
import { parseProjectName } from '../../src/domain/project-name.ts'
import { parseUserName } from '../../src/domain/user-name.ts'
import type { ActContext } from '../../src/enrollment/act-context.ts'
import type { DirectorySource } from '../../src/enrollment/directory-source.ts'
import { syncWhenDue } from '../../src/enrollment/directory-sync.ts'
import { type SyncStep, takeStep } from '../../src/enrollment/sync-steps.ts'
import { actContext, type OpenInstallation, openInstallation } from '../../src/main/installation.ts'
import { lookUp } from '../../src/signin/ldap-sign-in.ts'
import { readDirectory } from '../../src/signin/ldap-source.ts'
import { codeOf, signet } from '../cli/command-line.ts'
import { leavesNothing } from '../http/stored.ts'
import { at, group, GROUPS, PEOPLE, person, settingsFor, unit } from '../signin/ldap-directory.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type ClientIdentity, known } from '../support/https-client.ts'
import { SERVICE, type Slapd, slapdIsInstalled, startSlapd } from '../support/slapd.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

const missing = !slapdIsInstalled() && process.env['CI'] !== 'true'

const PROVIDERS = ['steps', 'theirs', 'brake', 'owners', 'strict', 'kept', 'quota', 'unread', 'race'] as const
type Provider = (typeof PROVIDERS)[number]
const NAMES = Array.from({ length: 8 }, (_, index) => `m${String(index + 1)}`)
const SIX = NAMES.slice(0, 6)
const dn = (name: string): string => `cn=${name},${GROUPS}`
const membersLdif = (people: readonly string[]): string =>
  (people.length === 0 ? [`cn=nobody,${GROUPS}`] : people.map(at)).map((value) => `member: ${value}\n`).join('')

describe.skipIf(missing)('a directory sync', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-sync-'))
  let slapd: Slapd

  beforeAll(async () => {
    const groups = PROVIDERS.flatMap((name) => [group(name), group(`${name}-owners`)])
    slapd = await startSlapd(
      [unit(PEOPLE), unit(GROUPS), ...NAMES.map((name) => person(name)), ...groups, group('more')].join(''),
    )
    writeFileSync(join(folder, 'bind'), SERVICE.password)
    writeFileSync(join(folder, 'ca.pem'), slapd.ca)
  })
  afterAll(async () => {
    await slapd.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function entry(name: Provider) {
    return {
      kind: 'ldap',
      url: `ldaps://localhost:${String(slapd.server('ldaps').port)}`,
      caFile: join(folder, 'ca.pem'),
      bindDn: SERVICE.dn,
      bindPasswordFile: join(folder, 'bind'),
      timeout: '1s',
      users: { base: PEOPLE },
      groups: { base: GROUPS },
      sync: {
        // None but those that the tests ask for, and the one at the start.
        every: '1d',
        vanished: name === 'strict' ? 'block' : 'leave',
        groups: [
          { group: dn(name), project: name, role: 'scientist' },
          { group: dn(`${name}-owners`), project: name, role: 'owner' },
        ],
      },
    }
  }

  const setGroup = (name: string, ...people: string[]): void =>
    slapd.modify(`dn: ${dn(name)}\nchangetype: modify\nreplace: member\n${membersLdif(people)}`)

  const providers = () => JSON.stringify(Object.fromEntries(PROVIDERS.map((name) => [name, entry(name)])))

  onBothStores(
    'a sync',
    () => ({ flags: { 'signIn.providers': providers() } }),
    (running) => {
      let service: TestService
      const owners = new Map<Provider, Certified>()
      const subjects = new Map<string, string>()

      beforeAll(async () => {
        service = running()
        for (const name of PROVIDERS) {
          setGroup(name)
          setGroup(`${name}-owners`)
        }
        for (const name of NAMES) {
          const found = await lookUp(settingsFor(slapd), name)
          subjects.set(name, found === 'refused' ? '' : found.subject)
          await service.addUser(name)
        }
        for (const name of PROVIDERS) {
          owners.set(name, await service.addProject(name, `${name}owner`))
          for (const user of NAMES) await link(name, user, subjects.get(user))
          await vi.waitFor(async () => expect((await overview(name))['doneAt']).toBeDefined(), 10_000)
        }
      })

      async function link(provider: Provider, user: string, subject: unknown): Promise<void> {
        const made = await service.post(`/v1/users/${user}/links`, { provider, subject }, service.admin)
        expectStatus(made, 201)
      }
      const path = (provider: string): string => `/v1/directory/sync/${provider}`
      const run = (provider: Provider, confirm?: unknown, by: ClientIdentity = service.admin) =>
        service.post(path(provider), confirm === undefined ? {} : { confirm }, by)
      async function overview(provider: Provider): Promise<Record<string, unknown>> {
        return expectStatus(await service.get(path(provider), service.admin), 200).json
      }
      const done = async (provider: Provider, confirm?: unknown) => expectStatus(await run(provider, confirm), 200).json
      /** Active members but the first owner, as `USER ROLE`. */
      async function members(project: Provider, of = owners.get(project)): Promise<readonly string[]> {
        const { json } = expectStatus(await service.get(`/v1/projects/${project}/members?limit=100`, of), 200)
        const all = json['members'] as { user: string; role: string; status: string }[]
        const shown = all.filter(({ user, status }) => status === 'active' && user !== `${project}owner`)
        return shown.map(({ user, role }) => `${user} ${role}`)
      }
      async function events(act: string): Promise<readonly Record<string, unknown>[]> {
        const { json } = await service.get('/v1/audit?limit=100', service.admin)
        return (json['events'] as Record<string, unknown>[]).filter((event) => event['act'] === act)
      }
      const enrol = (project: Provider, user: string): Promise<Certified> =>
        service.enrol(project, user, owners.get(project) ?? service.admin)
      const command = (...words: string[]) => {
        const { certificate: SIGNET_CERT, key: SIGNET_KEY, trust: SIGNET_CA } = service.init.files
        const environment = { SIGNET_URL: service.url, SIGNET_CA, SIGNET_CERT, SIGNET_KEY }
        return signet(['directory', 'sync', ...words], { environment })
      }
      const certificate = async (serial: string) =>
        (await service.get(`/v1/certificates/${serial}`, service.admin)).json

      test('who joins a group becomes a member, whose role follows, and who leaves loses all that they hold', async () => {
        setGroup('steps', 'm1', 'm2')
        expect(await done('steps')).toMatchObject({ added: 2, changed: 0, removed: 0, blocked: 0, heldBack: [] })
        expect(await members('steps')).toEqual(['m1 scientist', 'm2 scientist'])
        expect((await events('member.add'))[0]).toMatchObject({ actor: 'sync:steps', object: 'member:steps__m2' })
        expect((await events('directory.sync'))[0]).toMatchObject({
          actor: 'admin:root-admin',
          object: 'provider:steps',
          details: { added: 2 },
        })
        const { serial } = await enrol('steps', 'm2')
        setGroup('steps', 'm1')
        setGroup('steps-owners', 'm1')
        expect(await done('steps')).toMatchObject({ added: 0, changed: 1, removed: 1 })
        expect(await members('steps')).toEqual(['m1 owner'])
        expect(await certificate(serial)).toMatchObject({ status: 'revoked', reason: 'affiliationChanged' })
        const again = await done('steps')
        expect(again).toMatchObject({ added: 0, changed: 0, removed: 0 })
      })

      test('what others added is theirs, and members of blocked users are left alone', async () => {
        const by = owners.get('theirs')
        expectStatus(await service.put('/v1/projects/theirs/members/m1', { role: 'scientist' }, by), 201)
        setGroup('theirs', 'm2')
        expectStatus(await service.post('/v1/users/m2/block', undefined, service.admin), 200)
        expect(await done('theirs')).toMatchObject({ added: 0, removed: 0 })
        expectStatus(await service.post('/v1/users/m2/unblock', undefined, service.admin), 200)
        expect(await done('theirs')).toMatchObject({ added: 1, removed: 0 })
        expectStatus(await service.post('/v1/users/m2/block', undefined, service.admin), 200)
        setGroup('theirs')
        expect(await done('theirs')).toMatchObject({ removed: 0 })
        expect(await members('theirs')).toEqual(['m1 scientist', 'm2 scientist'])
        expectStatus(await service.post('/v1/users/m2/unblock', undefined, service.admin), 200)
      })

      test('rule 25: too many removals wait for the confirmation of exactly that plan', async () => {
        setGroup('brake', ...NAMES)
        await done('brake')
        const { serial } = await enrol('brake', 'm1')
        setGroup('brake', 'm7', 'm8')
        const refused = await run('brake')
        expect(known(refused)).toEqual({ status: 409, code: 'sync_waits' })
        const first = (refused.json['facts'] as Record<string, unknown>)['digest']
        expect(refused.json['facts']).toMatchObject({ brakes: ['many_removals'], remove: 6, add: 0 })
        expect(await members('brake')).toHaveLength(8)
        expect(await certificate(serial)).toMatchObject({ status: 'good' })
        const shown = await command('--provider', 'brake', '--plan')
        expect(shown.stdout.split('\n')).toEqual([
          ...SIX.map((user) => `remove brake__${user} (scientist)`),
          'waits for a confirmation: many_removals',
          `digest ${String(first)}`,
          '',
        ])
        const tried = await command('--provider', 'brake')
        expect([tried.status, codeOf(tried)]).toEqual([1, 'sync_waits'])
        expect(await overview('brake')).toMatchObject({
          waiting: { digest: first, remove: SIX.map((user) => ({ user })) },
        })
        const waits = (await events('directory.wait')).filter(({ object }) => object === 'provider:brake')
        expect(waits).toMatchObject([{ actor: 'admin:root-admin', details: { digest: first, remove: 6 } }])
        // Told once, however often it is run.
        expect(known(await leavesNothing(service, () => run('brake')))).toEqual({ status: 409, code: 'sync_waits' })
        await vi.waitFor(async () => {
          expect(await (await fetch(`${service.operationsUrl}/readyz`)).text()).toContain('waits for a confirmation')
          const figures = await (await fetch(`${service.operationsUrl}/metrics`)).text()
          expect(figures).toContain('signet_directory_sync_waiting{provider="brake"} 1')
        }, 15_000)

        const other = known(await leavesNothing(service, () => run('brake', 'ab'.repeat(32))))
        expect(other).toEqual({ status: 409, code: 'sync_plan_changed' })
        // Another plan than the one that was seen.
        setGroup('brake', 'm8')
        const stale = await run('brake', first)
        expect(known(stale)).toEqual({ status: 409, code: 'sync_plan_changed' })
        expect(await members('brake')).toHaveLength(8)
        const second = (stale.json['facts'] as Record<string, unknown>)['digest']
        const confirmed = await command('--provider', 'brake', '--confirm', String(second))
        expect(confirmed.stdout).toBe('brake: 0 added, 0 changed, 7 removed, 0 blocked\n')
        expect(await members('brake')).toEqual(['m8 scientist'])
        expect(await certificate(serial)).toMatchObject({ status: 'revoked' })
        expect((await overview('brake'))['waiting']).toBeUndefined()
        // A client that lost the answer asks again.
        expect(await done('brake', second)).toMatchObject({ removed: 0 })
      })

      test('rule 25: five removals are done, and an emptied group waits', async () => {
        setGroup('brake', ...NAMES)
        await done('brake')
        setGroup('brake', ...NAMES.slice(5))
        expect(await done('brake')).toMatchObject({ removed: 5 })
        setGroup('brake')
        const refused = await run('brake')
        expect(refused.json).toMatchObject({ code: 'sync_waits', facts: { brakes: ['emptied'], remove: 3 } })
        setGroup('brake', ...NAMES.slice(5))
        expect(await done('brake')).toMatchObject({ removed: 0 })
      })

      test('rule 25: the last owner waits for a confirmation', async () => {
        setGroup('owners-owners', 'm1')
        await done('owners')
        const owner = await enrol('owners', 'm1')
        const left = await service.send({ method: 'DELETE', path: '/v1/projects/owners/members/ownersowner' }, owner)
        expectStatus(left, 200)
        setGroup('owners-owners')
        setGroup('owners', 'm2')
        const refused = await run('owners')
        expect(refused.json).toMatchObject({ code: 'sync_waits', facts: { brakes: ['last_owner'], add: 1, remove: 1 } })
        expect(await members('owners', owner)).toEqual(['m1 owner'])
        expect(await done('owners', (refused.json['facts'] as Record<string, unknown>)['digest'])).toMatchObject({
          added: 1,
          removed: 1,
        })
      })

      test('linked users who are gone are blocked where the entry says so, never the last administrator', async () => {
        const lost = '00000000-0000-4000-8000-000000000001'
        await service.addUser('lost')
        await link('strict', 'lost', lost)
        // Of two links of one user one is left.
        await link('strict', 'm3', '00000000-0000-4000-8000-000000000002')
        expectStatus(
          await service.put('/v1/projects/strict/members/lost', { role: 'scientist' }, owners.get('strict')),
          201,
        )
        const { serial } = await enrol('strict', 'lost')
        expect(await done('strict')).toMatchObject({ blocked: 1, heldBack: [] })
        expect(await certificate(serial)).toMatchObject({ status: 'revoked', reason: 'privilegeWithdrawn' })
        await link('strict', 'root-admin', '00000000-0000-4000-8000-000000000003')
        const heldBack = [{ of: 'user:root-admin', code: 'last_administrator' }]
        expect(await done('strict')).toMatchObject({ blocked: 0, heldBack })
        expect((await service.get('/v1/me', service.admin)).status).toBe(200)
      })

      test('in a project in custody a member who is added gets a kept key', async () => {
        const by = owners.get('kept')
        expectStatus(await service.put('/v1/projects/kept/settings', { custody: true }, by), 200)
        setGroup('kept', 'm1')
        expect(await done('kept')).toMatchObject({ added: 1 })
        const { json } = await service.get('/v1/certificates?limit=10&identity=member:kept__m1', service.admin)
        expect(json['certificates']).toMatchObject([
          { status: 'good', obtainedWith: 'custody', requester: 'sync:kept' },
        ])
      })

      test('an owner for whom the quota leaves no room is held back, and the others are not', async () => {
        expectStatus(await service.put('/v1/users/m4/quota', { projects: 0 }, service.admin), 200)
        setGroup('quota-owners', 'm4')
        setGroup('quota', 'm5')
        const heldBack = [{ of: 'member:quota__m4', code: 'quota_exceeded' }]
        expect(await done('quota')).toMatchObject({ added: 1, heldBack })
        expect(await members('quota')).toEqual(['m5 scientist'])
      })

      test.each<[string, () => void, () => void]>([
        ['a directory that does not answer', () => slapd.freeze(), () => slapd.thaw()],
        [
          'a group that is not there',
          () => slapd.modify(`dn: ${dn('unread-owners')}\nchangetype: delete\n`),
          () => slapd.modify(group('unread-owners').replace('\n', '\nchangetype: add\n')),
        ],
        [
          'a referral where a group was',
          () => {
            slapd.modify(`dn: ${dn('unread-owners')}\nchangetype: delete\n`)
            slapd.modify(
              `dn: ${dn('unread-owners')}\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\ncn: unread-owners\nref: ldap://127.0.0.1:9/${dn('unread-owners')}\n`,
            )
          },
          () => {
            slapd.modify(`dn: ${dn('unread-owners')}\nchangetype: delete\n`)
            slapd.modify(group('unread-owners').replace('\n', '\nchangetype: add\n'))
          },
        ],
      ])('rule 25: %s changes nothing', async (_, breakIt, mend) => {
        setGroup('unread', 'm1')
        await done('unread')
        setGroup('unread', 'm2')
        breakIt()
        try {
          const refused = await run('unread')
          expect(known(refused)).toEqual({ status: 503, code: 'sync_unread' })
          expect((await overview('unread'))['unread']).toEqual(expect.any(String))
          expect(known(await leavesNothing(service, () => run('unread', 'ab'.repeat(32)))).code).toBe('sync_unread')
        } finally {
          mend()
        }
        expect((await events('directory.wait'))[0]).toMatchObject({ object: 'provider:unread' })
        expect(await members('unread')).toEqual(['m1 scientist'])
        expect(await done('unread')).toMatchObject({ added: 1, removed: 1 })
      })

      test('a provider without sync, and what is no digest', async () => {
        expect(known(await service.post(path('nobody'), {}, service.admin)).code).toBe('sync_unknown')
        expect(known(await run('steps', 'ABC')).code).toBe('body_rejected')
      })

      describe('two processes', () => {
        let opened: OpenInstallation
        let context: ActContext
        beforeAll(async () => {
          opened = await openInstallation(service.configuration)
          context = actContext(opened)
        })
        afterAll(() => opened.storage.close())

        const project = () => parseProjectName('race', context.policy.names)
        function source(read: DirectorySource['read']): DirectorySource {
          const groups = [{ group: dn('race'), project: project(), role: 'scientist' as const }]
          return { provider: 'race', groups, everySeconds: 60, vanished: 'leave', read }
        }
        const makeDue = () =>
          opened.storage.run(async (tx) => {
            await tx.putSyncRecord({ ...(await tx.syncRecord('race')), nextAt: new Date(0) })
          })
        const reading = (subjectsOf: readonly string[]) => readDirectory(settingsFor(slapd), [dn('race')], subjectsOf)

        test('rule 29: of two that find it due at once one runs it', async () => {
          setGroup('race', 'm1')
          await makeDue()
          let reads = 0
          const counted = source(async (wanted) => {
            reads += 1
            return reading(wanted)
          })
          const records = await Promise.all([syncWhenDue(context, counted), syncWhenDue(context, counted)])
          expect(reads).toBe(1)
          expect(records.map((record) => record?.provider)).toEqual(['race', 'race'])
          expect(await members('race')).toEqual(['m1 scientist'])
        })

        test('rule 29: a reading from before another run changes nothing', async () => {
          await makeDue()
          const slow = source(async (wanted) => {
            const before = await reading(wanted)
            setGroup('race', 'm1', 'm2')
            await done('race')
            return before
          })
          await syncWhenDue(context, slow)
          expect(await members('race')).toEqual(['m1 scientist', 'm2 scientist'])
        })

        test('rule 25: unconfirmed the last owner stays, whatever was planned', async () => {
          const { names } = context.policy
          const member = (role: ProjectRole) => ({
            project: parseProjectName('owners', names),
            user: parseUserName('m2', names),
            role,
          })
          const take = (step: SyncStep, lastOwner: 'stays' | 'confirmed' = 'stays') =>
            opened.storage.run((tx) =>
              takeStep(context, tx, { provider: 'owners', origin: { requestId: '' }, lastOwner }, step, undefined),
            )
          expect(await take({ kind: 'change', member: member('owner') })).toBeUndefined()
          const steps: readonly SyncStep[] = [
            { kind: 'remove', member: member('owner') },
            { kind: 'change', member: member('scientist') },
            { kind: 'block', user: member('owner').user },
          ]
          for (const step of steps) {
            const held = await leavesNothing(service, () => take(step))
            expect(held, step.kind).toMatchObject({ code: 'last_owner' })
          }
          expect(await take({ kind: 'remove', member: member('owner') }, 'confirmed')).toBeUndefined()
        })

        test.each<[string, 'add' | 'change' | 'remove' | 'block', string, ProjectRole]>([
          ['a member is there already', 'add', 'm1', 'scientist'],
          ['a user is not linked', 'add', 'stepsowner', 'scientist'],
          ['a role is that already', 'change', 'm1', 'scientist'],
          ['a member is gone', 'change', 'm8', 'owner'],
          ['a member was added by another', 'remove', 'raceowner', 'owner'],
          ['a role is another', 'remove', 'm1', 'owner'],
          ['whom a block means is not linked', 'block', 'stepsowner', 'scientist'],
        ])('rule 25: a plan that does not fit any more is refused: %s', async (_, kind, name, role) => {
          const user = parseUserName(name, context.policy.names)
          const step: SyncStep =
            kind === 'block' ? { kind, user } : { kind, member: { project: project(), user, role } }
          const taken = () =>
            opened.storage.run((tx) =>
              takeStep(
                context,
                tx,
                { provider: 'race', origin: { requestId: '' }, lastOwner: 'stays' },
                step,
                undefined,
              ),
            )
          await leavesNothing(service, () => expect(taken()).rejects.toMatchObject({ code: 'sync_plan_changed' }))
        })
      })
    },
  )
})
