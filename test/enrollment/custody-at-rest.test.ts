// What lies in the database of a key in custody: nothing in clear, and nothing that opens anywhere but in its own row.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPrivateKey } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseProjectName } from '../../src/domain/project-name.ts'
import { parseUserName } from '../../src/domain/user-name.ts'
import type { CustodyStore, KeptKey } from '../../src/enrollment/custody-store.ts'
import { renewKeptKeys } from '../../src/enrollment/custody.ts'
import { memberKeyContext } from '../../src/enrollment/sealed-keys.ts'
import { actContext, NOBODY, openInstallation } from '../../src/main/installation.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { expectStatus, TestService } from '../support/test-service.ts'

let service: TestService
let passphrase = ''
let pkcs8: Buffer

beforeAll(async () => {
  service = await TestService.start()
  const owner = await service.addProject('vision', 'olivia')
  expectStatus(await service.put('/v1/projects/vision/settings', { custody: true }, owner), 200)
  const alice = await service.addMember('vision', 'alice', owner)
  await service.addMember('vision', 'bruno', owner)
  const path = '/v1/projects/vision/members/alice/keystore?format=pem'
  const { json } = expectStatus(await service.get(path, alice), 200)
  const store = json['keyStore'] as { passphrase: string; contents: string }
  passphrase = store.passphrase
  pkcs8 = createPrivateKey({ key: store.contents, passphrase }).export({ type: 'pkcs8', format: 'der' })
  await service.stop()
})
afterAll(() => service.close())

test('lesson 11: neither key nor passphrase lies in clear in any file of the installation', () => {
  const folder = service.configuration.dataFolder
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(files.length).toBeGreaterThan(1)
  // The scalar of a P-256 key, whatever form the key is written in.
  const scalar = pkcs8.subarray(36, 68)
  for (const { parentPath, name } of files) {
    const bytes = readFileSync(join(parentPath, name))
    expect([name, bytes.includes(scalar), bytes.includes(passphrase)]).toEqual([name, false, false])
  }
})

test('rule 38: a sealed key opens in its own row alone, for its own member, installation and version', async () => {
  const { storage, keyStore, facts, policy } = await openInstallation(service.configuration, NOBODY)
  try {
    const project = parseProjectName('vision', policy.names)
    const keptOf = async (user: string): Promise<KeptKey> => {
      const kept = await storage.read((view) => view.keptKey(project, parseUserName(user, policy.names), 'none'))
      if (kept === undefined) throw new Error(`no key of ${user} is kept`)
      return kept
    }
    const [alice, bruno] = [await keptOf('alice'), await keptOf('bruno')]
    const installation = facts?.installation ?? ''
    const place = memberKeyContext(installation, alice)
    const opened = Buffer.from(keyStore.openEntrusted(alice.sealedKey, place))
    expect(opened.includes(pkcs8.subarray(36, 68))).toBe(true)
    const elsewhere = [
      memberKeyContext(installation, bruno),
      memberKeyContext(`${installation}x`, alice),
      memberKeyContext(installation, { ...alice, user: bruno.user }),
      memberKeyContext(installation, { ...alice, keyFingerprint: bruno.keyFingerprint }),
      { ...place, table: 'issuers' },
      { ...place, keyVersion: 2 },
      { ...place, purpose: 'issuer' as const },
    ]
    for (const context of elsewhere) {
      expect(() => keyStore.openEntrusted(alice.sealedKey, context)).toThrow(
        expect.objectContaining({ code: 'seal_broken' }),
      )
    }
    // Fresh nonces and a data key of its own: the same secret never twice the same.
    const [under] = keyStore.masterKeys
    const again = [keyStore.sealEntrusted(opened, place, under), keyStore.sealEntrusted(opened, place, under)]
    expect(again[0]).not.toEqual(again[1])
  } finally {
    await storage.close()
  }
})

test('a key that does not open keeps no other waiting, and is not counted as renewed', async () => {
  const clock = new SettableClock()
  const opened = await openInstallation(service.configuration, NOBODY, clock)
  try {
    const { storage, policy } = opened
    const project = parseProjectName('vision', policy.names)
    const kept = (tx: CustodyStore, user: string) => tx.keptKey(project, parseUserName(user, policy.names), 'none')
    const before = await storage.read((view) => kept(view, 'bruno'))
    await storage.run(async (tx) => {
      const alice = await kept(tx, 'alice')
      if (alice !== undefined && before !== undefined) await tx.putKeptKey({ ...alice, sealedKey: before.sealedKey })
    })
    clock.pass(17 * 3600)
    const failures: unknown[] = []
    const renew = () => renewKeptKeys(actContext(opened), (error) => failures.push(error))
    expect([await renew(), await renew()]).toEqual([1, 0])
    expect(failures).toMatchObject([{ code: 'seal_broken' }, { code: 'seal_broken' }])
    expect((await storage.read((view) => kept(view, 'bruno')))?.serial).not.toBe(before?.serial)
  } finally {
    await opened.storage.close()
  }
})
