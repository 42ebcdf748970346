// Keys that the platform keeps for the members of a project (CP §6.2.8): made with the certificate when a member is added, sealed,
// renewed while their term lasts, and handed over to the member alone. Whatever ends the member revokes and then deletes them, in
// one transaction. What is handed over and not kept is `made-key.ts`.
import type { Caller } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { UserName } from '../domain/user-name.ts'
import type { KeyFormat } from '../ca/keystore/key-bundle.ts'
import type { IssuedCertificate } from '../ca/issue.ts'
import { revokeRecord } from '../revocation/revocation.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import type { KeptKey } from './custody-store.ts'
import { CustodyRefused } from './custody-refused.ts'
import { actorIn, type Asked, audit, once } from './directory-act.ts'
import { endWhatHangsOn, recordRevocation } from './end-identity.ts'
import { EnrollmentRefused } from './errors.ts'
import { refuseStaleSignIn } from './fresh-sign-in.ts'
import { type CertificateAnswer, recordCertificate, signCertificate } from './issue-certificate.ts'
import { keptAsJson } from './idempotency.ts'
import { deliver, type DeliveredKey, makePassphrase } from './made-key.ts'
import { memberKeyContext } from './sealed-keys.ts'
import { activeMembership, callerStillGood, isOwner, notPermitted, refuseReplaced } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** What key stores of every program take. */
const ALGORITHM = 'ec-p256'

/** A certificate in custody is renewed when a third of its life is left, as services do it. */
const RENEW_AT_LEFT = 1 / 3

/** Key and certificate, signed and in memory: nothing of it is recorded yet. */
export interface PreparedKey {
  readonly project: ProjectName
  readonly user: UserName
  readonly issued: IssuedCertificate
  readonly secret: Uint8Array
}

export type OfMember = Pick<KeptKey, 'project' | 'user'>

export async function prepareKey(context: ActContext, { project, user }: OfMember): Promise<PreparedKey> {
  const { makeHandOverKey } = await import('../ca/keystore/hand-over-key.ts')
  const { pkcs8, certificationRequest: csr } = await makeHandOverKey(ALGORITHM)
  const issued = await signCertificate(context, { subject: { profile: 'project-user', project, user }, csr })
  const secret = encodeSecret(makePassphrase(context), pkcs8)
  pkcs8.fill(0)
  return { project, user, issued, secret }
}

/** Records key and certificate. What was kept for the member before is superseded. The member was locked before. */
export async function keepKey(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  { project, user, issued, secret }: PreparedKey,
): Promise<void> {
  const { vault, policy, clock } = context
  const now = clock.now()
  const identity = identityOf({ project, user })
  await supersede(tx, asked, { project, user }, now)
  const { keyFingerprint, serial } = issued
  const requester = actorIn(asked)
  const renewUntil = addSeconds(now, policy.credentials.renewalSeconds)
  const record = {
    ...issued,
    identity,
    project,
    requester,
    obtainedWith: 'custody',
    renewUntil,
    status: 'good',
  } as const
  await recordCertificate(tx, record, asked.origin)
  const place = memberKeyContext(vault.installation, { project, user, keyFingerprint })
  const sealedKey = vault.keyStore.sealEntrusted(secret, place, await tx.sealingKey('share'))
  const kept = { project, user, keyFingerprint, serial, requester, renewUntil, sealedKey, createdAt: now }
  await tx.putKeptKey({ ...kept, ...renewalOf(issued, renewUntil) })
  await audit(context, tx, asked, 'key.keep', identity, { serial, renewUntil: renewUntil.toISOString() })
}

/** The certificates of the key that was kept until now, with the tokens they bought; those of keys of the member's own stay. */
async function supersede(tx: UnitOfWork, asked: Asked, member: OfMember, at: Date): Promise<void> {
  const before = await tx.keptKey(member.project, member.user, 'update')
  if (before === undefined) return
  const by = { at, actor: actorIn(asked), origin: asked.origin }
  await tx.holdKey(before.keyFingerprint)
  for (const record of await tx.liveCertificatesOf(identityOf(member), at)) {
    if (record.keyFingerprint !== before.keyFingerprint) continue
    const outcome = revokeRecord(record, 'superseded', at)
    if (outcome.kind === 'unchanged') continue
    await recordRevocation(tx, outcome.record, by)
    await endWhatHangsOn(tx, outcome.record, by)
  }
}

