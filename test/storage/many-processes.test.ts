// Several processes on one database: change numbers, who sees what when, and races of which one side must lose.
import { describe, expect, it } from 'vitest'
import { DirectoryRefused } from '../../src/directory/errors.ts'
import type { Change } from '../../src/domain/change.ts'
import type { StorageTx } from '../../src/storage/tables.ts'
import { activeMembership } from '../../src/enrollment/second-look.ts'
import { onBothDatabases, type TestProcess } from './databases.ts'
import {
  addPeople,
  ANN,
  BOB,
  certificate,
  codeOf,
  crl,
  deployment,
  digest,
  FRAUD,
  gate,
  member,
  seconds,
  user,
  userChange,
} from './fixtures.ts'

onBothDatabases('many processes', (fresh) => {
  const two = async (): Promise<readonly [TestProcess, TestProcess]> => {
    const database = await fresh()
    const first = await database.open()
    await first.storage.run(addPeople)
    return [first, await database.open()]
  }

  describe('change numbers', () => {
    it('have no gap and no double, in commit order, in every process', async () => {
      const [a, b] = await two()
      const acts = Array.from({ length: 200 }, (_, n) =>
        (n % 2 === 0 ? a : b).storage.run(async (tx) => {
          await tx.change(userChange(`u${n}`))
          if (n % 7 === 0) throw new Error('no')
          if (n % 5 === 0) await tx.change(userChange(`v${n}`))
        }),
      )
      await Promise.allSettled(acts)
      await Promise.all([a.storage.pollNow(), b.storage.pollNow()])
      expect(a.seen.map(({ seq }) => seq)).toEqual(Array.from({ length: a.seen.length }, (_, n) => n + 1))
      expect(a.seen.length).toBe(200 - 29 + 40 - 6)
      expect(b.seen).toEqual(a.seen)
      expect(await a.storage.changesAfter(0, 1000)).toEqual(a.seen)
    })

    it('of another process arrive with the next poll', async () => {
      const [a, b] = await two()
      await a.storage.run((tx) => tx.change(userChange('ann')))
      expect(b.seen).toEqual([])
      await b.storage.pollNow()
      expect(b.seen).toEqual([{ seq: 1, change: userChange('ann') }])
      await b.storage.pollNow()
      expect(b.seen.length).toBe(1)
    })

    it('that came between are shown before the own ones', async () => {
      const [a, b] = await two()
      await a.storage.run((tx) => tx.change(userChange('ann')))
      await b.storage.run((tx) => tx.change(userChange('bob')))
      expect(b.seen.map(({ change }) => change)).toEqual([userChange('ann'), userChange('bob')])
      await a.storage.pollNow()
      expect(a.seen).toEqual(b.seen)
    })

    it('are read in steps by a process that was away', async () => {
      const [a, b] = await two()
      await a.storage.run(async (tx) => {
        for (let n = 0; n < 2500; n += 1) await tx.change(userChange(`u${n}`))
      })
      await b.storage.pollNow()
      expect(b.seen).toEqual(a.seen)
      expect(b.confirmed.length).toBe(1)
    })

    it('that are gone from the log are a gap, told and not jumped over', async () => {
      const database = await fresh()
      const [a, b] = [await database.open(), await database.open()]
      for (const name of ['a', 'b', 'c']) await a.storage.run((tx) => tx.change(userChange(name)))
      await database.inspect('delete from change_log where seq <= 2')
      expect(await codeOf(b.storage.pollNow())).toBe('change_log_gap')
      expect(b.seen).toEqual([])
      const { seq } = await b.storage.readState()
      b.storage.follow(seq)
      await b.storage.pollNow()
      expect([seq, b.seen]).toEqual([3, []])
    })

    it('confirm the snapshot as of the question and not of the answer', async () => {
      const [a] = await two()
      const before = a.clock.monotonicMilliseconds()
      await a.storage.pollNow()
      expect(a.confirmed).toEqual([before + 1])
    })

    it('are polled by themselves', async () => {
      const database = await fresh()
      const [a, arrived] = [await database.open(), gate()]
      await database.open({ polling: { everyMilliseconds: 1 }, onCommitted: arrived.open })
      await a.storage.run((tx) => tx.change(userChange('ann')))
      await arrived.opened
    })
  })

  describe('the state', () => {
    it('is one change for each thing there is, as of a number', async () => {
      const [a] = await two()
      await a.storage.run(async (tx) => {
        await tx.putDeployment(deployment('d1'))
        await tx.insertUser(user('carol', { status: 'deleted' }))
        await tx.insertUser(user('dan', { status: 'blocked' }))
        await tx.updateMember(member('FRAUD', 'bob', { status: 'removed' }))
        const revoked = { status: 'revoked', revokedAt: seconds(0), reason: 'keyCompromise' } as const
        await tx.insertCertificate(certificate(1, revoked))
        await tx.insertCertificate(certificate(2))
        await tx.insertCertificate(
          certificate(3, { ...revoked, validity: { notBefore: seconds(-200_000), notAfter: seconds(-100_000) } }),
        )
        await tx.change(userChange('dan'))
      })
      const { seq, changes } = await a.storage.readState()
      expect(seq).toBe(1)
      const told = changes.map((change) => `${change.kind} ${nameOf(change)}`).sort()
      expect(told).toEqual([
        'deployment d1',
        'member FRAUD ann',
        'project FRAUD',
        `revocation ${certificate(1).serial} revoked`,
        'service launcher.internal',
        'service model.internal',
        'setting model-access-control',
        'user ann',
        'user bob',
        'user dan',
      ])
    })

    it('and its number are of one moment', async () => {
      const [a, b] = await two()
      const writing = (async () => {
        for (let n = 0; n < 50; n += 1) {
          await a.storage.run(async (tx) => {
            await tx.insertUser(user(`u${n}`))
            await tx.change(userChange(`u${n}`))
          })
        }
      })()
      for (let n = 0; n < 20; n += 1) {
        const { seq, changes } = await b.storage.readState()
        expect(changes.filter(({ kind }) => kind === 'user').length).toBe(2 + seq)
      }
      await writing
    })
  })

  describe('a race', () => {
    /** Both acts at once, on two processes; what each came to. */
    const race = async <Result>(
      [a, b]: readonly [TestProcess, TestProcess],
      act: (tx: StorageTx, side: number) => Promise<Result>,
    ) => {
      const run = ({ storage }: TestProcess, side: number) =>
        storage
          .run((tx) => act(tx, side))
          .then(
            (value) => ({ value, code: 'none' }),
            async (error: unknown) => ({ value: undefined, code: await codeOf(Promise.reject(error as Error)) }),
          )
      return Promise.all([run(a, 0), run(b, 1)])
    }

    it.each<[string, (tx: StorageTx, side: number) => Promise<unknown>, string]>([
      ['for a key', (tx, side) => tx.claimKey(digest('key'), `member:FRAUD__${side}`), 'key_of_another_identity'],
      ['for a user name', (tx, side) => tx.insertUser(user(side === 0 ? 'eve' : 'EVE')), 'name_taken'],
      [
        'for a membership',
        async (tx, side) => {
          await tx.insertMember(member('FRAUD', 'bob', { id: String(side) }))
        },
        'member_exists',
      ],
      [
        'for a host',
        (tx, side) => tx.putDeployment(deployment(`d${side}`, { host: deployment('x').host })),
        'host_taken',
      ],
      ['for a CRL number', (tx) => tx.advanceCrl(0, crl(1, { coversRevision: 0 })), 'crl_superseded'],
    ])('%s has one winner', async (_, act, code) => {
      const processes = await two()
      await processes[0].storage.run((tx) => tx.updateMember(member('FRAUD', 'bob', { status: 'removed' })))
      const outcomes = await race(processes, act)
      expect(outcomes.map((outcome) => outcome.code).sort()).toEqual(['none', code].sort())
    })

    it('for the next CRL number has one winner', async () => {
      const processes = await two()
      await processes[0].storage.run((tx) => tx.advanceCrl(0, crl(1)))
      const outcomes = await race(processes, (tx, side) => tx.advanceCrl(1, crl(2 + side)))
      expect(outcomes.map(({ code }) => code).sort()).toEqual(['crl_superseded', 'none'])
    })

    it('for an enrolment token has one winner', async () => {
      const processes = await two()
      await processes[0].storage.run((tx) =>
        tx.insertEnrolmentToken({
          hash: digest('token'),
          identity: 'member:FRAUD__ann',
          createdBy: 'admin:root',
          createdWith: 'offline',
          createdAt: seconds(0),
          expiresAt: seconds(900),
        }),
      )
      const outcomes = await race(processes, (tx) => tx.spendEnrolmentToken(digest('token'), seconds(1)))
      expect(outcomes.filter(({ value }) => value !== undefined).length).toBe(1)
    })

    it('for an idempotency key performs once and replays once', async () => {
      const processes = await two()
      const scope = { principal: 'p', method: 'POST', path: '/', key: 'k', bodyDigest: digest('body') }
      const outcomes = await race(processes, async (tx, side) => {
        const claim = await tx.claimIdempotencyKey(scope, seconds(0), seconds(60))
        if (claim.kind === 'new') await tx.saveIdempotentResponse(scope, `answer of ${side}`)
        return claim
      })
      const kinds = outcomes.map(({ value }) => value?.kind).sort()
      expect(kinds).toEqual(['new', 'replay'])
      const winner = outcomes.findIndex(({ value }) => value?.kind === 'new')
      expect(outcomes[1 - winner]?.value).toEqual({ kind: 'replay', response: `answer of ${winner}` })
    })

    it('for an idempotency key that has expired has one winner', async () => {
      const processes = await two()
      const scope = { principal: 'p', method: 'POST', path: '/', key: 'k', bodyDigest: digest('body') }
      await processes[0].storage.run(async (tx) => {
        await tx.claimIdempotencyKey(scope, seconds(0), seconds(60))
        await tx.saveIdempotentResponse(scope, 'long ago')
      })
      const outcomes = await race(processes, async (tx, side) => {
        const claim = await tx.claimIdempotencyKey(scope, seconds(60), seconds(120))
        if (claim.kind === 'new') await tx.saveIdempotentResponse(scope, `answer of ${side}`)
        return claim
      })
      expect(outcomes.map(({ value }) => value?.kind).sort()).toEqual(['new', 'replay'])
      const winner = outcomes.findIndex(({ value }) => value?.kind === 'new')
      expect(outcomes[1 - winner]?.value).toEqual({ kind: 'replay', response: `answer of ${winner}` })
    })

    it('for a lease has one winner', async () => {
      const processes = await two()
      const outcomes = await Promise.all(
        processes.map(({ storage }, side) => storage.acquireLease('once', `holder ${side}`, 10)),
      )
      expect(outcomes.filter((lease) => lease !== undefined).length).toBe(1)
    })

    it('to be the last administrator to go has one loser', async () => {
      const processes = await two()
      await processes[0].storage.run(async (tx) => {
        await tx.updateUser(user('ann', { platformRole: 'admin' }))
        await tx.updateUser(user('bob', { platformRole: 'admin' }))
      })
      const outcomes = await race(processes, async (tx, side) => {
        const found = await tx.user(side === 0 ? ANN : BOB, 'update')
        if ((await tx.countActiveAdministrators()) === 1) throw new DirectoryRefused('last_administrator')
        if (found !== undefined) await tx.updateUser({ ...found, status: 'blocked' })
      })
      expect(outcomes.map(({ code }) => code).sort()).toEqual(['last_administrator', 'none'])
    })

    it('in which each waits for the other is run again, and both come through', async () => {
      const [a, b] = await two()
      const together = async (one: typeof ANN, other: typeof ANN, { storage }: TestProcess) =>
        storage.run(async (tx) => {
          const first = await tx.user(one, 'update')
          const second = await tx.user(other, 'update')
          if (first !== undefined && second !== undefined) await tx.updateUser({ ...first, status: second.status })
        })
      const acts = Array.from({ length: 20 }, () => [together(ANN, BOB, a), together(BOB, ANN, b)])
      await Promise.all(acts.flat())
    })
  })

  // SECURITY.md rule 18: what records looks again under lock, what ends an identity takes the same rows for update.
  describe('a membership that ends while a certificate is recorded', () => {
    const recording = async (tx: StorageTx) => {
      await activeMembership(tx, FRAUD, BOB, 'share')
      await tx.insertCertificate(certificate(1, { identity: 'member:FRAUD__bob' }))
    }
    const ending = async (tx: StorageTx) => {
      const found = await tx.membership(FRAUD, BOB, 'update')
      if (found !== undefined) await tx.updateMember({ ...found.member, status: 'removed' })
      return (await tx.liveCertificatesOf('member:FRAUD__bob', seconds(0))).length
    }

    it('before: the certificate is not recorded', async () => {
      const [a, b] = await two()
      expect(await a.storage.run(ending)).toBe(0)
      expect(await codeOf(b.storage.run(recording))).toBe('member_unknown')
    })

    it('after: the one who ends it sees the certificate', async () => {
      const [a, b] = await two()
      await b.storage.run(recording)
      expect(await a.storage.run(ending)).toBe(1)
    })

    it('at the same time, the recording first: the end waits, and sees the certificate', async () => {
      const [a, b] = await two()
      const locked = gate()
      const recorded = b.storage.run(async (tx) => {
        await activeMembership(tx, FRAUD, BOB, 'share')
        locked.open()
        await someRounds(() => tx.membership(FRAUD, BOB, 'share'))
        await recording(tx)
      })
      await locked.opened
      const ended = a.storage.run(ending)
      await recorded
      expect(await ended).toBe(1)
    })

    it('at the same time, the end first: the recording waits, and is refused', async () => {
      const [a, b] = await two()
      const locked = gate()
      const ended = a.storage.run(async (tx) => {
        await tx.membership(FRAUD, BOB, 'update')
        locked.open()
        await someRounds(() => tx.membership(FRAUD, BOB, 'update'))
        return ending(tx)
      })
      await locked.opened
      const recorded = codeOf(b.storage.run(recording))
      expect(await ended).toBe(0)
      expect(await recorded).toBe('member_unknown')
    })
  })
})

/** Long enough that the other side has come to the lock: it makes the race likely, and no outcome depends on it. */
async function someRounds(look: () => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 30; round += 1) {
    await look()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function nameOf(change: Change): string {
  switch (change.kind) {
    case 'member':
      return `${change.project} ${change.user}`
    case 'account':
      return `${change.project} ${change.account}`
    case 'revocation':
      return `${change.serial} ${change.status}`
    case 'token-revocation':
      return change.jti
    case 'api-key':
      return change.prefix
    case 'session':
      return change.id
    case 'sign-in':
    case 'user-roles':
    case 'user-links':
      return change.user
    case 'role-mapping':
      return change.role
    case 'model-group':
    case 'model':
      return change.id
    case 'token-key':
      return change.kid
    case 'quarantine':
      return ''
    case 'issuer':
      return change.issuer
    case 'crl':
      return change.scope
    case 'user':
    case 'project':
    case 'service':
    case 'deployment':
    case 'proxy':
    case 'sidecar':
    case 'setting':
      return change.name
    default:
      return change satisfies never
  }
}
