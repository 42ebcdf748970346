// When `signet job run` renews: by the clock of the host while that can be right, by the certificate where it is wrong. And what
// it then does, against the real service, with a timer that the test sets forward.
import { X509Certificate } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Answer } from '../../src/cli/answer.ts'
import { JobFolder } from '../../src/cli/job-folder.ts'
import { JobKeeper, keepCertificate, keepToken, type Later, secondsToHalfLife } from '../../src/cli/job-keeper.ts'
import { openClient } from '../../src/cli/service-options.ts'
import { copyPolicyFolder, setField } from '../ca/policy/policy-folder-copy.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { makeCsr } from '../support/csr.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { hostOf } from './command-line.ts'
import { TemporaryFolder } from './temporary-folder.ts'

const HOUR = 3600
const SET_BACK = 300

test.each([
  ['right', 0, HOUR / 2],
  ['five minutes slow', -SET_BACK, (HOUR + SET_BACK) / 2],
  ['an hour slow', -HOUR, (HOUR + SET_BACK) / 2],
  ['a little under an hour fast', HOUR - 6, (HOUR + SET_BACK) / 60],
  ['an hour fast', HOUR, (HOUR + SET_BACK) / 2],
  ['a year fast', 365 * 24 * HOUR, (HOUR + SET_BACK) / 2],
])('a certificate of an hour, on a clock that is %s', (_, wrongBy, seconds) => {
  expect(secondsToHalfLife(-SET_BACK * 1000, HOUR * 1000, wrongBy * 1000)).toBe(seconds)
})

test('a second at least', () => {
  expect(secondsToHalfLife(0, 1000, 500)).toBe(1)
})

/** In all, less passes here than what certificates are set back by: one of a service that is ahead is valid now. */
const LIFE_SECONDS = 200
const LEASE_SECONDS = 60
const OVERLAP_SECONDS = 10

/** What is due comes when the test says that its time is over. */
class SetTimer {
  readonly #waiting = new Set<{ readonly at: number; readonly act: () => void }>()
  #now = 0

