// The contracts of the smaller stores: issuers, CRLs, tokens, enrolment, deployments, the installation and the audit log.
import { describe, expect, it } from 'vitest'
import type { IssuerRecord } from '../../src/ca/issuer-store.ts'
import type { IdempotencyScope } from '../../src/enrollment/enrolment-store.ts'
import { type CrlScope, fullScope } from '../../src/domain/crl-scope.ts'
import type { CrlRecord } from '../../src/revocation/crl-store.ts'
import type { StorageTx } from '../../src/storage/tables.ts'
import type { TokenKeyRecord } from '../../src/tokens/token-store.ts'
import { NOW, onBothDatabases } from './databases.ts'
import {
  addPeople,
  certificate,
  crl,
  codeOf,
  deployment,
  digest,
  dnsName,
  event,
  FRAUD,
  MODEL,
  project,
  seconds,
  serial,
  token,
  USERS_1,
} from './fixtures.ts'

const issuer = (generation: number): IssuerRecord => ({
  id: `users-${generation}` as IssuerRecord['id'],
  authority: 'users',
  generation,
  certificate: Buffer.from('certificate'),
  sealedKey: Buffer.from('sealed'),
  createdAt: NOW,
})

const tokenKey = (kid: string, publishedUntil: Date): TokenKeyRecord => ({
  kid,
  algorithm: 'ES256',
  publicJwk: '{}',
  sealedKey: Buffer.from('sealed'),
  createdAt: NOW,
  signsFrom: NOW,
  signsUntil: seconds(60),
  publishedUntil,
})

const scope = (more: Partial<IdempotencyScope> = {}): IdempotencyScope => ({
  principal: 'member:FRAUD__ann',
  method: 'POST',
  path: '/v1/x',
  key: 'key-1',
  bodyDigest: digest('body'),
  ...more,
})

