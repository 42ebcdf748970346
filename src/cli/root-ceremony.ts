// What the ceremonies do: sign with the root key, note it in the root's ledger, and put the result in force in the database,
// in that order. A signature that was noted and not recorded is no certificate; the ceremony is simply held again.
import { hasLifeToIssue, type Issuer } from '../ca/issuer.ts'
import { readRootKey, type RootKey } from '../ca/keystore/root-key-file.ts'
import { CodedError } from '../domain/coded-error.ts'
import { fullScope } from '../domain/crl-scope.ts'
import { addSeconds } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { parseSerialNumber } from '../domain/serial-number.ts'
import { makeAuthorityCrl, makeIssuingAuthority, type NewAuthority } from '../enrollment/authorities.ts'
import { revokeAuthority, type RevokedAuthority } from '../enrollment/revoke-authority.ts'
import { nextGeneration, recordAuthority, recordAuthorityCrl } from '../enrollment/installation.ts'
import type { BookedIssuer } from '../enrollment/issuer-book.ts'
import {
  type InstallationFacts,
  NotInitialised,
  type OpenInstallation,
  openInstallation,
} from '../main/installation.ts'
import type { Configuration } from '../ops/configuration.ts'
import type { CrlRecord } from '../revocation/crl-store.ts'
import type { AuthorityReason } from '../revocation/revocation.ts'
import { certificateOf, RootFolder } from './root-folder.ts'
import { PUBLIC, writeAtomically } from './atomic-file.ts'

export type CeremonyErrorCode = 'root_of_another_installation' | 'authority_not_online' | 'issuer_not_online'

export class CeremonyRefused extends CodedError<CeremonyErrorCode> {}

export interface RootAtHand {
  readonly folder: string
  readonly passphrase: string
}

const CEREMONY = 'offline:ceremony'

/** Certificates that are counted for a plan, at most. */
const LISTED = 1000

export function planRootCrl(configuration: Configuration) {
  return withInstallation(configuration, async (opened) => {
    const root = rootIssuer(opened)
    const { latest, revoked } = await rootCrlState(opened, root)
    const now = opened.means.clock.now()
    return {
      issuer: root.issuer.id,
      'after number': String(latest?.number ?? 0),
      entries: String(revoked.length),
      'good until': addSeconds(now, opened.policy.revocation.rootCrl.nextUpdateSeconds).toISOString(),
    }
  })
}

/** Signs, notes and puts in force the next CRL of the root. Throws `CeremonyRefused` and what opening the key throws. */
export function signRootCrl(configuration: Configuration, at: RootAtHand, out: string | undefined): Promise<CrlRecord> {
  return withInstallation(configuration, async (opened) => {
    const root = rootIssuer(opened)
    const key = openRootKey(root, at)
    const folder = new RootFolder(at.folder)
    const { latest, revoked, revision } = await rootCrlState(opened, root)
    const { crl, rootCrl } = opened.policy.revocation
    const now = opened.means.clock.now()
    folder.note({ kind: 'intent', at: now.toISOString(), what: `CRL after number ${String(latest?.number ?? 0)}` })
    const made = await makeAuthorityCrl(root.issuer, key.signer('crl'), {
      before: latest,
      revoked,
      coversRevision: revision,
      now,
      life: { backdateSeconds: crl.backdateSeconds, nextUpdateSeconds: rootCrl.nextUpdateSeconds },
    })
    await opened.storage.run((tx) => recordAuthorityCrl(tx, made, latest?.number ?? 0, { actor: CEREMONY, at: now }))
    if (out !== undefined && made.content.kind === 'whole') writeAtomically(out, made.content.der, PUBLIC)
    return made
  })
}

export async function planRevocation(configuration: Configuration, id: string) {
  return withInstallation(configuration, async (opened) => {
    const { issuer } = onlineIssuer(opened, id)
    const now = opened.means.clock.now()
    const live = await opened.storage.run((tx) =>
      tx.listCertificates({ issuer: issuer.id, status: 'good' }, now, { limit: LISTED }),
    )
    const successor = successorOf(opened, issuer)
    return {
      issuer: issuer.id,
      certificates: live.cursor === undefined ? String(live.items.length) : `more than ${String(LISTED)}`,
      'issues from then on': successor ?? 'nobody: make the next generation first, signet ceremony issuing-ca',
    }
  })
}

/** Revokes an issuing CA and signs the root's CRL that says so: both are in force at once, or neither. */
export function revokeIssuingCa(
  configuration: Configuration,
  at: RootAtHand,
  asked: { readonly issuer: string; readonly reason: AuthorityReason; readonly out: string | undefined },
): Promise<RevokedAuthority & { readonly crl: CrlRecord; readonly successor: IssuerId | undefined }> {
  return withInstallation(configuration, async (opened) => {
    const root = rootIssuer(opened)
    const { issuer } = onlineIssuer(opened, asked.issuer)
    const key = openRootKey(root, at)
    const now = opened.means.clock.now()
    const what = `CRL that revokes ${issuer.id}: ${asked.reason}`
    new RootFolder(at.folder).note({ kind: 'intent', at: now.toISOString(), what })
    const serial = parseSerialNumber(issuer.certificate.tbs.serialHex)
    const { latest, revoked, revision } = await rootCrlState(opened, root)
    const known = revoked.find((entry) => entry.serial === serial)
    const entry = { serial, revokedAt: now, reason: asked.reason, notAfter: issuer.validity.notAfter }
    const { crl, rootCrl } = opened.policy.revocation
    const made = await makeAuthorityCrl(root.issuer, key.signer('crl'), {
      before: latest,
      revoked: known === undefined ? [...revoked, entry] : revoked,
      coversRevision: revision,
      now,
      life: { backdateSeconds: crl.backdateSeconds, nextUpdateSeconds: rootCrl.nextUpdateSeconds },
    })
    const done = await opened.storage.run(async (tx) => {
      await recordAuthorityCrl(tx, made, latest?.number ?? 0, { actor: CEREMONY, at: now })
      return revokeAuthority(tx, { issuer, reason: asked.reason, at: now, actor: CEREMONY })
    })
    if (asked.out !== undefined && made.content.kind === 'whole') writeAtomically(asked.out, made.content.der, PUBLIC)
    return { ...done, crl: made, successor: successorOf(opened, issuer) }
  })
}

