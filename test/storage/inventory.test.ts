// The inventory's contract (ca/inventory.ts): certificates, keys, and the list with its plan.
import { describe, expect, it } from 'vitest'
import type { CertificateFilter, CertificateRecord, Inventory } from '../../src/ca/inventory.ts'
import type { ProjectName } from '../../src/domain/project-name.ts'
import type { PageRequest } from '../../src/domain/transactions.ts'
import type { StorageTx } from '../../src/storage/tables.ts'
import { NOW, onBothDatabases } from './databases.ts'
import { certificate, codeOf, digest, seconds, serial, USERS_1 } from './fixtures.ts'

onBothDatabases('the inventory', (fresh) => {
  const opened = async () => (await (await fresh()).open()).storage

  it('gives back what it was given', async () => {
    const storage = await opened()
    const full = certificate(1, { renewUntil: seconds(99), status: 'held', revokedAt: NOW, reason: 'certificateHold' })
    const { project, ...bare } = certificate(2)
    expect(project).toBe('FRAUD')
    await storage.run(async (tx) => {
      await tx.insertCertificate(full)
      await tx.insertCertificate(bare)
    })
    expect(await storage.run((tx) => tx.certificate(serial(1), 'update'))).toEqual(full)
    expect(await storage.read((view) => view.certificate(serial(2), 'update'))).toEqual(bare)
    expect(await storage.run((tx) => tx.certificate(serial(3), 'share'))).toBeUndefined()
  })

  it.each<[string, (tx: StorageTx) => Promise<unknown>, string]>([
    ['a serial number twice', (tx) => tx.insertCertificate(certificate(1)), 'record_exists'],
    ['a revocation of nothing', (tx) => tx.updateRevocation(certificate(9)), 'record_missing'],
    ["another identity's key", (tx) => tx.claimKey(digest('key 1'), 'member:FRAUD__bob'), 'key_of_another_identity'],
    ['a compromised key of its own', (tx) => tx.claimKey(digest('lost'), 'member:FRAUD__ann'), 'key_compromised'],
    ['a compromised key of another', (tx) => tx.claimKey(digest('lost'), 'member:FRAUD__bob'), 'key_compromised'],
    ['a compromised key that nobody had', (tx) => tx.claimKey(digest('found'), 'x'), 'key_compromised'],
  ])('refuses %s', async (_, act, code) => {
    const storage = await opened()
    await storage.run(async (tx) => {
      await tx.insertCertificate(certificate(1))
      await tx.claimKey(digest('key 1'), 'member:FRAUD__ann')
      await tx.claimKey(digest('lost'), 'member:FRAUD__ann')
      await tx.markKeyCompromised(digest('lost'))
      await tx.markKeyCompromised(digest('found'))
    })
    expect(await codeOf(storage.run(act))).toBe(code)
    await storage.run((tx) => tx.claimKey(digest('key 1'), 'member:FRAUD__ann'))
  })

  it('knows the live certificates of an identity to the second', async () => {
    const storage = await opened()
    const ending = (end: number, more: Partial<CertificateRecord> = {}) => ({
      validity: { notBefore: NOW, notAfter: seconds(end) },
      ...more,
    })
    await storage.run(async (tx) => {
      await tx.insertCertificate(certificate(1, ending(60)))
      await tx.insertCertificate(certificate(2, ending(60, { status: 'held' })))
      await tx.insertCertificate(certificate(3, ending(60, { status: 'revoked' })))
      await tx.insertCertificate(certificate(4, ending(600, { identity: 'member:FRAUD__bob' })))
    })
    const live = async (at: Date) =>
      (await storage.run((tx) => tx.liveCertificatesOf('member:FRAUD__ann', at))).map((found) => found.serial)
    expect(await live(new Date(seconds(60).getTime() + 999))).toEqual([serial(1), serial(2)])
    expect(await live(seconds(61))).toEqual([])
  })

  it('changes status, date and reason, and back', async () => {
    const storage = await opened()
    await storage.run((tx) => tx.insertCertificate(certificate(1)))
    const held = certificate(1, { status: 'held', revokedAt: NOW, reason: 'certificateHold' })
    await storage.run((tx) => tx.updateRevocation(held))
    expect(await storage.run((tx) => tx.certificate(serial(1), 'none'))).toEqual(held)
    await storage.run((tx) => tx.updateRevocation(certificate(1)))
    expect(await storage.run((tx) => tx.certificate(serial(1), 'none'))).toEqual(certificate(1))
  })

  describe('lists', () => {
    const some: readonly CertificateRecord[] = [
      certificate(1),
      certificate(2, {
        identity: 'member:FRAUD__bob',
        commonName: 'FRAUD__bob',
        requester: 'service:launcher.internal',
      }),
      certificate(3, { status: 'revoked', revokedAt: NOW, reason: 'superseded' }),
      certificate(4, { validity: { notBefore: seconds(-900), notAfter: seconds(-1) } }),
      certificate(5, { validity: { notBefore: seconds(-900), notAfter: seconds(-600) }, status: 'held' }),
      certificate(6, {
        profile: 'service',
        issuer: 'services-1' as typeof USERS_1,
        identity: 'service:a',
        commonName: 'a',
      }),
      certificate(7, { validity: { notBefore: NOW, notAfter: seconds(60) }, project: 'OTHER' as ProjectName }),
    ]

    it.each<[string, CertificateFilter, readonly number[]]>([
      ['everything, newest first', {}, [7, 6, 5, 4, 3, 2, 1]],
      ['by identity', { identity: 'member:FRAUD__bob' }, [2]],
      ['by common name', { commonName: 'FRAUD__ann' }, [7, 5, 4, 3, 1]],
      ['by common name without a pattern', { commonName: 'FRAUD__an%' }, []],
      ['by requester: own and for others', { requester: 'member:FRAUD__ann' }, [7, 6, 5, 4, 3, 1]],
      ['by another requester', { requester: 'service:launcher.internal' }, [2]],
      ['by project', { project: 'OTHER' }, [7]],
      ['by profile', { profile: 'service' }, [6]],
      ['by issuer', { issuer: USERS_1, identity: 'member:FRAUD__ann' }, [7, 5, 4, 3, 1]],
      ['good ones, what ends first first', { status: 'good' }, [7, 1, 2, 6]],
      ['revoked ones', { status: 'revoked' }, [3]],
      ['held ones, but not past their end', { status: 'held' }, []],
      // 4 ended a second ago, 5 was held when it did.
      ['expired ones', { status: 'expired' }, [5, 4]],
      ['expired ones of an identity', { status: 'expired', identity: 'member:FRAUD__ann' }, [5, 4]],
      ['what ends before', { expiresBefore: seconds(61), status: 'good' }, [7]],
      ['what ends before, not that second', { expiresBefore: seconds(60), status: 'good' }, []],
      ['what ends before, ended ones too', { expiresBefore: seconds(61) }, [5, 4, 7]],
      ['all at once', { commonName: 'FRAUD__ann', project: 'FRAUD', status: 'revoked', profile: 'project-user' }, [3]],
    ])('%s, on one page and on many', async (_, filter, expected) => {
      const storage = await opened()
      await storage.run(async (tx) => {
        for (const record of some) await tx.insertCertificate(record)
      })
      const list = (page: PageRequest) => storage.read((view) => view.listCertificates(filter, NOW, page))
      const whole = await list({ limit: 100 })
      expect(numbersOf(whole.items)).toEqual(expected)
      expect(whole.cursor).toBeUndefined()
      expect(numbersOf(await allPages(list))).toEqual(expected)
    })

    const numbersOf = (items: readonly CertificateRecord[]) =>
      items.map((item) => some.findIndex((one) => one.serial === item.serial) + 1)

    it.each([
      ['nonsense', '%%%'],
      ['another list', Buffer.from('["AAAAAAAA",1]').toString('base64url')],
      ['too long', 'A'.repeat(10_000)],
      ['no JSON', Buffer.from('{').toString('base64url')],
      ['an object', Buffer.from('{}').toString('base64url')],
      ['empty', ''],
    ])('refuse a cursor that is %s', async (_, cursor) => {
      const storage = await opened()
      const list = storage.read((view) => view.listCertificates({}, NOW, { limit: 1, cursor }))
      expect(await codeOf(list)).toBe('cursor_rejected')
    })

    it('go on when what ends before an instant is asked for a moment later', async () => {
      const storage = await opened()
      await storage.run(async (tx) => {
        for (const n of [1, 2]) await tx.insertCertificate(certificate(n))
      })
      const list = (at: number, cursor?: string) =>
        storage.read((view) =>
          view.listCertificates({ expiresBefore: seconds(90_000 + at) }, seconds(at), {
            limit: 1,
            ...(cursor === undefined ? {} : { cursor }),
          }),
        )
      const first = await list(0)
      const second = await list(1, first.cursor)
      expect([...first.items, ...second.items].map((record) => record.serial)).toEqual([serial(1), serial(2)])
      // Without an end it is another list, in another order.
      const other = storage.read((view) => view.listCertificates({}, NOW, { limit: 1, cursor: first.cursor ?? '' }))
      expect(await codeOf(other)).toBe('cursor_rejected')
    })

    it('refuse a cursor of another filter, of other types and in another spelling', async () => {
      const storage = await opened()
      await storage.run(async (tx) => {
        for (const record of some) await tx.insertCertificate(record)
      })
      const { cursor = '' } = await storage.read((view) => view.listCertificates({}, NOW, { limit: 1 }))
      const [tag, position] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, number]
      const forged = (key: unknown[]) => Buffer.from(JSON.stringify([tag, ...key])).toString('base64url')
      const use = (filter: CertificateFilter, text: string) =>
        codeOf(storage.read((view) => view.listCertificates(filter, NOW, { limit: 1, cursor: text })))
      expect(await use({}, cursor)).toBe('none')
      expect(await use({ profile: 'service' }, cursor)).toBe('cursor_rejected')
      for (const key of [['1'], [position, position], [], [1.5], [null], [2 ** 60]]) {
        expect(await use({}, forged(key))).toBe('cursor_rejected')
      }
      expect(await use({}, `${cursor}=`)).toBe('cursor_rejected')
      expect(await use({}, `${cursor}!`)).toBe('cursor_rejected')
    })

    it.each([0, 1001, 1.5, -1])('refuse a limit of %s', async (limit) => {
      const storage = await opened()
      await expect(storage.read((view) => view.listCertificates({}, NOW, { limit }))).rejects.toThrow(RangeError)
    })
  })
})

async function allPages(
  list: (page: PageRequest) => ReturnType<Inventory['listCertificates']>,
): Promise<readonly CertificateRecord[]> {
  const all: CertificateRecord[] = []
  for (let page = await list({ limit: 1 }); ; page = await list({ limit: 1, cursor: page.cursor })) {
    all.push(...page.items)
    if (page.cursor === undefined) return all
  }
}
