// Rule 37 over the running service: readiness and the doctor warn two months before an issuing CA stops to issue, and before the root's
// CRL ends; what a CA has no life for is refused and never cut; the next generation goes on. The doctor says it of a stopped one too.
import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeVerified } from '../../src/cli/backup.ts'
import { issueAdministratorOffline } from '../../src/cli/offline-administrator.ts'
import { makeNextGeneration } from '../../src/cli/root-ceremony.ts'
import { copyPolicyFolder, setField } from '../ca/policy/policy-folder-copy.ts'
import { codeOf, type Outcome, signet } from '../cli/command-line.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, send } from '../support/https-client.ts'
import { flagsOf } from '../support/restoring.ts'
import { expectStatus, TestService } from '../support/test-service.ts'

const DAY = 86_400
/** Of an issuing CA here. The longest leaf below `services` lives 90 days, below `users` 30. */
const CA_DAYS = 400
const SERVICES_STOP = CA_DAYS - 2 * 90
const USERS_STOP = CA_DAYS - 2 * 30
const WARN = 60
const NAME = 'late.internal'

interface Findings {
  readonly missing: readonly Finding[]
  readonly warnings: readonly Finding[]
}
interface Finding {
  readonly check: string
  readonly detail: string
  readonly fix: string
}

const clock = new SettableClock()
let policyFolder: string
let service: TestService
let operations: string
let day = 0

beforeAll(async () => {
  policyFolder = copyPolicyFolder()
  setField(policyFolder, 'profiles/issuing-ca.json', 'lifetime/defaultSeconds/value', CA_DAYS * DAY)
  // The day on which the CA for services stops to issue is today: ceremonies and clients have the system's clock.
  clock.pass(-(SERVICES_STOP + 1) * DAY)
  service = await TestService.start({ clock, flags: { policyFolder } })
  operations = new URL(service.operationsUrl).host
  // To this client the server's certificate has ended long ago.
  const { certificate: cert, key } = service.admin
  const agent = new Agent({ rejectUnauthorized: false, cert, key })
  const named = { method: 'PUT', path: `/v1/services/${NAME}`, body: { systemUser: 'svc' } }
  expectStatus(await send({ url: service.url, ca: service.ca, agent }, named), 200)
})
afterAll(() => service.close())

async function restartOn(next: number): Promise<void> {
  await service.stop()
  clock.pass((next - day) * DAY)
  day = next
  await service.restart()
}

async function readiness(): Promise<Findings> {
  return (await (await fetch(`${service.operationsUrl}/readyz`)).json()) as Findings
}

/** As `signet doctor installation` says it. */
function doctor(...words: readonly string[]): Promise<Outcome> {
  const flags = [...flagsOf(service), '--policy', policyFolder, '--listen-operations', operations]
  return signet(['doctor', 'installation', ...flags, ...words], { now: clock.now() })
}

async function diagnosis(): Promise<Findings & { readonly good: readonly string[] }> {
  const { stdout, stderr } = await doctor('--json')
  return JSON.parse(stdout === '' ? stderr : stdout) as Findings & { readonly good: readonly string[] }
}

const issuerWarning = (authority: string, detail: string) => ({
  check: `issuer ${authority}-1`,
  detail: expect.stringContaining(detail) as string,
  fix: `signet ceremony issuing-ca --authority ${authority}`,
})

async function serviceCertificate(admin: ClientIdentity): Promise<Answer> {
  return service.post(`/v1/services/${NAME}/certificates`, { csr: (await makeCsr()).pem }, admin)
}

test('rule 37: nothing is said of an issuer for which there is time', async () => {
  await restartOn(SERVICES_STOP - WARN - 1)
  expect(await readiness()).toMatchObject({ ready: true, missing: [], warnings: [] })
  const outcome = await doctor()
  expect([outcome.status, outcome.stderr]).toEqual([0, ''])
  expect(outcome.stdout).toMatch(/^good: .*issuer services-1.*\nnot looked at: backups/)
})

