// Revoking, holding and releasing one certificate by its serial number (CP §4.9): by the identity itself, the requester, an
// owner of its project or an administrator; a hold is released by an owner or an administrator only.
import type { CertificateRecord } from '../ca/inventory.ts'
import { actorOf, type Caller } from '../domain/caller.ts'
import { SEPARATOR } from '../domain/name-rules.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import { releaseRecord, RevocationRefused, revokeRecord } from '../revocation/revocation.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { endWhatHangsOn, recordRevocation } from './end-identity.ts'
import { type IdempotentRequest, type KeptResult, onceFor } from './idempotency.ts'
import { callerStillGood, isOwner, notPermitted, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import { base64Of } from '../x509/base64.ts'

export interface RevocationRequest {
  readonly caller: Caller
  readonly serial: SerialNumber
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

/** Gives the record as it now is. Asking again gives the first date. */
export async function revokeCertificate(
  context: ActContext,
  asked: RevocationRequest & { readonly reason: RevocationReason },
): Promise<CertificateRecord> {
  return context.acts.run(async (tx) => {
    const at = context.clock.now()
    const record = await revocableRecord(tx, asked)
    const isTheirs = holds(asked.caller, record) || record.requester === actorOf(asked.caller)
    if (isTheirs) await callerStillGoodOrThisOne(tx, asked.caller, record, at)
    else await requireOwnerOrAdministrator(tx, asked.caller, record, at)
    return once(context, tx, asked, async () => {
      const outcome = revokeRecord(record, asked.reason, at)
      if (outcome.kind === 'unchanged') return outcome.record
      const by = { at, ...whoAsks(asked) }
      await recordRevocation(tx, outcome.record, by)
      await endWhatHangsOn(tx, outcome.record, by)
      return outcome.record
    })
  })
}

export async function releaseCertificate(context: ActContext, asked: RevocationRequest): Promise<CertificateRecord> {
  return context.acts.run(async (tx) => {
    const at = context.clock.now()
    const record = await revocableRecord(tx, asked)
    await requireOwnerOrAdministrator(tx, asked.caller, record, at)
    return once(context, tx, asked, async () => {
      const released = releaseRecord(record)
      await recordRevocation(tx, released, { at, ...whoAsks(asked) })
      return released
    })
  })
}

/** Whose it is. A person who signed in holds what they hold as a member of each project; nothing that they hold as administrator. */
export function holds(caller: Caller, { identity, project }: Pick<CertificateRecord, 'identity' | 'project'>): boolean {
  if (identity === actorOf(caller)) return true
  return (
    caller.kind === 'session' && project !== undefined && identity === `member:${project}${SEPARATOR}${caller.user}`
  )
}

/** A hold that is asked for again with its key after a release holds nothing again. */
function once(
  context: ActContext,
  tx: UnitOfWork,
  { caller, idempotent }: RevocationRequest,
  perform: () => Promise<CertificateRecord>,
): Promise<CertificateRecord> {
  return onceFor(context, tx, actorOf(caller), idempotent, KEPT_RECORD, perform)
}

const INSTANTS: ReadonlySet<string> = new Set([
  'notBefore',
  'notAfter',
  'renewUntil',
  'issuedAt',
  'revokedAt',
  'revokeAt',
])

const KEPT_RECORD: KeptResult<CertificateRecord> = {
  encode: ({ der, ...rest }) => JSON.stringify({ ...rest, der: base64Of(der) }),
  decode: (text) => {
    const { der, ...rest } = JSON.parse(text, revived) as Omit<CertificateRecord, 'der'> & { readonly der: string }
    return { ...rest, der: Buffer.from(der, 'base64') }
  },
}

function revived(name: string, value: unknown): unknown {
  return INSTANTS.has(name) && typeof value === 'string' ? new Date(value) : value
}

async function revocableRecord(tx: UnitOfWork, { caller, serial }: RevocationRequest): Promise<CertificateRecord> {
  if (caller.kind === 'anonymous') throw notPermitted(caller)
  const record = await tx.certificate(serial, 'update')
  if (record === undefined) throw new RevocationRefused('certificate_unknown', { serial })
  if (record.profile === 'root' || record.profile === 'issuing-ca') {
    throw new RevocationRefused('authority_needs_ceremony', { serial })
  }
  return record
}

/** Revoking the very certificate one speaks with is allowed again after it is held or revoked: it changes nothing for the better. */
async function callerStillGoodOrThisOne(
  tx: UnitOfWork,
  caller: Caller,
  record: CertificateRecord,
  at: Date,
): Promise<void> {
  const speaksWithIt = 'certificate' in caller && caller.certificate.serial === record.serial
  if (!speaksWithIt) await callerStillGood(tx, caller, at)
}

async function requireOwnerOrAdministrator(
  tx: UnitOfWork,
  caller: Caller,
  record: CertificateRecord,
  at: Date,
): Promise<void> {
  if (record.project !== undefined && (await isOwner(tx, caller, record.project, at))) return
  await requireAdministrator(tx, caller, at)
}

function whoAsks({ caller, origin }: RevocationRequest) {
  return { actor: actorOf(caller), origin }
}