export function planNextGeneration(configuration: Configuration, folder: string, authority: string) {
  return withInstallation(configuration, async (opened, facts) => {
    requireOnline(opened, authority)
    const signed = new RootFolder(folder).generationsSigned(authority)
    const generation = Math.max(await opened.storage.run((tx) => nextGeneration(tx, authority)), signed + 1)
    return {
      issuer: `${authority}-${String(generation)}`,
      algorithm: facts.algorithm,
      organization: facts.organization,
    }
  })
}

/** A new key generation of an issuing CA with its first CRL; the one before goes on until its certificates have ended. */
export function makeNextGeneration(
  configuration: Configuration,
  at: RootAtHand,
  authority: string,
): Promise<NewAuthority> {
  return withInstallation(configuration, async (opened, { installation, algorithm, organization }) => {
    requireOnline(opened, authority)
    const { means, keyStore, storage, policy } = opened
    const root = rootIssuer(opened)
    const key = openRootKey(root, at)
    const folder = new RootFolder(at.folder)
    const signed = folder.generationsSigned(authority)
    const generation = Math.max(await storage.run((tx) => nextGeneration(tx, authority)), signed + 1)
    const what = certificateOf(authority, generation)
    const now = means.clock.now()
    folder.note({ kind: 'intent', at: now.toISOString(), what })
    const naming = { authority, generation, organization, publicHttpUrl: configuration.publicHttpUrl }
    const parent = { issuer: root.issuer, signer: key.signer('certificate') }
    const made = await makeIssuingAuthority(means, naming, { keyStore, algorithm }, parent)
    folder.noteSigned(what, made.issued)
    if (made.key === undefined) throw new Error('an issuing CA was made without a key')
    const signer = keyStore.signerOf('crl', made.key)
    const nothing = { before: undefined, revoked: [], coversRevision: 0 } as const
    const crl = await makeAuthorityCrl(made.issuer, signer, { ...nothing, now, life: policy.revocation.crl })
    await storage.run(async (tx) => {
      await recordAuthority(tx, { keyStore, installation }, made, CEREMONY, now)
      await recordAuthorityCrl(tx, crl, 0, { actor: CEREMONY, at: now })
    })
    return made
  })
}

async function withInstallation<Result>(
  configuration: Configuration,
  act: (opened: OpenInstallation, facts: InstallationFacts) => Promise<Result>,
): Promise<Result> {
  const opened = await openInstallation(configuration)
  try {
    if (opened.facts === undefined) throw new NotInitialised(configuration.dataFolder)
    return await act(opened, opened.facts)
  } finally {
    await opened.storage.close()
  }
}

function rootIssuer({ book }: OpenInstallation): BookedIssuer {
  const root = book.all().find(({ issuer }) => issuer.authority.parent === null)
  if (root === undefined) throw new CeremonyRefused('root_of_another_installation', { why: 'no root is recorded' })
  return root
}

/** Throws `CeremonyRefused` for one that is not there, and for the root. */
function onlineIssuer({ book }: OpenInstallation, id: string): BookedIssuer {
  // Also one whose key a restore has lost.
  const online = book.all().filter(({ issuer }) => issuer.authority.parent !== null)
  const found = online.find(({ issuer }) => issuer.id === id)
  if (found !== undefined) return found
  throw new CeremonyRefused('issuer_not_online', { issuer: id, known: online.map(({ issuer }) => issuer.id) })
}

/** Who issues in its place when it is gone. */
function successorOf({ book, policy, means }: OpenInstallation, gone: Issuer): IssuerId | undefined {
  const others = book
    .all()
    .flatMap(({ issuer, certificateSigner }) => (certificateSigner === undefined ? [] : [issuer]))
    .filter(({ id, authority }) => id !== gone.id && authority.name === gone.authority.name && !book.isRevoked(id))
  const able = others.filter((issuer) => hasLifeToIssue(issuer, policy, means.clock.now()))
  return able.toSorted((one, other) => other.generation - one.generation)[0]?.id
}

/** The key must be the one in the root's certificate, or what it signs is worth nothing. */
function openRootKey({ issuer }: BookedIssuer, { folder, passphrase }: RootAtHand): RootKey {
  const key = readRootKey(folder, passphrase)
  if (Buffer.compare(key.publicKey, issuer.publicKey.spki) !== 0) {
    throw new CeremonyRefused('root_of_another_installation', { folder })
  }
  return key
}

function requireOnline({ policy }: OpenInstallation, authority: string): void {
  if (policy.hierarchy.authorities.get(authority)?.key === 'online') return
  const online = [...policy.hierarchy.authorities.values()].filter(({ key }) => key === 'online')
  throw new CeremonyRefused('authority_not_online', { authority, known: online.map(({ name }) => name) })
}

async function rootCrlState({ storage, means }: OpenInstallation, { issuer }: BookedIssuer) {
  const { seq: revision } = await storage.readState()
  return storage.run(async (tx) => ({
    revision,
    latest: await tx.latestCrl(fullScope(issuer.id)),
    revoked: await tx.revokedCertificates(issuer.id, means.clock.now()),
  }))
}
