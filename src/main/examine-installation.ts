// The look of `signet doctor` at an installation: what is in its database, as of now, and what its service says of itself where that
// runs on this machine. The service may be stopped. Nothing is changed, and no key is used.
import { z } from 'zod'
import type { Issuer } from '../ca/issuer.ts'
import { addSeconds, type Clock } from '../domain/clock.ts'
import { fullScope } from '../domain/crl-scope.ts'
import type { OptionalEndpoint } from '../ops/endpoint.ts'
import type { CheckResult, Finding } from '../ops/health.ts'
import { parseCertificate } from '../x509/certificate.ts'
import type { OpenInstallation } from './installation.ts'
import { crlCheck, hasLostKey, isRoot, issuerCheck, masterKeyCheck } from './installation-checks.ts'

export interface Examined {
  readonly check: string
  readonly result: CheckResult
}

const OK: CheckResult = { kind: 'ok' }
const SERVE_FIX = 'start the service (signet serve), or see its log'
/** Several processes on several machines never agree to the second. */
const CLOCK_TOLERANCE_SECONDS = 5
const SERVICE_ANSWERS_MILLISECONDS = 3_000

export async function examineInstallation(opened: OpenInstallation, clock: Clock): Promise<readonly Examined[]> {
  const at = clock.now()
  const { book, policy, storage, facts, configuration } = opened
  const all = book.all()
  const issuers = all.map(({ issuer }) => issuer)
  const crls = await storage.run(async (tx) => {
    const found = new Map<Issuer, { readonly thisUpdate: Date; readonly nextUpdate: Date } | undefined>()
    for (const issuer of issuers) found.set(issuer, await tx.latestCrl(fullScope(issuer.id)))
    return found
  })
  const madeAt = (thisUpdate: Date): Date => addSeconds(thisUpdate, policy.revocation.crl.backdateSeconds)
  const latest = Math.max(
    ...[...crls.values()].map((crl) => (crl === undefined ? 0 : madeAt(crl.thisUpdate).getTime())),
  )
  const own = [
    { check: 'quarantine', result: quarantineCheck(facts) },
    { check: 'clock', result: clockCheck(new Date(latest), at) },
    { check: 'master key', result: await masterKeyCheck(opened) },
    ...all
      .filter((booked) => !hasLostKey(booked))
      .map(({ issuer }) => ({ check: `crl ${issuer.id}`, result: freshCheck(opened, issuer, crls.get(issuer), at) })),
    ...all
      .filter(({ issuer }) => !isRoot(issuer))
      .map((booked) => ({ check: `issuer ${booked.issuer.id}`, result: issuerCheck(book, booked, policy, at) })),
    ...(await certificateChecks(opened, issuers, at)),
  ]
  const said = await serviceChecks(configuration.listeners.operations)
  // What was looked at here is not told twice.
  return [...own, ...said.filter(({ check }) => !own.some((each) => each.check === check && each.result.kind !== 'ok'))]
}

function quarantineCheck(facts: OpenInstallation['facts']): CheckResult {
  if (facts?.quarantine.kind !== 'quarantined') return OK
  const detail = `since ${facts.quarantine.since.toISOString()}, after a restore without journal: nothing is decided`
  return { kind: 'missing', detail, fix: 'signet restore confirm' }
}

/** CRLs say when they were made; whoever is behind them has a clock that is wrong, or had one that was. */
function clockCheck(latest: Date, at: Date): CheckResult {
  const behind = Math.round((latest.getTime() - at.getTime()) / 1000)
  if (behind <= CLOCK_TOLERANCE_SECONDS) return OK
  return { kind: 'warning', detail: `${String(behind)} s behind the newest CRL`, fix: 'set the clock of this machine' }
}

/** Beside what readiness asks: whether anyone still publishes. */
function freshCheck(
  { policy }: OpenInstallation,
  issuer: Issuer,
  crl: { readonly thisUpdate: Date; readonly nextUpdate: Date } | undefined,
  at: Date,
): CheckResult {
  const result = crlCheck(issuer, crl, policy, at)
  if (result.kind !== 'ok' || crl === undefined || isRoot(issuer)) return result
  const { backdateSeconds, reissueEverySeconds } = policy.revocation.crl
  if (at <= addSeconds(crl.thisUpdate, backdateSeconds + 2 * reissueEverySeconds)) return OK
  return { kind: 'warning', detail: `not renewed, ends ${crl.nextUpdate.toISOString()}`, fix: SERVE_FIX }
}

/** Those that the service certifies for itself and renews: one that has ended was not renewed. */
async function certificateChecks(
  { storage }: OpenInstallation,
  issuers: readonly Issuer[],
  at: Date,
): Promise<readonly Examined[]> {
  const found = await storage.run(async (tx) => {
    const records = [{ check: 'server certificate', record: await tx.latestServerKey() }]
    for (const { id } of issuers) records.push({ check: `ocsp ${id}`, record: await tx.latestResponderKey(id) })
    return records
  })
  return found.flatMap(({ check, record }) => {
    if (record === undefined) return []
    const { notAfter } = parseCertificate(record.certificate).tbs.validity
    const detail = `ended ${notAfter.toISOString()}, and was not renewed`
    return [{ check, result: notAfter > at ? OK : ({ kind: 'warning', detail, fix: SERVE_FIX } as const) }]
  })
}

async function serviceChecks(operations: OptionalEndpoint): Promise<readonly Examined[]> {
  if (operations.kind === 'off') return []
  const host = operations.host.includes(':') ? `[${operations.host}]` : operations.host
  const url = `http://${host}:${String(operations.port)}/readyz`
  const readiness = await askReadiness(url)
  if (readiness === undefined) {
    return [{ check: 'service', result: { kind: 'warning', detail: `nobody answers at ${url}`, fix: SERVE_FIX } }]
  }
  const told = (kind: 'missing' | 'warning', findings: readonly Finding[]): Examined[] =>
    findings.map(({ check, detail, fix }) => ({ check, result: { kind, detail, fix } }))
  return [
    { check: 'service', result: OK },
    ...told('missing', readiness.missing),
    ...told('warning', readiness.warnings),
  ]
}

const FINDINGS = z.array(z.object({ check: z.string(), detail: z.string(), fix: z.string() }))
const READINESS = z.object({ missing: FINDINGS, warnings: FINDINGS })

/** Undefined when nobody answers there, or somebody else does. */
async function askReadiness(url: string): Promise<z.infer<typeof READINESS> | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(SERVICE_ANSWERS_MILLISECONDS) })
    return READINESS.safeParse(await answer.json()).data
  } catch {
    // Refused, too slow, or no JSON: for who asks it is one and the same.
    return undefined
  }
}
