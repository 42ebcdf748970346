// Certificates a second while one is revoked each second and a CRL of a million entries is made for it: against the rate without. Two
// cores carry the clients, the thread that makes the CRL, and the service.
import { enrolLeavers, serveOnAllCores } from './crl-million.ts'
import type { BenchOptions, Benchmark, Figure } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import { enrolMembers } from './issue.ts'
import type { IssueOrder } from './issue-load.ts'
import type { LoadResult } from './load.ts'
import { CLIENT_CORE, runPinned } from './pinned.ts'
import { insertRevoked } from './revoked-certificates.ts'

const ENTRIES = 1_000_000
const SECONDS = 30
const WARM_UP = { answers: 8_000, atMostSeconds: 15 }
const REQUESTS_PER_SECOND = 4_000

export const issueRevoking: Benchmark = {
  name: 'issue-revoking',
  measures: `certificates over HTTPS with one revocation a second for ${SECONDS} s and ${ENTRIES.toLocaleString('en')} entries in the CRL, against the rate without; both cores`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

async function measure(installation: BenchInstallation, { seconds, say }: BenchOptions): Promise<readonly Figure[]> {
  await installation.serve()
  const members = await enrolMembers(installation)
  const serials = await enrolLeavers(installation, SECONDS * 2)
  await installation.stop()
  say(`filling the database with ${ENTRIES.toLocaleString('en')}`)
  insertRevoked(installation.databasePath, ENTRIES)
  const service = await serveOnAllCores(installation)
  try {
    const load = (time: number): Promise<LoadResult> =>
      runPinned<LoadResult>(CLIENT_CORE, 'issue-load.ts', {
        server: installation.server,
        pid: service.pid,
        members,
        warmUp: WARM_UP,
        seconds: time,
        requests: WARM_UP.answers + time * REQUESTS_PER_SECOND,
      } satisfies IssueOrder)
    say('issuing alone')
    const alone = await load(seconds)
    say('issuing while certificates are revoked')
    const revoking = revokeEachSecond(installation, serials)
    const beside = await load(SECONDS)
    const revoked = await revoking.stop()
    return figuresOf(alone, beside, revoked)
  } finally {
    await service.stop()
  }
}

function figuresOf(alone: LoadResult, beside: LoadResult, revoked: number): readonly Figure[] {
  const rate = ({ answers, seconds }: LoadResult): number => answers / seconds
  return [
    { name: 'certificates, alone', value: rate(alone), unit: '/s' },
    { name: 'certificates, with a revocation a second', value: rate(beside), unit: '/s' },
    { name: 'share', value: rate(beside) / rate(alone), unit: '', target: { kind: 'at-least', value: 0.5 } },
    { name: 'revoked, warm-up included', value: revoked, unit: '' },
    { name: 'answer, 99 of 100, alone', value: alone.p99Milliseconds, unit: 'ms' },
    { name: 'answer, 99 of 100, with revocations', value: beside.p99Milliseconds, unit: 'ms' },
  ]
}

/** Until it is stopped, which gives how many were revoked. Throws when one was not. */
function revokeEachSecond(installation: BenchInstallation, serials: readonly string[]) {
  let isStopped = false
  const work = async (): Promise<number> => {
    const administrator = await installation.connectAdministrator()
    let revoked = 0
    for (const serial of serials) {
      if (isStopped) break
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
