// How soon a revocation is in the CRL that servers fetch, when the CRL is long; and how fast the CRL is served.
import { type BenchOptions, type Benchmark, type Figure, median } from './figure.ts'
import { addProject, BenchInstallation, enrolMember } from './installation.ts'
import { Connection } from './connection.ts'
import type { LoadResult } from './load.ts'
import { CLIENT_CORE, runPinned } from './pinned.ts'
import { populate } from './population.ts'
import type { RepeatOrder } from './repeat-load.ts'

const ENTRIES = 10_000
const REVOCATIONS = 5
const LOOK_MILLISECONDS = 10
const GIVE_UP_SECONDS = 30
const CONNECTIONS = 16
const PATH = '/pki/crl/users-1.crl'

export const crl: Benchmark = {
  name: 'crl',
  measures: `revocation answered to the CRL that lists it, ${ENTRIES.toLocaleString('en')} entries; CRLs served over TLS, one core`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

async function measure(installation: BenchInstallation, options: BenchOptions): Promise<readonly Figure[]> {
  options.say('filling the database')
  await populate(installation, { members: 100, certificates: ENTRIES, revoked: ENTRIES })
  await installation.serve(options.profileFolder)
  options.say('revoking')
  const times = await revocationTimes(installation)
  options.say('downloading')
  const order: RepeatOrder = {
    server: installation.server,
    connections: CONNECTIONS,
    method: 'GET',
    path: PATH,
    warmUp: { answers: 500, atMostSeconds: 3 },
    seconds: options.seconds,
    pid: installation.pid,
  }
  const load = await runPinned<LoadResult>(CLIENT_CORE, 'repeat-load.ts', order)
  const bytes = (await fetchCrl(installation)).length
  return [
    { name: 'revocation to CRL, median', value: median(times), unit: 's' },
    { name: 'revocation to CRL, slowest', value: Math.max(...times), unit: 's' },
    { name: 'CRLs served', value: load.answers / load.seconds, unit: '/s' },
    { name: 'length of the CRL', value: bytes / 1024, unit: 'KiB' },
    { name: 'service, of its core', value: load.serviceSeconds / load.seconds, unit: '' },
  ]
}

/** Seconds from the answer to a revocation to the first CRL over plain HTTP that has one entry more. */
async function revocationTimes(installation: BenchInstallation): Promise<readonly number[]> {
  const administrator = await installation.connectAdministrator()
  const names = { project: 'other', owner: 'olivia' }
  const owner = await Connection.open(installation.server, await addProject(installation, administrator, names))
  const times: number[] = []
  for (let number = 0; number < REVOCATIONS; number += 1) {
    const member = { project: 'other', user: `leaver${number}` }
    const { serial } = await enrolMember(installation, administrator, owner, member)
    await owner.ask('POST', `/v1/certificates/${serial}/revoke`, { reason: 'superseded' })
    times.push(await untilListed(installation, serial))
  }
  administrator.close()
  owner.close()
  return times
}

async function untilListed(installation: BenchInstallation, serial: string): Promise<number> {
  const answered = performance.now()
  const wanted = Buffer.from(serial, 'hex')
  for (;;) {
    const found = await fetchCrl(installation)
    const seconds = (performance.now() - answered) / 1000
    if (found.includes(wanted)) return seconds
    if (seconds > GIVE_UP_SECONDS) throw new Error('the revocation does not come into the CRL')
    await new Promise((look) => setTimeout(look, LOOK_MILLISECONDS))
  }
}

async function fetchCrl({ ports }: BenchInstallation): Promise<Buffer> {
  const answer = await fetch(`http://127.0.0.1:${ports.http}${PATH}`)
  return Buffer.from(await answer.arrayBuffer())
}