  readonly later: Later = (seconds, act) => {
    const one = { at: this.#now + seconds, act }
    this.#waiting.add(one)
    return () => this.#waiting.delete(one)
  }

  get waiting(): number {
    return this.#waiting.size
  }

  pass(seconds: number): void {
    this.#now += seconds
    for (const one of [...this.#waiting].filter(({ at }) => at <= this.#now)) {
      this.#waiting.delete(one)
      one.act()
    }
  }
}

describe('a job that is kept', () => {
  const clock = new SettableClock()
  const policyFolder = copyPolicyFolder()
  let service: TestService
  let launcher: Certified
  let files: TemporaryFolder
  let kept: Kept

  interface Kept {
    readonly id: string
    readonly folder: JobFolder
    readonly timer: SetTimer
    readonly keeper: JobKeeper
    readonly said: string[]
    readonly ended: string[]
  }

  beforeAll(async () => {
    setField(policyFolder, 'profiles/job.json', 'lifetime/defaultSeconds/value', LIFE_SECONDS)
    setField(policyFolder, 'profiles/job.json', 'lifetime/maxSeconds/value', LIFE_SECONDS)
    setField(policyFolder, 'credentials.json', 'job/tokenOverlapSeconds/value', OVERLAP_SECONDS)
    service = await TestService.start({ clock, flags: { policyFolder } })
    await service.addProject('vision', 'alice')
    launcher = await service.addService('hub.internal', { roles: ['launcher'], projects: ['vision'] })
    files = new TemporaryFolder()
    files.write('ca.pem', service.ca)
  })
  afterAll(async () => {
    files[Symbol.dispose]()
    await service.close()
    rmSync(policyFolder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    kept = await keep()
  })
  afterEach(() => {
    kept.keeper.stop()
    kept.folder.remove()
  })

  async function keep(): Promise<Kept> {
    const made = await makeCsr()
    const [audience, leaseSeconds] = [service.url, LEASE_SECONDS]
    const body = { project: 'vision', user: 'alice', csr: made.pem, leaseSeconds, token: { audience } }
    const started = Answer.of(expectStatus(await service.post('/v1/jobs', body, launcher), 201).json)
    const id = started.text('id')
    const host = { ...hostOf({ environment: { XDG_RUNTIME_DIR: files.path } }, [], []), clock }
    const folder = new JobFolder(host)
    folder.keepKey(made.key)
    const [timer, said, ended]: [SetTimer, string[], string[]] = [new SetTimer(), [], []]
    const options = { ca: files.at('ca.pem'), url: new URL(service.url), timeout: 30 }
    const job = {
      ...{ id, folder, csr: made.pem, audience, leaseSeconds, clock, later: timer.later },
      connect: () => openClient({ ...options, clientCert: folder.certificate, clientKey: folder.key }, host),
      say: (line: string) => void said.push(line),
      onEnded: (code: string) => void ended.push(code),
    }
    const certificate = keepCertificate(job, started.object('certificate'))
    const token = keepToken(job, started.object('token'))
    return { id, folder, timer, said, ended, keeper: new JobKeeper(job, { certificate, token }) }
  }

  /** For the job and for the service; until all that came due is done and the next is planned. */
  async function pass(seconds: number): Promise<void> {
    const { waiting } = kept.timer
    clock.pass(seconds)
    kept.timer.pass(seconds)
    await vi.waitFor(() => expect(kept.timer.waiting).toBe(waiting), { timeout: 10_000, interval: 5 })
  }

  const certificate = (): string => readFileSync(kept.folder.certificate, 'utf8')
  const token = (): string => readFileSync(kept.folder.token, 'utf8').trim()
  const endOf = (pem: string): number => new X509Certificate(pem).validToDate.getTime()
  const me = async (pem: string): Promise<unknown> => {
    const shown = { certificate: pem, key: readFileSync(kept.folder.key, 'utf8') }
    return (await service.get('/v1/me', shown)).status
  }
  const isActive = async (jwt: string): Promise<unknown> =>
    (await service.post('/v1/tokens/introspect', { token: jwt }, service.admin)).json['active']

  test('AA12 has its next certificate and token at half of their lives, and not before', async () => {
    const before = [certificate(), token()] as const
    await pass(LIFE_SECONDS / 2 - 5)
    expect([certificate(), token()]).toEqual(before)
    await pass(5)
    const after = [certificate(), token()] as const
    expect(after[0]).not.toBe(before[0])
    expect(after[1]).not.toBe(before[1])
    expect(endOf(after[0]) - endOf(before[0])).toBeGreaterThanOrEqual((LIFE_SECONDS / 2 - 10) * 1000)
    expect([await me(after[0]), await isActive(after[1])]).toEqual([200, true])
    expect([kept.said, kept.ended]).toEqual([[], []])
  })

  test('AA12 its token of before stops working after the overlap', async () => {
    const before = token()
    await pass(LIFE_SECONDS / 2)
    expect([await isActive(before), await isActive(token())]).toEqual([true, true])
    clock.pass(OVERLAP_SECONDS + 1)
    await vi.waitFor(async () => expect(await isActive(before)).toBe(false), 10_000)
    expect(await isActive(token())).toBe(true)
  })

  test('is told with its next heartbeat that it was ended at the service, and asks no more', async () => {
    expectStatus(await service.post(`/v1/jobs/${kept.id}/finish`, undefined, launcher), 200)
    await pass(LEASE_SECONDS / 3 - 1)
    expect(kept.ended).toEqual([])
    kept.timer.pass(1)
    await vi.waitFor(() => expect(kept.ended).toEqual(['client_certificate_refused']), 10_000)
    expect(kept.timer.waiting).toBe(0)
  })

  test('asks a service that is away ever more slowly, and goes on when it answers again', async () => {
    await service.stop()
    try {
      for (const seconds of [LEASE_SECONDS / 3, 1, 2]) await pass(seconds)
      expect(kept.said).toEqual(['the service cannot be asked (code connection_refused); trying again'])
    } finally {
      await service.restart()
    }
    await pass(4)
    expect(kept.said.slice(1)).toEqual(['the service answers again'])
    expect(kept.ended).toEqual([])
  })
})
