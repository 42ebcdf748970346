// Certificates a second over HTTPS, durable, on one core; and the share of what the cryptography alone would allow.
//
// The bound is measured before and after each load, on the same core, so that a machine which is shared or changes its
// clock does so for both. Afterwards every certificate that was answered must be in the database.
import Database from 'better-sqlite3'
import { type BenchOptions, type Benchmark, type Figure, median } from './figure.ts'
import { addProject, BenchInstallation, enrolMember } from './installation.ts'
import type { BoundResult } from './issue-bound.ts'
import type { IssueOrder } from './issue-load.ts'
import { Connection } from './connection.ts'
import type { LoadResult } from './load.ts'
import { CLIENT_CORE, runPinned, SERVICE_CORE } from './pinned.ts'

const CONNECTIONS = 128
const ROUNDS = 3
const WARM_UP = { answers: 12_000, atMostSeconds: 15 }
const BOUND_SECONDS = 1.5

/** More than one core signs; the requests are made before the clock runs, at about 10,000 a second. */
const REQUESTS_PER_SECOND = 5_000

export const issue: Benchmark = {
  name: 'issue',
  measures: `certificates over HTTPS, SQLite synchronous=FULL and journal, one core, ${CONNECTIONS} connections`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

async function measure(installation: BenchInstallation, options: BenchOptions): Promise<readonly Figure[]> {
  const { seconds, profileFolder, say } = options
  await installation.serve(profileFolder)
  say(`${CONNECTIONS} members enrol`)
  const members = await enrolMembers(installation)
  const rounds: { readonly load: LoadResult; readonly bound: BoundResult }[] = []
  let before = await bound()
  for (let round = 1; round <= ROUNDS; round += 1) {
    say(`round ${round} of ${ROUNDS}: ${seconds} s`)
    const order: IssueOrder = {
      server: installation.server,
      pid: installation.pid,
      members,
      // Once: the service stays warm from one round to the next.
      warmUp: round === 1 ? WARM_UP : { answers: 1_000, atMostSeconds: 2 },
      seconds,
      requests: WARM_UP.answers + seconds * REQUESTS_PER_SECOND,
    }
    const load = await runPinned<LoadResult>(CLIENT_CORE, 'issue-load.ts', order)
    const after = await bound()
    rounds.push({ load, bound: mean(before, after) })
    before = after
  }
  await installation.stop()
  const answered = rounds.reduce((sum, { load }) => sum + load.answered, 0)
  compareWithDatabase(installation, answered)
  return figuresOf(rounds)
}

const bound = (): Promise<BoundResult> =>
  runPinned<BoundResult>(SERVICE_CORE, 'issue-bound.ts', { seconds: BOUND_SECONDS })

function mean(one: BoundResult, other: BoundResult): BoundResult {
  return {
    perSecond: (one.perSecond + other.perSecond) / 2,
    processorMicroseconds: (one.processorMicroseconds + other.processorMicroseconds) / 2,
  }
}

function figuresOf(rounds: readonly { readonly load: LoadResult; readonly bound: BoundResult }[]): readonly Figure[] {
  const of = (value: (round: (typeof rounds)[number]) => number): number => median(rounds.map(value))
  const rate = ({ load }: (typeof rounds)[number]): number => load.answers / load.seconds
  const used = ({ load }: (typeof rounds)[number]): number => (load.serviceSeconds * 1e6) / load.answers
  return [
    { name: 'certificates', value: of(rate), unit: '/s', target: { kind: 'at-least', value: 2_500 } },
    { name: 'bound in process', value: of((round) => round.bound.perSecond), unit: '/s' },
    {
      name: 'share of the bound',
      value: of((round) => rate(round) / round.bound.perSecond),
      unit: '',
      target: { kind: 'at-least', value: 0.28 },
    },
    { name: 'processor time of one', value: of(used), unit: 'µs' },
    { name: 'processor time of one in the bound', value: of((round) => round.bound.processorMicroseconds), unit: 'µs' },
    { name: 'service, of its core', value: of(({ load }) => load.serviceSeconds / load.seconds), unit: '' },
    { name: 'clients, of theirs', value: of(({ load }) => load.clientSeconds / load.seconds), unit: '' },
    { name: 'answer, median', value: of(({ load }) => load.p50Milliseconds), unit: 'ms' },
    { name: 'answer, 99 of 100', value: of(({ load }) => load.p99Milliseconds), unit: 'ms' },
  ]
}

export async function enrolMembers(installation: BenchInstallation): Promise<IssueOrder['members']> {
  const administrator = await installation.connectAdministrator()
  const names = { project: 'bench', owner: 'olivia' }
  const owner = await Connection.open(installation.server, await addProject(installation, administrator, names))
  const members: IssueOrder['members'][number][] = []
  for (let number = 1; number <= CONNECTIONS; number += 1) {
    const name = { project: 'bench', user: `member${number}` }
    const identity = await enrolMember(installation, administrator, owner, name)
    members.push({ path: `/v1/projects/${name.project}/members/${name.user}/certificates`, identity })
  }
  administrator.close()
  owner.close()
  return members
}

/** Everything that was answered is there: else the rate is one of promises. */
function compareWithDatabase({ databasePath }: BenchInstallation, answered: number): void {
  const database = new Database(databasePath, { readonly: true })
  const counted = database
    .prepare<[], { readonly count: number }>(
      "select count(*) as count from certificates where profile = 'project-user' and obtained_with like 'certificate:%'",
    )
    .get()
  database.close()
  if (counted?.count !== answered) {
    throw new Error(`${answered} certificates were answered, ${String(counted?.count)} are in the database`)
  }
}