test('rule 37: readiness and the doctor warn sixty days before it stops to issue', async () => {
  await restartOn(SERVICES_STOP - WARN + 1)
  const warning = issuerWarning('services', 'issues until 20')
  expect(await readiness()).toMatchObject({ ready: true, missing: [], warnings: [warning] })
  expect(await diagnosis()).toMatchObject({ missing: [], warnings: [warning] })
  expect((await doctor()).status).toBe(0)
  const strict = await doctor('--strict')
  expect([strict.status, codeOf(strict)]).toEqual([1, 'installation_unsound'])
})

test('rule 37: what it has no life for is refused and not cut, and the next generation goes on', async () => {
  await restartOn(SERVICES_STOP + 1)
  const warning = issuerWarning('services', 'too little life left to issue')
  expect((await readiness()).warnings).toContainEqual(warning)
  expect((await diagnosis()).warnings).toContainEqual(warning)
  const admin = await freshAdministrator()
  const refused = await serviceCertificate(admin)
  expect(refused).toMatchObject({ status: 503, code: 'issuer_unavailable' })
  expect((await service.get(`/v1/certificates?service=${NAME}`, admin)).text).not.toContain(NAME)

  const root = { folder: service.rootFolder, passphrase: service.rootPassphrase }
  await makeNextGeneration(service.configuration, root, 'services')
  await expect.poll(async () => (await serviceCertificate(admin)).status, { timeout: 15_000 }).toBe(201)
  expect((await serviceCertificate(admin)).json['issuer']).toBe('services-2')
  await expect.poll(async () => (await readiness()).warnings, { timeout: 15_000 }).toEqual([])
})

test("rule 37: the root's CRL is told of from sixty days before its end", async () => {
  await restartOn(USERS_STOP + 1)
  const ofRoot = {
    check: 'crl root-1',
    detail: expect.stringContaining('ends 20') as string,
    fix: 'signet ceremony crl',
  }
  const ofUsers = issuerWarning('users', 'too little life left to issue')
  const said = await readiness()
  expect(said.missing).toEqual([])
  for (const warning of [ofRoot, ofUsers]) expect(said.warnings).toContainEqual(warning)
  const { warnings } = await diagnosis()
  for (const warning of [ofRoot, ofUsers])
    expect(warnings.filter(({ check }) => check === warning.check)).toEqual([warning])
})

test('the doctor of a service that stands still: who does not answer, what was not renewed, and which CRLs have ended', async () => {
  const file = join(service.folder, 'signet.backup')
  await writeVerified(service.configuration, file, clock, () => undefined)
  await service.stop()
  clock.pass(3 * 3600)
  const early = await doctor('--json', '--backup', file)
  expect([early.status, JSON.parse(early.stdout)]).toMatchObject([0, { missing: [] }])
  const told = (JSON.parse(early.stdout) as Findings).warnings.map(({ check }) => check)
  expect(told).toEqual(expect.arrayContaining(['service', 'crl users-1', 'crl services-2']))
  expect(told).not.toContain('backup')

  clock.pass(2 * DAY)
  const late = await doctor('--backup', file)
  expect([late.status, codeOf(late)]).toEqual([1, 'installation_unsound'])
  expect(late.stdout).toMatch(/^MISSING {2}crl users-1: no CRL in force/m)
  expect(late.stdout).toMatch(/^WARNING {2}backup: the newest is of 20/m)
  clock.pass(30 * DAY)
  expect((await diagnosis()).warnings.map(({ check }) => check)).toEqual(
    expect.arrayContaining(['ocsp users-1', 'server certificate']),
  )
})

test('the doctor says when this clock is behind, and refuses what is no backup of it', async () => {
  clock.pass(-60 * DAY)
  expect((await diagnosis()).warnings).toContainEqual(
    expect.objectContaining({ check: 'clock', fix: 'set the clock of this machine' }),
  )
  const none = await doctor('--backup', join(service.folder, 'master.key'))
  expect([none.status, codeOf(none)]).toEqual([1, 'backup_damaged'])
})

async function freshAdministrator(): Promise<ClientIdentity> {
  const folder = join(service.folder, 'fresh')
  const passphrase = 'correct horse battery staple'
  const files = await issueAdministratorOffline(service.configuration, { user: 'root-admin', folder, passphrase })
  return { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') }
}
