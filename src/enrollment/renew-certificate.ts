// Renewal and rekey by mutual TLS, for every kind of identity: the certificate of the connection is the credential, and what
// it buys is another one for the same identity (CP §4.6, §4.7). Names, profile and issuer are those of today.
//
// A renewal keeps the key, which the handshake has proven, and revokes nothing. A rekey brings a new key in a request; all
// certificates of the key before are replaced by the new one: they buy nothing more, and are revoked when the overlap is over.
import type { CertificateRecord } from '../ca/inventory.ts'
import type { CertifiedIdentity } from '../ca/certificate-request.ts'
import { profileNamed } from '../ca/policy/policy.ts'
import { actorOf, type Caller, type CertifiedCaller } from '../domain/caller.ts'
import { addSeconds, unixSeconds } from '../domain/clock.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { parseCertificationRequest, verifyProofOfPossession } from '../x509/certification-request.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { EnrollmentRefused } from './errors.ts'
import type { IdempotentRequest } from './idempotency.ts'
import { type CertificateAnswer, type CertificateDemand, issueCertificate } from './issue-certificate.ts'
import { goodJob, jobSubject } from './job-holder.ts'
import { activeService, callerStillGood, notPermitted, refuseReplaced } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface RenewalRequest {
  readonly caller: Caller
  /** Absent: the default of the profile, or what is left until renewals of this identity end. */
  readonly lifetimeSeconds?: number | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

/** For the same key. */
export async function renewCertificate(context: ActContext, asked: RenewalRequest): Promise<CertificateAnswer> {
  const caller = certifiedCaller(asked.caller)
  const renewable = await context.acts.run((tx) => renewableOf(context, tx, caller))
  const { record } = renewable
  refuseReplaced(record)
  const { publicKey } = parseCertificate(record.der).tbs
  return issueCertificate(context, {
    ...demandOf(context, asked, caller, renewable),
    csr: { kind: 'proven-by-tls', publicKey },
  })
}

/**
 * For the key of the request. Asked again with a certificate that was replaced, and the very key that replaced it, it gives
 * the certificate that was issued then: whoever lost the answer has it again.
 */
export async function rekeyCertificate(
  context: ActContext,
  asked: RenewalRequest & { readonly csr: string | Uint8Array },
): Promise<CertificateAnswer> {
  const caller = certifiedCaller(asked.caller)
  const renewable = await context.acts.run((tx) => renewableOf(context, tx, caller))
  const { record } = renewable
  if (record.replacedBy !== undefined) return replacementOf(context, record, record.replacedBy, asked.csr)
  return issueCertificate(context, {
    ...demandOf(context, asked, caller, renewable),
    csr: asked.csr,
    recordBeside: (tx, issued) => replaceKey(context, tx, asked, record, issued),
  })
}

function certifiedCaller(caller: Caller): CertifiedCaller {
  if (!('certificate' in caller)) throw notPermitted(caller)
  return caller
}

/** What the certificate will say, and who answers for it, as of now. */
interface Renewable {
  readonly record: CertificateRecord
  readonly subject: CertifiedIdentity
  /** No certificate ends after this instant. */
  readonly until: Date | undefined
}

async function renewableOf(context: ActContext, tx: UnitOfWork, caller: CertifiedCaller): Promise<Renewable> {
  await callerStillGood(tx, caller, context.clock.now())
  const record = await tx.certificate(caller.certificate.serial, 'share')
  if (record === undefined) throw new EnrollmentRefused('requester_ended', { serial: caller.certificate.serial })
  return { record, subject: await subjectOf(tx, caller), until: await endOfRenewals(context, tx, caller, record) }
}

async function subjectOf(tx: UnitOfWork, caller: CertifiedCaller): Promise<CertifiedIdentity> {
  switch (caller.kind) {
    case 'member':
      return { profile: 'project-user', project: caller.project, user: caller.user }
    case 'job':
      return jobSubject(caller)
    case 'account':
      return { profile: 'service-account', project: caller.project, account: caller.account }
    case 'service': {
      const { name, systemUser, dnsNames } = await activeService(tx, caller.name, 'share')
      return { profile: 'service', name, systemUser, dnsNames }
    }
    case 'admin':
      return { profile: 'admin', user: caller.user }
    default:
      return caller satisfies never
  }
}

/** A person proves themselves anew now and then; a job's certificate ends with the job. */
async function endOfRenewals(
  context: ActContext,
  tx: UnitOfWork,
  caller: CertifiedCaller,
  { renewUntil }: CertificateRecord,
): Promise<Date | undefined> {
  if (caller.kind !== 'job') return renewUntil
  return (await goodJob(context, tx, caller)).endsAt
}

function demandOf(
  context: ActContext,
  { lifetimeSeconds, idempotent, origin }: RenewalRequest,
  caller: CertifiedCaller,
  { subject, until }: Renewable,
): Omit<CertificateDemand, 'csr'> {
  const identity = actorOf(caller)
  return {
    subject,
    lifetimeSeconds: lifetimeSeconds ?? defaultLifetime(context, subject, until),
    identity,
    ...('project' in caller ? { project: caller.project } : {}),
    caller,
    obtainedWith: `certificate:${caller.certificate.serial}`,
    principal: identity,
    idempotent,
    origin,
    lookAgain: async (tx) => {
      const now = await renewableOf(context, tx, caller)
      if (!isSameSubject(now.subject, subject)) {
        throw new EnrollmentRefused('requester_ended', { identity, why: 'its names were changed meanwhile' })
      }
      refuseReplaced(now.record)
      return { renewUntil: now.until, requester: answersFor(caller, now.record) }
    },
  }
}

/** Whoever obtained the first certificate of a job or a service account for it; the others answer for themselves. */
function answersFor(caller: CertifiedCaller, { requester }: CertificateRecord): string {
  return caller.kind === 'job' || caller.kind === 'account' ? requester : actorOf(caller)
}

function isSameSubject(one: CertifiedIdentity, other: CertifiedIdentity): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Undefined: the profile's default. Nothing was asked for, so nothing that was asked for is cut. */
function defaultLifetime(
  { clock, policy }: ActContext,
  { profile }: CertifiedIdentity,
  until: Date | undefined,
): number | undefined {
  if (until === undefined) return undefined
  const left = unixSeconds(until) - unixSeconds(clock.now())
  if (left < 1) throw new EnrollmentRefused('renewal_ended', { renewUntil: until.toISOString() })
  return Math.min(left, profileNamed(policy, profile).lifetime.defaultSeconds)
}

/** Marks every live certificate of the key before, in the order in which all of them are locked. */
async function replaceKey(
  context: ActContext,
  tx: UnitOfWork,
  { origin }: RenewalRequest,
  before: CertificateRecord,
  issued: { readonly serial: SerialNumber; readonly keyFingerprint: string },
): Promise<void> {
  const at = context.clock.now()
  // A renewal that is being recorded has a share of it: what it records is found here, or it finds what is marked here.
  await tx.holdKey(before.keyFingerprint)
  const others = (await tx.liveCertificatesOf(before.identity, at)).filter(({ serial }) => serial !== issued.serial)
  // Under lock now: of two rekeys at once the second finds the first one's mark.
  refuseReplaced(others.find(({ serial }) => serial === before.serial))
  if (others.some(({ keyFingerprint }) => keyFingerprint === issued.keyFingerprint)) {
    throw new EnrollmentRefused('key_not_new', { serial: before.serial })
  }
  for (const record of others) {
    if (record.keyFingerprint === before.keyFingerprint) await replace(context, tx, origin, record, issued.serial, at)
  }
}

async function replace(
  { policy }: ActContext,
  tx: UnitOfWork,
  { requestId }: RequestOrigin,
  { serial, identity, profile, validity }: CertificateRecord,
  replacedBy: SerialNumber,
  at: Date,
): Promise<void> {
  const { overlapSeconds, jobOverlapSeconds } = policy.credentials
  const end = addSeconds(at, profile === 'job' || profile === 'account-job' ? jobOverlapSeconds : overlapSeconds)
  const revokeAt = end < validity.notAfter ? { revokeAt: end } : {}
  await tx.markReplaced({ serial, replacedBy, ...revokeAt })
  const told = end < validity.notAfter ? { revokeAt: end.toISOString() } : {}
  tx.journal({ kind: 'replaced', serial, by: replacedBy, ...told })
  const details = { by: replacedBy, until: (end < validity.notAfter ? end : validity.notAfter).toISOString() }
  await tx.audit({
    at,
    actor: identity,
    act: 'certificate.replace',
    object: `certificate:${serial}`,
    requestId,
    details,
  })
}

async function replacementOf(
  context: ActContext,
  record: CertificateRecord,
  replacedBy: SerialNumber,
  given: string | Uint8Array,
): Promise<CertificateAnswer> {
  const csr = parseCertificationRequest(given)
  verifyProofOfPossession(csr)
  const found = await context.acts.run((tx) => tx.certificate(replacedBy, 'none'))
  if (found?.status !== 'good' || found.keyFingerprint !== csr.publicKey.fingerprint) refuseReplaced(record)
  if (found === undefined) throw new EnrollmentRefused('certificate_replaced', { by: replacedBy })
  const { serial, issuer, profile, commonName, validity, der } = found
  return { serial, issuer, profile, commonName, validity, der }
}