/** Makes a new key for a member who is there already. By an owner, for somebody else. */
export async function keepKeyOfMember(context: ActContext, asked: Asked & OfMember): Promise<KeptAnswer> {
  const { caller, project, user } = asked
  projectUserName(project, user, context.policy.names)
  await context.acts.run((tx) => lookAtKeeping(context, tx, asked))
  const prepared = await prepareKey(context, asked)
  return context.acts.run(async (tx) => {
    await lookAtKeeping(context, tx, asked)
    return once(context, tx, { ...asked, caller }, KEPT_ANSWER, async () => {
      await keepKey(context, tx, asked, prepared)
      return { project, user, serial: prepared.issued.serial }
    })
  })
}

interface KeptAnswer extends OfMember {
  readonly serial: string
}

const KEPT_ANSWER = keptAsJson<KeptAnswer>()

async function lookAtKeeping(context: ActContext, tx: UnitOfWork, asked: Asked & OfMember): Promise<void> {
  const { caller, project, user } = asked
  if (!(await isOwner(tx, caller, project, context.clock.now()))) throw notPermitted(caller)
  // No credential buys one that outlives it: a key of their own would begin a new term.
  if ('user' in caller && caller.user === user) throw notPermitted(caller)
  await activeMembership(tx, project, user, 'share')
  if (!(await tx.custodyOf(project))) throw new CustodyRefused('custody_off', { project })
}

/**
 * Hands the key over again: to the member, and to nobody else. From then on the key renews no longer than what the member showed,
 * and not at all when that ends before the certificate does (`renewal_ended`).
 */
export async function handOverKeptKey(
  context: ActContext,
  asked: OfMember & { readonly caller: Caller; readonly format: KeyFormat; readonly origin: RequestOrigin },
): Promise<{ readonly certificate: CertificateAnswer; readonly delivered: DeliveredKey }> {
  const { caller, project, user, format } = asked
  const isMember = caller.kind === 'member' && caller.project === project && caller.user === user
  const isSession = caller.kind === 'session' && caller.user === user
  if (!isMember && !isSession) throw notPermitted(caller)
  refuseStaleSignIn(context, caller)
  const { secret, certificate } = await context.acts.run(async (tx) => {
    const kept = await lookAtKept(context, tx, asked)
    const found = await tx.certificate(kept.serial, 'share')
    if (found?.status !== 'good' || found.replacedBy !== undefined)
      throw new CustodyRefused('kept_key_unknown', { project, user })
    const until = await termOf(context, tx, caller)
    const { notAfter } = found.validity
    if (notAfter > until) throw new EnrollmentRefused('renewal_ended', { renewUntil: until.toISOString() })
    await tx.handOverUntil(kept, context.clock.now(), until)
    await audit(context, tx, asked, 'key.hand-over', identityOf(asked), { serial: kept.serial, format })
    return { secret: openKept(context, kept), certificate: found }
  })
  const { passphrase, pkcs8 } = secret
  try {
    const delivered = await deliver(context, { format, passphrase }, certificate, pkcs8)
    return { certificate, delivered: { ...delivered, passphrase } }
  } finally {
    pkcs8.fill(0)
  }
}

async function lookAtKept(
  context: ActContext,
  tx: UnitOfWork,
  { caller, project, user }: OfMember & Pick<Asked, 'caller'>,
) {
  refuseReplaced(await callerStillGood(tx, caller, context.clock.now()))
  await activeMembership(tx, project, user, 'share')
  const kept = await tx.keptKey(project, user, 'update')
  if (kept === undefined) throw new CustodyRefused('kept_key_unknown', { project, user })
  return kept
}