onBothDatabases('the smaller stores', (fresh) => {
  const opened = async (prepare: (tx: StorageTx) => Promise<void> = addPeople) => {
    const { storage } = await (await fresh()).open()
    await storage.run(prepare)
    return storage
  }

  describe('CRLs', () => {
    it.each<[string, number, CrlRecord]>([
      ['a number that was not seen', 9, crl(11)],
      ['the first one again', 0, crl(11)],
      ['an equal number', 10, crl(10, { thisUpdate: seconds(11) })],
      ['a lower number', 10, crl(9, { thisUpdate: seconds(11), coversRevision: 11 })],
      ['an equal thisUpdate', 10, crl(11, { thisUpdate: seconds(10) })],
      ['one that covers less', 10, crl(11, { coversRevision: 9 })],
      ['a first one with number 0', 0, crl(0, { scope: fullScope('services-1' as typeof USERS_1) })],
    ])('refuse %s', async (_, seen, next) => {
      const storage = await opened((tx) => tx.advanceCrl(0, crl(10)))
      expect(await codeOf(storage.run((tx) => tx.advanceCrl(seen, next)))).toBe('crl_superseded')
      expect(await storage.read((view) => view.latestCrl(fullScope(USERS_1)))).toEqual(crl(10))
    })

    it('keep the latest bytes, and what each one was', async () => {
      const database = await fresh()
      const { storage } = await database.open()
      await storage.run((tx) => tx.advanceCrl(0, crl(10)))
      await storage.run((tx) => tx.advanceCrl(10, crl(11, { coversRevision: 10 })))
      expect(await storage.read((view) => view.latestCrl(fullScope(USERS_1)))).toEqual(crl(11, { coversRevision: 10 }))
      const history = await database.inspect('select number, sha256 from crl_history order by number')
      expect(history.map((row) => row['sha256'])).toEqual([digest('crl 10'), digest('crl 11')])
    })

    it('keep the scopes of an issuer apart, each with its own number', async () => {
      const storage = await opened((tx) => tx.advanceCrl(0, crl(10)))
      const delta = { kind: 'delta', issuer: USERS_1 } as const
      const partition = (number: number): CrlScope => ({ kind: 'partition', issuer: USERS_1, partition: number })
      const base = { number: 10, coversRevision: 10 }
      const content = { kind: 'rebuilt', signature: Buffer.from('signature') } as const
      const others = [
        crl(7, { scope: partition(1), content, endedBefore: seconds(1) }),
        crl(8, { scope: partition(2) }),
        crl(10, { scope: delta, base }),
        crl(11, { scope: fullScope('users-2' as typeof USERS_1) }),
      ]
      for (const other of others) await storage.run((tx) => tx.advanceCrl(0, other))
      expect(await storage.read((view) => view.latestCrls(USERS_1))).toEqual([crl(10), ...others.slice(0, 3)])
      expect(await storage.read((view) => view.latestCrl(partition(2)))).toEqual(others[1])
      expect(await storage.read((view) => view.latestCrl(partition(3)))).toBeUndefined()
      expect(await codeOf(storage.run((tx) => tx.advanceCrl(7, crl(9, { scope: partition(2) }))))).toBe(
        'crl_superseded',
      )
    })

    it('list what is held or revoked and has not ended, by serial number', async () => {
      const storage = await opened(async (tx) => {
        const revoked = { status: 'revoked', revokedAt: seconds(-5), reason: 'superseded' } as const
        for (let n = 1; n <= 9; n += 1) await tx.insertCertificate(certificate(n, revoked))
        await tx.insertCertificate(certificate(10, { status: 'held', revokedAt: NOW, reason: 'certificateHold' }))
        await tx.insertCertificate(certificate(11))
        await tx.insertCertificate(certificate(12, { ...revoked, issuer: 'services-1' as typeof USERS_1 }))
        await tx.insertCertificate(certificate(13, { ...revoked, validity: { notBefore: NOW, notAfter: seconds(5) } }))
      })
      const found = await storage.read((view) => view.revokedCertificates(USERS_1, seconds(6)))
      const expected = Array.from({ length: 10 }, (_, n) => serial(n + 1)).sort()
      expect(found.map((one) => one.serial)).toEqual(expected)
      expect(found.find((one) => one.serial === serial(10))).toEqual({
        serial: serial(10),
        revokedAt: NOW,
        reason: 'certificateHold',
        notAfter: seconds(86_400),
      })
    })
  })

  describe('issuers', () => {
    it('are kept with and without a key, in the order of their generations', async () => {
      const { sealedKey, ...root } = issuer(1)
      expect(sealedKey).toBeDefined()
      const storage = await opened(async (tx) => {
        await tx.insertIssuer(issuer(2))
        await tx.insertIssuer(root)
      })
      expect(await storage.read((view) => view.issuers())).toEqual([root, issuer(2)])
      const seen = { place: { kind: 'issuer', id: issuer(2).id }, sealedKey: Buffer.from('sealed') } as const
      expect(await storage.run((tx) => tx.replaceSealedKey(seen, Buffer.from('sealed anew')))).toBe(true)
      // Others stand there by now.
      expect(await storage.run((tx) => tx.replaceSealedKey(seen, Buffer.from('too late')))).toBe(false)
      const [, second] = await storage.read((view) => view.issuers())
      expect(second?.sealedKey).toEqual(Buffer.from('sealed anew'))
    })

    it.each<[string, (tx: StorageTx) => Promise<void>, string]>([
      ['an id twice', (tx) => tx.insertIssuer(issuer(1)), 'record_exists'],
      [
        'a generation twice',
        (tx) => tx.insertIssuer({ ...issuer(1), id: 'other-1' as typeof USERS_1 }),
        'record_exists',
      ],
    ])('refuse %s', async (_, act, code) => {
      const storage = await opened((tx) => tx.insertIssuer(issuer(1)))
      expect(await codeOf(storage.run(act))).toBe(code)
    })

    it.each([
      ['server', 'insertServerKey', 'latestServerKey'],
      ['snapshot', 'insertSnapshotKey', 'latestSnapshotKey'],
    ] as const)("give the service's own latest %s key", async (_, insert, latest) => {
      const key = (n: number) => ({
        serial: serial(n),
        sealedKey: Buffer.from('sealed'),
        certificate: Buffer.from('certificate'),
        createdAt: seconds(n),
      })
      const storage = await opened(async (tx) => {
        expect(await tx[latest]()).toBeUndefined()
        await tx[insert](key(2))
        await tx[insert](key(1))
      })
      expect(await storage.read((view) => view[latest]())).toEqual(key(2))
      expect(await codeOf(storage.run((tx) => tx[insert](key(2))))).toBe('record_exists')
    })
  })

  describe('tokens', () => {
    it('are revoked once, with the first date', async () => {
      const storage = await opened((tx) => tx.insertToken(token('t1', { certificateSerial: serial(1) })))
      await storage.run((tx) => tx.revokeToken('t1', seconds(1)))
      await storage.run((tx) => tx.revokeToken('t1', seconds(2)))
      expect(await storage.read((view) => view.token('t1'))).toEqual(
        token('t1', { certificateSerial: serial(1), revokedAt: seconds(1) }),
      )
      expect(await codeOf(storage.run((tx) => tx.revokeToken('t2', NOW)))).toBe('record_missing')
      expect(await codeOf(storage.run((tx) => tx.insertToken(token('t1'))))).toBe('record_exists')
    })

    it('are live until they expire or are revoked', async () => {
      const storage = await opened(async (tx) => {
        for (const jti of ['t1', 't2']) await tx.insertToken(token(jti))
        await tx.insertToken(token('t3', { subject: 'member:FRAUD__bob' }))
        await tx.revokeToken('t2', NOW)
      })
      const live = (at: Date) => storage.read((view) => view.liveTokensOf('member:FRAUD__ann', at))
      expect((await live(seconds(899))).map(({ jti }) => jti)).toEqual(['t1'])
      expect(await live(seconds(900))).toEqual([])
      const listed = await storage.read((view) => view.listTokens('member:FRAUD__ann', { limit: 2 }))
      expect(listed.items.map(({ jti }) => jti)).toEqual(['t3', 't2'])
      expect(listed.cursor).toBeDefined()
    })

    it('keep their keys as long as they are published', async () => {
      const storage = await opened(async (tx) => {
        await tx.insertTokenKey(tokenKey('k1', seconds(60)))
        await tx.insertTokenKey(tokenKey('k2', seconds(120)))
      })
      const keys = async (at: Date) => (await storage.read((view) => view.tokenKeys(at))).map(({ kid }) => kid)
      expect(await keys(seconds(59))).toEqual(['k1', 'k2'])
      expect(await keys(seconds(60))).toEqual(['k2'])
      expect(await codeOf(storage.run((tx) => tx.insertTokenKey(tokenKey('k1', NOW))))).toBe('record_exists')
    })
  })

  describe('enrolment tokens', () => {
    const record = (hash: string) => ({
      hash: digest(hash),
      identity: 'member:FRAUD__ann',
      createdBy: 'admin:root',
      createdWith: 'offline',
      createdAt: NOW,
      expiresAt: seconds(900),
    })

    it.each<[string, string, (tx: StorageTx) => Promise<unknown>, Date]>([
      ['one that was spent', 'a', (tx) => tx.spendEnrolmentToken(digest('a'), NOW), seconds(1)],
      ['one that was voided', 'a', (tx) => tx.voidEnrolmentTokens('member:FRAUD__ann', NOW), seconds(1)],
      ['one that has expired', 'a', async () => undefined, seconds(900)],
      ['one that never was', 'b', async () => undefined, NOW],
    ])('do not spend %s', async (_, hash, before, at) => {
      const storage = await opened((tx) => tx.insertEnrolmentToken(record('a')))
      await storage.run(before)
      expect(await storage.run((tx) => tx.spendEnrolmentToken(digest(hash), at))).toBeUndefined()
    })

    it('are spent up to the last millisecond, and inserted once', async () => {
      const storage = await opened((tx) => tx.insertEnrolmentToken(record('a')))
      expect(await codeOf(storage.run((tx) => tx.insertEnrolmentToken(record('a'))))).toBe('record_exists')
      const at = new Date(seconds(900).getTime() - 1)
      expect(await storage.run((tx) => tx.spendEnrolmentToken(digest('a'), at))).toEqual(record('a'))
    })
  })

  describe('idempotency keys', () => {
    it('are claimed once, replayed, and bound to the body', async () => {
      const storage = await opened(async (tx) => {
        expect(await tx.claimIdempotencyKey(scope(), NOW, seconds(60))).toEqual({ kind: 'new' })
        await tx.saveIdempotentResponse(scope(), 'answer')
      })
      const claim = (more: Partial<IdempotencyScope>, at = NOW) =>
        storage.run(async (tx) => {
          const found = await tx.claimIdempotencyKey(scope(more), at, seconds(120))
          if (found.kind === 'new') throw new Error('rolled back')
          return found
        })
      expect(await claim({})).toEqual({ kind: 'replay', response: 'answer' })
      expect(await claim({ bodyDigest: digest('other') })).toEqual({ kind: 'other-body' })
      for (const other of [{ principal: 'b' }, { method: 'PUT' }, { path: '/v1/y' }, { key: 'key-2' }]) {
        await expect(claim(other)).rejects.toThrow('rolled back')
      }
      // The parts do not run together.
      await expect(claim({ method: 'POST/v1', path: '/x' })).rejects.toThrow('rolled back')
      expect((await claim({}, new Date(seconds(60).getTime() - 1))).kind).toBe('replay')
      await expect(claim({ bodyDigest: digest('other') }, seconds(60))).rejects.toThrow('rolled back')
    })

    it('may be used again after they have expired, and are forgotten', async () => {
      const database = await fresh()
      const { storage, clock } = await database.open()
      await storage.run((tx) => tx.claimIdempotencyKey(scope(), NOW, seconds(60)))
      await storage.run((tx) => tx.claimIdempotencyKey(scope({ key: 'key-2' }), NOW, seconds(60)))
      await storage.run(async (tx) => {
        expect((await tx.claimIdempotencyKey(scope(), seconds(60), seconds(120))).kind).toBe('new')
        await tx.saveIdempotentResponse(scope(), 'again')
      })
      expect(await storage.forgetExpired()).toBe(0)
      clock.pass(60)
      expect(await storage.forgetExpired()).toBe(1)
      expect(await database.inspect('select response from idempotency_keys')).toEqual([{ response: 'again' }])
    })

    it('keep no answer for a key that was not claimed', async () => {
      const storage = await opened()
      expect(await codeOf(storage.run((tx) => tx.saveIdempotentResponse(scope(), 'x')))).toBe('record_missing')
    })
  })

  describe('deployments', () => {
    it('are put, replaced and listed', async () => {
      const storage = await opened(async (tx) => {
        await addPeople(tx)
        await tx.insertProject(project('OTHER'))
        await tx.putDeployment(deployment('d2'))
        await tx.putDeployment(deployment('d1', { serviceCallers: [MODEL] }))
        await tx.putDeployment(deployment('d3', { project: 'OTHER' as typeof FRAUD }))
        await tx.putDeployment(deployment('d2', { host: dnsName('moved.internal') }))
      })
      expect(await storage.read((view) => view.deployment(deployment('d2').name, 'none'))).toEqual(
        deployment('d2', { host: dnsName('moved.internal') }),
      )
      const names = async (of: readonly (typeof FRAUD)[] | 'all') =>
        (await storage.read((view) => view.listDeployments(of, { limit: 10 }))).items.map(({ name }) => name)
      expect(await names('all')).toEqual(['d1', 'd2', 'd3'])
      expect(await names([FRAUD])).toEqual(['d1', 'd2'])
      expect(await names([])).toEqual([])
    })

    it('have a host of their own while they are there', async () => {
      const storage = await opened(async (tx) => {
        await addPeople(tx)
        await tx.putDeployment(deployment('d1'))
      })
      const thief = deployment('d2', { host: deployment('d1').host })
      expect(await codeOf(storage.run((tx) => tx.putDeployment(thief)))).toBe('host_taken')
      await storage.run((tx) => tx.putDeployment(deployment('d1', { status: 'deleted' })))
      await storage.run((tx) => tx.putDeployment(thief))
      expect(await codeOf(storage.run((tx) => tx.putDeployment(deployment('d1'))))).toBe('host_taken')
    })
  })

  describe('the installation', () => {
    it('keeps what it knows of itself', async () => {
      const storage = await opened()
      const installation = () => storage.read((view) => view.metadata('installation'))
      expect(await installation()).toBeUndefined()
      await storage.run((tx) => tx.setMetadata('installation', 'one'))
      await storage.run((tx) => tx.setMetadata('installation', 'two'))
      expect(await installation()).toBe('two')
    })

    it('lends a lease to one holder, with a fence that rises', async () => {
      const { storage, clock } = await (await fresh()).open()
      expect(await storage.acquireLease('publish', 'a', 10)).toEqual({ fence: 1, expiresAt: seconds(10) })
      expect(await storage.acquireLease('publish', 'b', 10)).toBeUndefined()
      clock.pass(9)
      expect(await storage.acquireLease('publish', 'a', 10)).toEqual({ fence: 1, expiresAt: seconds(19) })
      clock.pass(10)
      expect((await storage.acquireLease('publish', 'b', 10))?.fence).toBe(2)
      expect(await storage.acquireLease('publish', 'a', 10)).toBeUndefined()
      await storage.releaseLease('publish', 'a')
      expect(await storage.acquireLease('publish', 'a', 10)).toBeUndefined()
      await storage.releaseLease('publish', 'b')
      expect((await storage.acquireLease('publish', 'a', 10))?.fence).toBe(3)
    })
  })

  it('reads the audit log newest first', async () => {
    const storage = await opened(async (tx) => {
      for (const object of ['a', 'b', 'c']) await tx.audit(event(object))
    })
    const first = await storage.read((view) => view.listAudit({ limit: 2 }))
    expect(first.items).toEqual([event('c'), event('b')])
    const { cursor = '' } = first
    expect((await storage.read((view) => view.listAudit({ limit: 2, cursor }))).items).toEqual([event('a')])
  })

  it('lets nobody write through a view', async () => {
    const storage = await opened()
    await expect(storage.read((view) => view.insertToken(token('t1')))).rejects.toThrow()
    expect(await storage.read((view) => view.token('t1'))).toBeUndefined()
  })
})
