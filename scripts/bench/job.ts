// The start of a job: key, certificate and token, durable. One after the other it is a time; side by side it is a rate, held
// against the certificates a second of the same run.
import Database from 'better-sqlite3'
import { makeRequest } from './certification-requests.ts'
import { Connection, type Identity } from './connection.ts'
import { type BenchOptions, type Benchmark, type Figure, median } from './figure.ts'
import { addProject, BenchInstallation, type Enrolled, enrolMember, identityOf } from './installation.ts'
import type { IssueOrder } from './issue-load.ts'
import type { JobOrder } from './job-load.ts'
import type { LoadResult } from './load.ts'
import { CLIENT_CORE, runPinned } from './pinned.ts'

const CONNECTIONS = 128
const ROUNDS = 3
const WARM_UP = { answers: 8_000, atMostSeconds: 12 }
const SHORT_WARM_UP = { answers: 500, atMostSeconds: 2 }

/** Requests are made before the clock runs. */
const CERTIFICATES_PER_SECOND = 5_000
const JOBS_PER_SECOND = 3_000

const LAUNCHER = 'launcher.internal'

export const job: Benchmark = {
  name: 'job',
  measures: `starts of jobs over HTTPS (key, certificate, token), SQLite synchronous=FULL and journal, one core`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

interface Round {
  readonly certificates: LoadResult
  readonly jobs: LoadResult
  readonly alone: LoadResult
}

async function measure(installation: BenchInstallation, { seconds, profileFolder, say }: BenchOptions) {
  await installation.serve(profileFolder)
  say(`${CONNECTIONS} members enrol`)
  const { members, launcher } = await populated(installation)
  const rounds: Round[] = []
  for (let round = 1; round <= ROUNDS; round += 1) {
    say(`round ${round} of ${ROUNDS}: three times ${seconds} s`)
    const warmUp = round === 1 ? WARM_UP : SHORT_WARM_UP
    const plan = { server: installation.server, pid: installation.pid, warmUp, seconds }
    const requests = warmUp.answers + seconds * CERTIFICATES_PER_SECOND
    const certificates = await load('issue-load.ts', { ...plan, requests, members: issuesOf(members) })
    const starts = { ...plan, launcher, audience: LAUNCHER, users: [...members.keys()] }
    const jobs = await load('job-load.ts', {
      ...starts,
      connections: CONNECTIONS,
      keys: { kind: 'before', count: warmUp.answers + seconds * JOBS_PER_SECOND },
    })
    const alone = await load('job-load.ts', { ...starts, connections: 1, keys: { kind: 'as-made' } })
    rounds.push({ certificates, jobs, alone })
  }
  await installation.stop()
  compareWithDatabase(
    installation,
    rounds.reduce((sum, { jobs, alone }) => sum + jobs.answered + alone.answered, 0),
  )
  return figuresOf(rounds)
}

const load = (script: string, order: IssueOrder | JobOrder): Promise<LoadResult> =>
  runPinned<LoadResult>(CLIENT_CORE, script, order)

function figuresOf(rounds: readonly Round[]): readonly Figure[] {
  const rate = ({ answers, seconds }: LoadResult): number => answers / seconds
  const of = (value: (round: Round) => number): number => median(rounds.map(value))
  return [
    {
      name: 'start of one, median',
      value: of(({ alone }) => alone.p50Milliseconds),
      unit: 'ms',
      target: { kind: 'at-most', value: 5 },
    },
    { name: 'start of one, 99 of 100', value: of(({ alone }) => alone.p99Milliseconds), unit: 'ms' },
    { name: 'starts, side by side', value: of(({ jobs }) => rate(jobs)), unit: '/s' },
    { name: 'certificates, same run', value: of(({ certificates }) => rate(certificates)), unit: '/s' },
    {
      name: 'starts to certificates',
      value: of(({ jobs, certificates }) => rate(jobs) / rate(certificates)),
      unit: '',
      target: { kind: 'at-least', value: 0.4 },
    },
    { name: 'processor time of one', value: of(({ jobs }) => (jobs.serviceSeconds * 1e6) / jobs.answers), unit: 'µs' },
  ]
}

function issuesOf(members: ReadonlyMap<string, Enrolled>): IssueOrder['members'] {
  return [...members].map(([user, identity]) => ({
    path: `/v1/projects/bench/members/${user}/certificates`,
    identity,
  }))
}

async function populated(installation: BenchInstallation) {
  const administrator = await installation.connectAdministrator()
  const owner = await Connection.open(
    installation.server,
    await addProject(installation, administrator, { project: 'bench', owner: 'olivia' }),
  )
  const members = new Map<string, Enrolled>()
  for (let number = 1; number <= CONNECTIONS; number += 1) {
    const user = `member${number}`
    members.set(user, await enrolMember(installation, administrator, owner, { project: 'bench', user }))
  }
  const launcher = await launcherOf(administrator)
  administrator.close()
  owner.close()
  return { members, launcher }
}

async function launcherOf(administrator: Connection): Promise<Identity> {
  const settings = { systemUser: 'launcher', roles: ['launcher'], projects: ['bench'] }
  await administrator.ask('PUT', `/v1/services/${LAUNCHER}`, settings)
  const request = makeRequest()
  const answer = await administrator.ask('POST', `/v1/services/${LAUNCHER}/certificates`, { csr: request.pem })
  return identityOf(answer, request.key)
}

/** Every start that was answered is there, with its certificate and its token. */
function compareWithDatabase({ databasePath }: BenchInstallation, answered: number): void {
  const database = new Database(databasePath, { readonly: true })
  const count = (sql: string): number | undefined =>
    database.prepare<[], { readonly count: number }>(`select count(*) as count from ${sql}`).get()?.count
  const counted = [count('jobs'), count("certificates where profile = 'job'"), count('tokens')]
  database.close()
  if (counted.some((number) => number !== answered)) {
    throw new Error(`${answered} jobs were started; jobs, certificates and tokens: ${counted.join(', ')}`)
  }
}
