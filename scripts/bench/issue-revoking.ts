// Certificates a second while one is revoked each second and a CRL of a million entries is made for it: against the rate without, before
// and after. Two cores carry the clients, the thread that makes the CRL, and the service.
import { enrolLeavers, peakMebibytes, serveOnAllCores } from './crl-million.ts'
import type { BenchOptions, Benchmark, Figure } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import { enrolMembers } from './issue.ts'
import type { IssueOrder } from './issue-load.ts'
import type { LoadPlan, LoadResult } from './load.ts'
import { CLIENT_CORE, runPinned } from './pinned.ts'
import { insertRevoked } from './revoked-certificates.ts'

const ENTRIES = 1_000_000
const SECONDS = 30
const WARM_UP = { answers: 8_000, atMostSeconds: 15 }
const NEXT_WARM_UP = { answers: 1_000, atMostSeconds: 2 }
const REQUESTS_PER_SECOND = 3_000
/** To be revoked: also while the clients make their requests. */
const LEAVERS = 300

export const issueRevoking: Benchmark = {
  name: 'issue-revoking',
  measures: `certificates over HTTPS with one revocation a second for ${SECONDS} s and ${ENTRIES.toLocaleString('en')} entries in the CRL, against the rate without; both cores`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

async function measure(installation: BenchInstallation, { seconds, say }: BenchOptions): Promise<readonly Figure[]> {
  await installation.serve()
  const members = await enrolMembers(installation)
  const serials = await enrolLeavers(installation, LEAVERS)
  await installation.stop()
  say(`filling the database with ${ENTRIES.toLocaleString('en')}`)
  insertRevoked(installation.databasePath, ENTRIES)
  const service = await serveOnAllCores(installation)
  try {
    const load = (time: number, warmUp: LoadPlan['warmUp']): Promise<LoadResult> =>
      runPinned<LoadResult>(CLIENT_CORE, 'issue-load.ts', {
        server: installation.server,
        pid: service.pid,
        members,
        warmUp,
        seconds: time,
        requests: warmUp.answers + time * REQUESTS_PER_SECOND,
      } satisfies IssueOrder)
    say('issuing alone')
    const before = await load(seconds, WARM_UP)
    say('issuing while certificates are revoked')
    const revoking = revokeEachSecond(installation, serials)
    const beside = await load(SECONDS, NEXT_WARM_UP)
    const revoked = await revoking.stop()
    say('issuing alone')
    const after = await load(seconds, NEXT_WARM_UP)
    return figuresOf([before, after], beside, { revoked, residentMebibytes: peakMebibytes(service.pid) })
  } finally {
    await service.stop()
  }
}

function figuresOf(
  alone: readonly LoadResult[],
  beside: LoadResult,
  { revoked, residentMebibytes }: { readonly revoked: number; readonly residentMebibytes: number },
): readonly Figure[] {
  const rate = ({ answers, seconds }: LoadResult): number => answers / seconds
  const microseconds = ({ answers, serviceSeconds }: LoadResult): number => (serviceSeconds / answers) * 1e6
  const rateAlone = mean(alone.map(rate))
  return [
    { name: 'certificates, alone', value: rateAlone, unit: '/s' },
    { name: 'certificates, with a revocation a second', value: rate(beside), unit: '/s' },
    { name: 'share', value: rate(beside) / rateAlone, unit: '', target: { kind: 'at-least', value: 0.5 } },
    { name: 'processor time of one, alone', value: mean(alone.map(microseconds)), unit: 'µs' },
    { name: 'processor time of one, CRLs included', value: microseconds(beside), unit: 'µs' },
    { name: 'revoked', value: revoked, unit: '' },
    { name: 'answer, 99 of 100, alone', value: mean(alone.map((load) => load.p99Milliseconds)), unit: 'ms' },
    { name: 'answer, 99 of 100, with revocations', value: beside.p99Milliseconds, unit: 'ms' },
    { name: 'resident at most', value: residentMebibytes, unit: 'MiB' },
  ]
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Until it is stopped, which gives how many were revoked. Throws when one was not. */
function revokeEachSecond(installation: BenchInstallation, serials: readonly string[]) {
  let isStopped = false
  const work = async (): Promise<number> => {
    const administrator = await installation.connectAdministrator()
    let revoked = 0
    while (!isStopped) {
      const serial = serials[revoked]
      if (serial === undefined) throw new Error('nobody is left to be revoked: enrol more')
      const next = new Promise((second) => setTimeout(second, 1000))
      await administrator.ask('POST', `/v1/certificates/${serial}/revoke`, { reason: 'superseded' })
      revoked += 1
      await next
    }
    administrator.close()
    return revoked
  }
  const done = work()
  return {
    stop: (): Promise<number> => {
      isStopped = true
      return done
    },
  }
}
