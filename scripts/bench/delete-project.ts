// How long the end of a large project takes, over HTTPS: until it is answered, and until the CRL lists every member.
import { parseCrl } from '../../src/x509/crl.ts'
import type { Connection } from './connection.ts'
import type { BenchOptions, Benchmark, Figure } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import { populate } from './population.ts'

const MEMBERS = 10_000
const LOOK_MILLISECONDS = 10
const GIVE_UP_SECONDS = 30

export const deleteProject: Benchmark = {
  name: 'delete-project',
  measures: `a project of ${MEMBERS.toLocaleString('en')} members, each with a certificate: deleted, answered, and in one CRL`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

async function measure(installation: BenchInstallation, options: BenchOptions): Promise<readonly Figure[]> {
  options.say('filling the database')
  await populate(installation, { members: MEMBERS, certificates: MEMBERS, revoked: 0 })
  await installation.serve(options.profileFolder)
  const administrator: Connection = await installation.connectAdministrator()
  const before = await revokedIn(installation)
  options.say('deleting')
  const asked = performance.now()
  await administrator.ask('DELETE', '/v1/projects/bench')
  const answered = performance.now()
  const first = await untilMoreThan(installation, before)
  const listed = performance.now()
  administrator.close()
  return [
    {
      name: 'deleted and answered',
      value: (answered - asked) / 1000,
      unit: 's',
      target: { kind: 'at-most', value: 2 },
    },
    { name: 'answered to CRL', value: (listed - answered) / 1000, unit: 's' },
    // All in the first CRL that lists any.
    {
      name: 'certificates in the first CRL',
      value: first - before,
      unit: '',
      target: { kind: 'at-least', value: MEMBERS },
    },
  ]
}

async function untilMoreThan(installation: BenchInstallation, before: number): Promise<number> {
  const end = performance.now() + GIVE_UP_SECONDS * 1000
  for (;;) {
    const entries = await revokedIn(installation)
    if (entries > before) return entries
    if (performance.now() > end) throw new Error('the revocations do not come into the CRL')
    await new Promise((look) => setTimeout(look, LOOK_MILLISECONDS))
  }
}

async function revokedIn({ ports }: BenchInstallation): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${ports.http}/pki/crl/users-1.crl`)
  return parseCrl(new Uint8Array(await answer.arrayBuffer())).entries.size
}
