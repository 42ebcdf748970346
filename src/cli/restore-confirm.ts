// What `signet restore confirm` does: the last CRLs that were published, each verified with its issuer and complete, are merged into the
// installation, which then leaves quarantine. The root's is among them, since it says which issuing CAs were revoked. An issuing CA without a CRL
// must have been revoked: then it has been replaced.
import type { CertificateRecord } from '../ca/inventory.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { parseSerialNumber } from '../domain/serial-number.ts'
import { confirmRestore, type Confirmed, type PublishedList } from '../enrollment/confirm-restore.ts'
import type { BookedIssuer } from '../enrollment/issuer-book.ts'
import type { ToldRevocation } from '../enrollment/replay-journal.ts'
import { NotInitialised, openInstallation, type OpenInstallation, refuseEmpty } from '../main/installation.ts'
import { type Crl, MAX_CRL_BYTES, parseCrl } from '../x509/crl.ts'
import { configurationOf } from './configuration-options.ts'
import { faultOfCrl } from './crl-fault.ts'
import type { Host } from './host.ts'
import { print, table } from './printed.ts'
import { withProgress } from './progress.ts'
import { readPemOrDer } from './read-file.ts'
import { Refused, refusedBecause } from './refused.ts'

export interface ConfirmOptions {
  readonly crl: readonly string[]
  readonly keepApiKeys?: true
  readonly keepPassphrases?: true
  readonly plan?: true
  readonly json?: true
}

interface VerifiedList extends PublishedList {
  readonly crl: Crl
  readonly file: string
}

/** Throws `Refused`, `NotInitialised`. */
export async function confirmWithCrls(
  options: Parameters<typeof configurationOf>[0] & ConfirmOptions,
  host: Host,
): Promise<void> {
  const configuration = configurationOf(options)
  refuseEmpty(configuration)
  const opened = await openInstallation(configuration)
  try {
    if (opened.facts === undefined) throw new NotInitialised(configuration.dataFolder)
    if (opened.facts.quarantine.kind === 'none') throw new Refused('restore_not_waiting')
    const lists = await withProgress(host, 'verifying', () => verifiedLists(opened, options.crl, host.clock.now()))
    if (options.plan === true) {
      print(host, options, { plan: true, crls: lists.map(documentOf) }, tableOf(lists))
      return
    }
    const confirmed = await withProgress(host, 'merging', () => confirm(opened, options, lists))
    print(host, options, { ...confirmed, crls: lists.map(documentOf) }, [...tableOf(lists), ...linesOf(confirmed)])
  } finally {
    await opened.storage.close()
  }
}

function confirm(
  { storage, means }: OpenInstallation,
  options: ConfirmOptions,
  lists: readonly PublishedList[],
): Promise<Confirmed> {
  const apiKeys = options.keepApiKeys === true ? ('keep' as const) : ('end' as const)
  const passphrases = options.keepPassphrases === true ? ('keep' as const) : ('end' as const)
  return confirmRestore({ acts: storage, clock: means.clock, lists, apiKeys, passphrases, actor: 'offline:restore' })
}

async function verifiedLists(
  opened: OpenInstallation,
  files: readonly string[],
  now: Date,
): Promise<readonly VerifiedList[]> {
  const known = opened.book.all()
  const lists: VerifiedList[] = []
  for (const file of files) {
    for (const der of await readPemOrDer(file, 'X509 CRL', MAX_CRL_BYTES * 2)) {
      lists.push(verifiedList(known, der, file, now))
    }
  }
  await requireNewest(opened, lists)
  await requireAll(opened, lists, now)
  return lists
}

