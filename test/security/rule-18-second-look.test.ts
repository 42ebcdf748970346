// Rule 18: between signing and recording, what the act relied on is read again under lock. If it has ended, the signed bytes
// are discarded and nothing is recorded; if it ends right after, what was recorded ends with it. Both orders, on both stores,
// with the end coming from another process.
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/domain/clock.ts'
import { CodedError } from '../../src/domain/coded-error.ts'
import type { Caller } from '../../src/domain/caller.ts'
import type { ServiceName } from '../../src/domain/dns-name.ts'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import type { ProjectName } from '../../src/domain/project-name.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import type { SystemUser } from '../../src/domain/system-user.ts'
import type { ServiceAccountName, UserName } from '../../src/domain/user-name.ts'
import { NO_QUARANTINE } from '../../src/domain/quarantine.ts'
import { issueForMember } from '../../src/enrollment/issue-for-member.ts'
import { issueForService } from '../../src/enrollment/issue-for-service.ts'
import { renewCertificate } from '../../src/enrollment/renew-certificate.ts'
import { type StartedJob, startJobs } from '../../src/enrollment/start-jobs.ts'
import type { TokenContext } from '../../src/enrollment/token-acts.ts'
import { TokenKeyring } from '../../src/enrollment/token-keyring.ts'
import { stored } from '../http/stored.ts'
import { makeCsr } from '../support/csr.ts'
import type { Answer } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import {
  type PostgresCluster,
  postgresIsInstalled,
  postgresMayBeMissing,
  startPostgresCluster,
} from '../storage/postgres-cluster.ts'
import { type HeldActs, holdActs } from './held-acts.ts'

const VISION = 'vision' as ProjectName
const ORIGIN = { requestId: 'held' }

