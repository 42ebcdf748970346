// Rotation of the master key with the service up, on both stores: what is re-sealed, what is refused, and that no row is left
// that neither key opens, whenever it is stopped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FileKeyStore } from '../../src/ca/keystore/file-key-store.ts'
import type { DataKeyUse } from '../../src/ca/keystore/key-store.ts'
import { makeMasterKeyFile, readMasterKey } from '../../src/ca/keystore/master-key.ts'
import { systemRandom } from '../../src/domain/clock.ts'
import {
  planRotation,
  rewritten,
  type Rotated,
  rotateMasterKey,
  type RotationMeans,
} from '../../src/enrollment/rotate-master-key.ts'
import { SEALED_KINDS, type SealedRow } from '../../src/enrollment/sealed-key-store.ts'
import { contextOf, nameOf } from '../../src/enrollment/sealed-keys.ts'
import { startService } from '../../src/main.ts'
import { NOBODY, openInstallation, type OpenInstallation } from '../../src/main/installation.ts'
import type { Configuration } from '../../src/ops/configuration.ts'
import type { StorageView } from '../../src/storage/tables.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { known } from '../support/https-client.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

const folder = mkdtempSync(join(tmpdir(), 'signet-master-keys-'))
/** Those that follow on the first one, which `init` makes. */
const NEXT = ['second', 'third', 'fourth'].map((name) => join(folder, name))
for (const path of NEXT) makeMasterKeyFile(path, systemRandom)
const [second = '', third = '', fourth = ''] = NEXT
afterAll(() => rmSync(folder, { recursive: true }))

const MEMBERS = 7

function keyAt(path: string) {
  return readMasterKey({ kind: 'file', path }, {})
}

function withKeys({ configuration }: TestService, file: string, next: string | undefined): Configuration {
  return { ...configuration, masterKey: { kind: 'file', path: file }, nextMasterKeyFile: next }
}

const code = (text: string, facts: object = {}) =>
  expect.objectContaining({ code: text, facts: expect.objectContaining(facts) as unknown }) as unknown

async function everyRow(view: StorageView): Promise<readonly SealedRow[]> {
  const found: SealedRow[] = []
  for (const kind of SEALED_KINDS) found.push(...(await view.sealedKeys(kind, undefined, 1000)))
  return found
}