function verifiedList(known: readonly BookedIssuer[], der: Uint8Array, file: string, now: Date): VerifiedList {
  const crl = parsed(der, file)
  const booked = known.find(
    ({ issuer }) => Buffer.compare(issuer.certificate.tbs.subjectEncoded, crl.issuerEncoded) === 0,
  )
  if (booked === undefined) throw new Refused('crl_issuer_other', { file })
  const { issuer } = booked
  // The last one that was published may have ended: what it lists is revoked all the same.
  const fault = faultOfCrl(crl, issuer.certificate, crl.thisUpdate <= now ? crl.thisUpdate : now, 'all')
  if (fault !== undefined) throw new Refused(fault, { file, issuer: issuer.id })
  const number = Number(crl.number ?? 0n)
  const endsAt = issuer.certificate.tbs.validity.notAfter
  const taken = isRoot(booked) ? { taken: { certificate: issuer.certificate.der, der } } : {}
  return { crl, file, issuer: issuer.id, number, endsAt, entries: entriesOf(crl, issuer.id), ...taken }
}

function parsed(der: Uint8Array, file: string): Crl {
  try {
    return parseCrl(der, MAX_CRL_BYTES)
  } catch (cause) {
    throw refusedBecause(cause, 'crl_malformed', { file })
  }
}

function* entriesOf({ entries }: Crl, issuer: IssuerId): Generator<ToldRevocation> {
  for (const [serialHex, { date, reason }] of entries) {
    // Deltas are refused, and no complete CRL has this one.
    if (reason === 'removeFromCRL') continue
    const status = reason === 'certificateHold' ? 'held' : 'revoked'
    yield { issuer, serial: parseSerialNumber(serialHex), status, reason, revokedAt: date }
  }
}

/** One that is older than the backup tells nothing of the time since. */
async function requireNewest({ storage }: OpenInstallation, lists: readonly VerifiedList[]): Promise<void> {
  for (const { issuer, number, file } of lists) {
    const known = await storage.read((view) => view.latestCrls(issuer))
    const highest = Math.max(0, ...known.map((crl) => crl.number))
    if (number < highest) throw new Refused('crl_older_than_backup', { file, issuer, number, backup: highest })
  }
}

async function requireAll(
  { storage, book }: OpenInstallation,
  lists: readonly VerifiedList[],
  now: Date,
): Promise<void> {
  const missing: string[] = []
  const roots = lists.filter(({ taken }) => taken !== undefined)
  for (const booked of book.all()) {
    const { issuer } = booked
    if (lists.some((list) => list.issuer === issuer.id)) continue
    // Revoked after the backup, and the root's CRL says so.
    if (roots.some(({ crl }) => crl.entries.get(issuer.certificate.tbs.serialHex) !== undefined)) continue
    const live = await storage.run((tx) => tx.liveCertificatesOf(`issuer:${issuer.id}`, now))
    if (isRoot(booked) || live.some(isGood)) missing.push(issuer.id)
  }
  if (missing.length > 0) throw new Refused('crl_missing', { issuers: missing })
}

function isRoot({ issuer }: BookedIssuer): boolean {
  return issuer.authority.parent === null
}

function isGood({ status }: CertificateRecord): boolean {
  return status === 'good'
}

function documentOf({ issuer, number, crl, file }: VerifiedList): object {
  return { issuer, number, thisUpdate: crl.thisUpdate.toISOString(), entries: crl.entries.count, file }
}

function tableOf(lists: readonly VerifiedList[]): string[] {
  const rows = lists.map(({ issuer, number, crl }) => {
    return [issuer, String(number), crl.thisUpdate.toISOString(), String(crl.entries.count)]
  })
  return table(['issuer', 'number', 'published', 'entries'], rows)
}

function linesOf({ revoked, unknown, endedApiKeys, endedPassphrases }: Confirmed): string[] {
  return [
    `${String(revoked)} certificates revoked that were not; ${String(unknown)} that are on the CRLs alone recorded as revoked`,
    `${String(endedApiKeys)} API keys and ${String(endedPassphrases)} passphrases of deployments ended`,
    'the quarantine is over: new CRLs with higher numbers are published at once',
  ]
}