function certificateOf({ certificate, serial, answer }: Certified) {
  const { validToDate, fingerprint256 } = new X509Certificate(certificate)
  return {
    issuer: String(answer['issuer']) as IssuerId,
    serial: parseSerialNumber(serial),
    notAfter: validToDate,
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

const member = (user: string, of: Certified): Extract<Caller, { kind: 'member' }> => ({
  kind: 'member',
  project: VISION,
  user: user as UserName,
  certificate: certificateOf(of),
})
const service = (name: string, of: Certified): Caller => ({
  kind: 'service',
  name: name as ServiceName,
  systemUser: 'svc' as SystemUser,
  certificate: certificateOf(of),
})

describe.each(['sqlite', 'postgres'] as const)('rule 18 on %s', (kind) => {
  const isMissing = kind === 'postgres' && !postgresIsInstalled() && postgresMayBeMissing()
  describe.skipIf(isMissing)('the second look', () => {
    let cluster: PostgresCluster | undefined
    let running: TestService
    let acts: HeldActs
    let owner: Certified
    let launcher: Certified
    let count = 0

    beforeAll(async () => {
      if (kind === 'postgres') cluster = await startPostgresCluster()
      const database = await cluster?.createDatabase()
      running = await TestService.start(database === undefined ? {} : { database })
      owner = await running.addProject('vision', 'owner')
      launcher = await running.addService('launcher.internal', { roles: ['launcher'], projects: ['vision'] })
      acts = await holdActs(running.configuration, systemClock)
    })
    afterAll(async () => {
      await acts.close()
      await running.close()
      await cluster?.stop()
    })

    const issue = async (user: string, by: Certified) =>
      issueForMember(acts.context, {
        caller: member(user, by),
        project: VISION,
        user: user as UserName,
        csr: (await makeCsr()).pem,
        origin: ORIGIN,
      })
    /** No audience is known: these jobs get no tokens. */
    const tokens = (): TokenContext => {
      const { keyStore, storage, policy } = acts.opened
      const parts = {
        acts: storage,
        keyStore,
        installation: '',
        quarantine: () => NO_QUARANTINE,
        policy: policy.credentials.token,
        clock: systemClock,
        algorithms: ['ES256'] as const,
      }
      const known = { tokenIssuer: '', isAudience: () => false, isTokenRevoked: () => false, trustedIssuers: new Map() }
      return { ...acts.context, ...known, keys: new TokenKeyring(parts) }
    }
    const start = async (who: string, by = launcher, name = 'launcher.internal'): Promise<StartedJob | undefined> => {
      const csr = (await makeCsr()).pem
      const runsAs = who.startsWith('sa-')
        ? ({ kind: 'account', account: who as ServiceAccountName } as const)
        : ({ kind: 'member', user: who as UserName } as const)
      const jobs = [{ kind: 'job', project: VISION, runsAs, csr }] as const
      return (await startJobs(tokens(), { caller: service(name, by), jobs, origin: ORIGIN }))[0]
    }
    const certify = async (name: string, by: Certified) =>
      issueForService(acts.context, {
        caller: service(name, by),
        name: name as ServiceName,
        csr: (await makeCsr()).pem,
        origin: ORIGIN,
      })

    const remove = (user: string): Promise<Answer> =>
      running.send({ method: 'DELETE', path: `/v1/projects/vision/members/${user}` }, owner)
    const block = (user: string): Promise<Answer> => running.post(`/v1/users/${user}/block`, undefined, running.admin)
    const revoke = ({ serial }: Certified): Promise<Answer> =>
      running.post(`/v1/certificates/${serial}/revoke`, { reason: 'keyCompromise' }, running.admin)
    const putLauncher = (projects: string[], roles = ['launcher']): Promise<Answer> =>
      running.put('/v1/services/launcher.internal', { systemUser: 'svc', roles, projects }, running.admin)

    async function newMember(): Promise<[user: string, certified: Certified]> {
      count += 1
      const user = `m${String(count)}`
      return [user, await running.addMember('vision', user, owner)]
    }

    /** Signs, is held, lets `end` happen elsewhere, goes on. */
    async function endedMeanwhile(
      act: () => Promise<unknown>,
      end: () => Promise<Answer>,
      transaction = 1,
    ): Promise<string> {
      const signedBefore = acts.signatures()
      const { waits, letGo } = acts.hold(transaction)
      const outcome = act().then(
        () => 'recorded',
        (error: unknown) => (error instanceof CodedError ? String(error.code) : String(error)),
      )
      await waits
      expect(acts.signatures()).toBe(signedBefore + 1)
      expectStatus(await end(), 200)
      const before = await stored(running)
      letGo()
      const code = await outcome
      expect(await stored(running)).toEqual(before)
      return code
    }

    test('a membership that ended after the signature: nothing is recorded', async () => {
      const [user, by] = await newMember()
      expect(
        await endedMeanwhile(
          () => issue(user, by),
          () => remove(user),
        ),
      ).toBe('member_unknown')
    })

    test('a user who was blocked after the signature: nothing is recorded', async () => {
      const [user, by] = await newMember()
      expect(
        await endedMeanwhile(
          () => issue(user, by),
          () => block(user),
        ),
      ).toBe('user_blocked')
    })

    test('a requester whose certificate was revoked after the signature: nothing is recorded', async () => {
      const [user, by] = await newMember()
      expect(
        await endedMeanwhile(
          () => issue(user, by),
          () => revoke(by),
        ),
      ).toBe('requester_ended')
    })

    test('a job whose member left after the signature: nothing is recorded, no job begins', async () => {
      const [user] = await newMember()
      // Its first transaction looks before anything is computed; it is the second one that records.
      expect(
        await endedMeanwhile(
          () => start(user),
          () => remove(user),
          2,
        ),
      ).toBe('member_unknown')
    })

    test('a job whose service account was removed after the signature: nothing is recorded, no job begins', async () => {
      const path = '/v1/projects/vision/service-accounts/sa-brief'
      expectStatus(await running.put(path, {}, owner), 201)
      const end = () => running.send({ method: 'DELETE', path }, owner)
      expect(await endedMeanwhile(() => start('sa-brief'), end, 2)).toBe('account_unknown')
    })

    test.each([
      ['lost the project', () => putLauncher([]), 'project_not_granted'],
      ['lost its role', () => putLauncher(['vision'], []), 'not_permitted'],
    ] as const)('a launcher that %s after the signature: nothing is recorded', async (_, end, code) => {
      const [user] = await newMember()
      expect(await endedMeanwhile(() => start(user), end, 2)).toBe(code)
      expectStatus(await putLauncher(['vision']), 200)
    })

    test('a service whose names changed after the signature: nothing is recorded', async () => {
      const by = await running.addService('model-1.internal')
      const body = { systemUser: 'svc', dnsNames: ['other.internal'] }
      const change = () => running.put('/v1/services/model-1.internal', body, running.admin)
      // Its first transaction reads the service; it is the second one that records.
      expect(await endedMeanwhile(() => certify('model-1.internal', by), change, 2)).toBe('requester_ended')
    })

    test('a user who was promoted after the signature of a job: nothing is recorded, no job begins', async () => {
      const [user] = await newMember()
      const promote = () => running.post(`/v1/users/${user}/promote`, undefined, running.admin)
      expect(await endedMeanwhile(() => start(user), promote, 2)).toBe('job_of_administrator')
    })

    const removeService = (name: string): Promise<Answer> =>
      running.send({ method: 'DELETE', path: `/v1/services/${name}` }, running.admin)

    test('a service that was removed after the signature: nothing is recorded', async () => {
      const by = await running.addService('removed.internal')
      const end = () => removeService('removed.internal')
      expect(await endedMeanwhile(() => certify('removed.internal', by), end, 2)).toBe('service_unknown')
    })

    test('a launcher that was removed after the signature: nothing is recorded, no job begins', async () => {
      const [user] = await newMember()
      const settings = { roles: ['launcher'], projects: ['vision'] }
      const by = await running.addService('brief.internal', settings)
      const begin = () => start(user, by, 'brief.internal')
      expect(await endedMeanwhile(begin, () => removeService('brief.internal'), 2)).toBe('service_unknown')
    })

    test('recorded first: what ends the membership revokes what was just issued', async () => {
      const [user, by] = await newMember()
      const issued = await issue(user, by)
      const job = await start(user)
      expectStatus(await remove(user), 200)
      for (const serial of [issued.serial, job?.certificate.serial]) {
        const { json } = await running.get(`/v1/certificates/${String(serial)}`, running.admin)
        expect(json).toMatchObject({ status: 'revoked', reason: 'affiliationChanged' })
      }
    })

    // SQLite has one writer at a time: there is no such moment.
    const onRows = kind === 'postgres' ? test : (): undefined => undefined
    onRows('at the same time: the end waits for the record, and revokes it', async () => {
      const [user, by] = await newMember()
      const { waits, letGo } = acts.holdNextInsert()
      const issuing = issue(user, by)
      await waits
      const removing = remove(user)
      await lockIsWaitedFor()
      letGo()
      const { serial } = await issuing
      expectStatus(await removing, 200)
      const { json } = await running.get(`/v1/certificates/${serial}`, running.admin)
      expect(json).toMatchObject({ status: 'revoked', reason: 'affiliationChanged' })
    })

    onRows('at the same time: what a renewal records is replaced by the rekey that waited for it', async () => {
      const by = await running.addService('raced.internal')
      const { waits, letGo } = acts.holdNextInsert()
      const renewing = renewCertificate(acts.context, { caller: service('raced.internal', by), origin: ORIGIN })
      await waits
      const csr = (await makeCsr()).pem
      const rekeying = running.post('/v1/certificates/rekey', { csr }, by)
      await lockIsWaitedFor()
      letGo()
      const { serial } = await renewing
      const replacedBy = expectStatus(await rekeying, 201).json['serial']
      const { json } = await running.get('/v1/services/raced.internal', running.admin)
      const certificates = json['certificates'] as { serial: string; replacedBy?: string }[]
      expect(certificates.find((each) => each.serial === serial)?.replacedBy).toBe(replacedBy)
    })

    /** Asks PostgreSQL until one of its sessions waits for another's lock. */
    async function lockIsWaitedFor(): Promise<void> {
      const sql = "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'"
      while ((await cluster?.query(sql))?.[0]?.['waiting'] !== 1) await new Promise(setImmediate)
    }
  })
})