onBothStores(
  'rotation of the master key',
  // The service holds every key that comes: what it seals goes under the one that the database says.
  () => ({ flags: { 'masterKey.nextFile': second } }),
  (running) => {
    const clock = new SettableClock()
    let service: TestService
    let owner: Certified
    let first: string
    let members = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'olivia')
      expectStatus(await service.put('/v1/projects/vision/settings', { custody: true }, owner), 200)
      for (let made = 0; made < MEMBERS; made += 1) await addMember()
      await addConnector()
      await addSidecar()
      const { masterKey } = service.configuration
      first = masterKey.kind === 'file' ? masterKey.path : ''
    })

    async function addConnector(): Promise<void> {
      const action = { action_type: 'predict', method: 'POST', url: 'https://models.internal/v1' }
      const connector = { name: 'c', protocol: 'http', credential: { key: 'secret' }, actions: [action] }
      const model = { name: 'remote', connector }
      expectStatus(await service.post('/_plugins/_ml/models/_register', model, service.admin), 200)
    }

    /** The key that signs its snapshots is made with the first of them. */
    async function addSidecar(): Promise<void> {
      const modelServer = await service.addService('model-1.internal')
      const host = 'resnet.internal'
      await service.addDeployment('resnet', { project: 'vision', host, service: 'model-1.internal' })
      const body = { service: 'model-1.internal', deployments: ['resnet'] }
      expectStatus(await service.put('/v1/sidecars/front', body, service.admin), 200)
      expectStatus(await service.get('/v1/sidecars/front/snapshot', modelServer), 200)
    }

    async function addMember(): Promise<void> {
      const user = `m${String((members += 1))}`
      await service.addUser(user)
      expectStatus(await service.put(`/v1/projects/vision/members/${user}`, { role: 'scientist' }, owner), 201)
    }

    async function withInstallation<Result>(
      configuration: Configuration,
      act: (opened: OpenInstallation, means: RotationMeans) => Promise<Result>,
    ): Promise<Result> {
      const opened = await openInstallation(configuration, NOBODY, clock)
      try {
        return await act(opened, {
          acts: opened.storage,
          reader: opened.storage,
          keyStore: opened.keyStore,
          installation: opened.facts?.installation ?? '',
          clock,
          actor: 'offline:admin',
          pause: async () => undefined,
          stop: new AbortController().signal,
          onProgress: () => undefined,
          batchRows: 3,
        })
      } finally {
        await opened.storage.close()
      }
    }

    function rotate(
      configuration: Configuration,
      dataKey: DataKeyUse = 'kept',
      changed: Partial<RotationMeans> = {},
    ): Promise<Rotated> {
      return withInstallation(configuration, (_, means) => rotateMasterKey({ ...means, ...changed }, dataKey))
    }

    const plan = (configuration: Configuration) => withInstallation(configuration, (_, means) => planRotation(means))

    function rows(): Promise<readonly SealedRow[]> {
      return withInstallation(service.configuration, ({ storage }) => storage.read(everyRow))
    }

    /** The rows that do not open with the key of this file alone. */
    function closedTo(path: string, all: readonly SealedRow[], installation: string): string[] {
      const key = keyAt(path)
      const store = new FileKeyStore([key], systemRandom)
      return all.flatMap(({ place, sealedKey }) => {
        try {
          store.reseal(sealedKey, contextOf(installation, place), key.id, 'kept')
          return []
        } catch {
          return [nameOf(place)]
        }
      })
    }

    const installationOf = () => service.init.installation

    test.each([
      ['without a next one', (): Configuration => withKeys(service, first, undefined), 'master_key_next_missing'],
      ['to the same', (): Configuration => withKeys(service, first, first), 'master_key_same'],
    ])('rule 38: %s it is refused, and nothing is written', async (_, configuration, expected) => {
      const before = await rows()
      await leavesNothing(service, async () => {
        await expect(rotate(configuration())).rejects.toEqual(code(expected))
        await expect(plan(configuration())).rejects.toEqual(code(expected))
      })
      expect(await rows()).toEqual(before)
    })

    test('rule 38: the plan counts every table and writes nothing', async () => {
      const before = await rows()
      const { from, to, counts } = await leavesNothing(service, () => plan(service.configuration))
      expect([from, to]).toEqual([keyAt(first).id, keyAt(second).id])
      expect(counts.member).toEqual({ resealed: MEMBERS, current: 0, broken: [] })
      expect(rewritten(counts)).toBe(before.length)
      for (const kind of SEALED_KINDS) expect([kind, counts[kind].resealed > 0]).toEqual([kind, true])
      expect(await rows()).toEqual(before)
    })

    test('rule 38: killed inside a transaction, every row opens with one of the two keys, and the next run finishes', async () => {
      const before = await rows()
      // Eight rows are in, and the ninth is in a transaction that is never committed.
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'rotation-process.ts'), JSON.stringify(service.configuration), '8'],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'exit')
      const between = await plan(service.configuration)
      expect(between.from).toBe(keyAt(second).id)
      expect(rewritten(between.counts)).toBeGreaterThan(0)
      expect(rewritten(between.counts)).toBeLessThan(before.length)
      for (const kind of SEALED_KINDS) expect(between.counts[kind].broken).toEqual([])
      // What the service makes now is under the new key already.
      await addMember()
      await expect(rotate(service.configuration)).rejects.toEqual(code('rotation_running'))
      clock.pass(5)
      const { counts } = await rotate(service.configuration)
      expect(rewritten(counts)).toBe(rewritten(between.counts))
      const after = await rows()
      expect(after).toHaveLength(before.length + 1)
      expect(closedTo(second, after, installationOf())).toEqual([])
      expect(closedTo(first, after, installationOf())).toHaveLength(after.length)
    })

    test('rule 38: a process without the new key does not start, and says what to do', async () => {
      await expect(startService(withKeys(service, first, undefined))).rejects.toEqual(
        code('master_key_not_held', { masterKey: keyAt(second).id, held: [keyAt(first).id] }),
      )
    })

    test('rule 38: the service starts with the new key alone', async () => {
      await service.stop()
      const alone = await startService(withKeys(service, second, undefined))
      await alone.stop()
      await service.restart()
    })

    test('rule 38: two at once: the second is refused; what the service makes meanwhile is under the new key', async () => {
      const configuration = withKeys(service, first, second)
      let asked = false
      const during = async (): Promise<void> => {
        if (asked) return
        asked = true
        await expect(rotate(configuration)).rejects.toEqual(code('rotation_running'))
        await addMember()
      }
      const before = await rows()
      await rotate(configuration, 'new', { pause: during })
      expect(asked).toBe(true)
      const after = await rows()
      expect(after).toHaveLength(before.length + 1)
      expect(closedTo(second, after, installationOf())).toEqual([])
      // New data keys: nothing of a row stays as it was.
      const known = new Set(before.map(({ sealedKey }) => Buffer.from(sealedKey.subarray(61)).toString('hex')))
      for (const { sealedKey } of after)
        expect(known).not.toContain(Buffer.from(sealedKey.subarray(61)).toString('hex'))
    })

    test('rule 38: told to stop, it stops after a batch and is finished by the next run', async () => {
      const configuration = withKeys(service, second, third)
      const stop = new AbortController()
      const stopping = rotate(configuration, 'kept', {
        stop: stop.signal,
        pause: async () => stop.abort(),
      })
      await expect(stopping).rejects.toEqual(code('rotation_stopped'))
      const left = await plan(configuration)
      expect(left.from).toBe(left.to)
      expect(rewritten(left.counts)).toBeGreaterThan(0)
      // The lease is let go: nobody waits.
      const { counts } = await rotate(configuration)
      expect(rewritten(counts)).toBe(rewritten(left.counts))
      expect(closedTo(third, await rows3(), installationOf())).toEqual([])
    })

    /** The database says the third key by now. */
    function rows3(): Promise<readonly SealedRow[]> {
      return withInstallation(withKeys(service, third, undefined), ({ storage }) => storage.read(everyRow))
    }

    test('rule 38: a running process that lacks the new key seals nothing, and warns in its readiness', async () => {
      await service.addUser('nora')
      const add = () => service.put('/v1/projects/vision/members/nora', { role: 'scientist' }, owner)
      expect(known(await leavesNothing(service, add))).toEqual({ status: 503, code: 'master_key_not_held' })
      const readiness = (await (await fetch(`${service.operationsUrl}/readyz`)).json()) as {
        ready: boolean
        warnings: { check: string; fix: string }[]
      }
      expect(readiness.ready).toBe(true)
      expect(readiness.warnings.find(({ check }) => check === 'master key')?.fix).toMatch(/masterKey\.nextFile/)
    })

    test('rule 38: a row that neither key opens is named and left as it is, and all others are re-sealed', async () => {
      const configuration = withKeys(service, third, fourth)
      const all = await rows3()
      const victim = all.find(({ place }) => place.kind === 'member' && place.user === 'm3')
      const other = all.find(({ place }) => place.kind === 'member' && place.user === 'm4')
      if (victim === undefined || other === undefined) throw new Error('no such members')
      // Moved from the row of another: the same master key, and another place.
      await withInstallation(configuration, ({ storage }) =>
        storage.run((tx) => tx.replaceSealedKey(victim, other.sealedKey)),
      )
      const name = 'member_keys vision__m3'
      expect((await plan(configuration)).counts.member.broken).toEqual([name])
      for (const again of [1, 2]) {
        await expect(rotate(configuration), String(again)).rejects.toEqual(
          code('sealed_keys_broken', { broken: 1, rows: [name] }),
        )
      }
      const after = await withInstallation(configuration, ({ storage }) =>
        storage.read((view) => view.sealedKeys('member', undefined, 1000)),
      )
      expect(closedTo(fourth, after, installationOf())).toEqual([name])
      const now = after.find(({ place }) => nameOf(place) === name)
      expect(Buffer.compare(now?.sealedKey ?? Buffer.of(), other.sealedKey)).toBe(0)
    })

    test('the audit record says who rotated, from which key to which', async () => {
      const { json } = await service.get('/v1/audit?limit=100', service.admin)
      const events = (json['events'] as { act: string; object: string; actor: string; details: object }[]).filter(
        ({ act }) => act.startsWith('master-key.'),
      )
      expect(events.at(-1)).toMatchObject({
        act: 'master-key.begin',
        actor: 'offline:admin',
        object: `master-key:${keyAt(second).id}`,
        details: { from: keyAt(first).id, to: keyAt(second).id, dataKeys: 'kept' },
      })
      expect(events.map(({ act }) => act)).toContain('master-key.rotate')
    })
  },
)