/** Until when the caller may renew: what it is handed may not go on longer. */
async function termOf(context: ActContext, tx: UnitOfWork, caller: Caller): Promise<Date> {
  if (caller.kind === 'session') return addSeconds(caller.signedInAt, context.policy.credentials.renewalSeconds)
  const standing = await callerStillGood(tx, caller, context.clock.now())
  return standing?.renewUntil ?? standing?.validity.notAfter ?? context.clock.now()
}

/** Renews what is due, one at a time, and gives how many were. One that fails does not keep the others waiting. */
export async function renewKeptKeys(context: ActContext, onFailure: (error: unknown) => void): Promise<number> {
  const due = await context.acts.run((tx) => tx.keysToRenew(context.clock.now(), RENEWED_AT_ONCE))
  let renewed = 0
  for (const key of due) {
    await renewKeptKey(context, key).then(() => (renewed += 1), onFailure)
  }
  return renewed
}

/** What one round of background work takes up. */
const RENEWED_AT_ONCE = 200

const SYSTEM = { requestId: '', actor: 'system' } as const

async function renewKeptKey(context: ActContext, seen: KeptKey): Promise<void> {
  const { requestOfKey } = await import('../ca/keystore/hand-over-key.ts')
  const { project, user } = seen
  const { pkcs8 } = openKept(context, seen)
  const csr = await requestOfKey(pkcs8).finally(() => pkcs8.fill(0))
  const issued = await signCertificate(context, { subject: { profile: 'project-user', project, user }, csr })
  await context.acts.run(async (tx) => {
    await activeMembership(tx, project, user, 'share')
    const kept = await tx.keptKey(project, user, 'update')
    // Renewed by another process, replaced, or ended: what was signed here is thrown away.
    if (kept?.serial !== seen.serial) return
    if (issued.validity.notAfter > kept.renewUntil || !(await isGood(tx, kept))) {
      await tx.renewKeptKey(kept, { serial: kept.serial })
      return
    }
    const { requester, renewUntil } = kept
    const by = { requester, obtainedWith: `certificate:${kept.serial}`, renewUntil, status: 'good' } as const
    await recordCertificate(tx, { ...issued, identity: identityOf(kept), project, ...by }, SYSTEM)
    await tx.renewKeptKey(kept, { serial: issued.serial, ...renewalOf(issued, renewUntil) })
  })
}

/** One that was revoked, held or replaced ends here: whoever did so did not want another of the same key. */
async function isGood(tx: UnitOfWork, { serial }: KeptKey): Promise<boolean> {
  const standing = await tx.certificateStanding(serial, 'share')
  return standing?.status === 'good' && standing.replacedBy === undefined
}

/** Absent when the next certificate would end after the term: the member signs in again. */
function renewalOf({ validity }: IssuedCertificate, renewUntil: Date): Pick<KeptKey, 'renewAt'> {
  const lifeSeconds = (validity.notAfter.getTime() - validity.notBefore.getTime()) / 1000
  const renewAt = addSeconds(validity.notAfter, -Math.floor(lifeSeconds * RENEW_AT_LEFT))
  return renewAt < renewUntil ? { renewAt } : {}
}

function identityOf({ project, user }: OfMember): string {
  return `member:${project}__${user}`
}

interface Secret {
  readonly passphrase: string
  readonly pkcs8: Uint8Array
}

function openKept({ vault }: ActContext, kept: KeptKey): Secret {
  return decodeSecret(vault.keyStore.openEntrusted(kept.sealedKey, memberKeyContext(vault.installation, kept)))
}

/** One octet of length, the passphrase, the key. */
function encodeSecret(passphrase: string, pkcs8: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(passphrase.length), Buffer.from(passphrase, 'latin1'), pkcs8])
}

function decodeSecret(secret: Uint8Array): Secret {
  const end = 1 + (secret[0] ?? 0)
  const passphrase = Buffer.from(secret.subarray(1, end)).toString('latin1')
  const pkcs8 = Uint8Array.from(secret.subarray(end))
  secret.fill(0)
  return { passphrase, pkcs8 }
}
