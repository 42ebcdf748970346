// The one path on which every certificate with a CSR is issued (docs/issuance.md numbers its steps): parse → prove
// possession → check what the CSR asks for → build and lint → permit → sign in memory → record in one durable transaction
// with a second look under lock → answer. A signature that is not recorded is discarded with the error.
import { checkCsr } from '../ca/csr-check.ts'
import { prepareCertificate, signPermit, type IssuedCertificate } from '../ca/issue.ts'
import type { CertifiedIdentity } from '../ca/certificate-request.ts'
import type { CertificateRecord } from '../ca/inventory.ts'
import { actorOf, type Caller } from '../domain/caller.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { nextTurn } from '../domain/next-turn.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { Validity } from '../domain/validity.ts'
import { base64Of } from '../x509/base64.ts'
import { parseCertificationRequest, verifyProofOfPossession } from '../x509/certification-request.ts'
import type { PublicKey } from '../x509/public-key.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { EnrollmentRefused } from './errors.ts'
import { type IdempotentRequest, type KeptResult, onceFor } from './idempotency.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/**
 * PEM or DER (RFC 2986); or what makes key and request here, called once the first look has passed. What comes of a key that
 * was made here is never given twice.
 */
export type CsrSource = string | Uint8Array | (() => Promise<Uint8Array>)

/** What an act of issuing asks of this path, after it has authorised the caller a first time. */
export interface CertificateDemand {
  readonly subject: CertifiedIdentity
  readonly csr: CsrSource | ProvenKey
  /** Absent: the profile's default. */
  readonly lifetimeSeconds?: number | undefined
  /** Whose certificate it will be, as the inventory writes it. */
  readonly identity: string
  readonly project?: ProjectName
  readonly caller: Caller
  readonly obtainedWith: string
  /** Who the Idempotency-Key belongs to. */
  readonly principal: string
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
  /** Runs in the recording transaction, also for a replay. Throws when something the act relied on has ended. */
  readonly lookAgain: (tx: UnitOfWork) => Promise<LookedAgain>
  /** Runs before anything is computed, for callers who are not known by their certificate alone: the same look, once more. */
  readonly lookFirst?: (tx: UnitOfWork) => Promise<unknown>
  /** Runs in the recording transaction, once: what the act records beside the certificate. */
  readonly recordBeside?: (tx: UnitOfWork, issued: IssuedCertificate) => Promise<void>
}

/** A key that the caller has shown to hold in the handshake of this very connection (CP §3.2.1). */
export interface ProvenKey {
  readonly kind: 'proven-by-tls'
  readonly publicKey: PublicKey
}

/** What signing needs of a demand, and what recording does. */
export type SigningDemand = Pick<CertificateDemand, 'subject' | 'csr' | 'lifetimeSeconds'>
export type RecordingDemand = Pick<CertificateDemand, 'identity' | 'project' | 'caller' | 'obtainedWith' | 'origin'>

export interface LookedAgain {
  /** No certificate of this identity ends after this instant; `undefined` where renewals have no end. */
  readonly renewUntil: Date | undefined
  /** Who answers for it, as the inventory writes it: the caller, or the maker of the enrolment token. */
  readonly requester: string
}

/** What the caller gets. */
export interface CertificateAnswer {
  readonly serial: SerialNumber
  readonly issuer: IssuerId
  readonly profile: ProfileName
  readonly commonName: string
  readonly validity: Validity
  readonly der: Uint8Array
}

export async function issueCertificate(context: ActContext, demand: CertificateDemand): Promise<CertificateAnswer> {
  const { lookFirst } = demand
  if (lookFirst !== undefined) await context.acts.run(lookFirst)
  const issued = await signCertificate(context, demand)
  return context.acts.run((tx) => record(context, tx, demand, issued))
}

/** Stage by stage with whatever else is being issued; what one stage has read is forgotten before the wait for the commit. */
export async function signCertificate(context: ActContext, demand: SigningDemand): Promise<IssuedCertificate> {
  await nextTurn()
  const publicKey = await keyOf(context, demand)
  const { issuer, signer } = context.issuingKeyFor(demand.subject.profile)
  const lifetimeSeconds = demand.lifetimeSeconds ?? ('default' as const)
  const permit = prepareCertificate({ ...demand.subject, publicKey, lifetimeSeconds }, issuer, context)
  await nextTurn()
  return signPermit(permit, signer)
}

async function keyOf(context: ActContext, { csr: given, subject }: SigningDemand): Promise<PublicKey> {
  if (typeof given === 'object' && 'kind' in given) return given.publicKey
  const csr = parseCertificationRequest(typeof given === 'function' ? await given() : given)
  verifyProofOfPossession(csr)
  await nextTurn()
  checkCsr(csr, { ...context, identity: subject })
  return csr.publicKey
}

async function record(
  context: ActContext,
  tx: UnitOfWork,
  demand: CertificateDemand,
  issued: IssuedCertificate,
): Promise<CertificateAnswer> {
  const looked = await demand.lookAgain(tx)
  const kept = typeof demand.csr === 'function' ? 'secret' : KEPT_CERTIFICATE
  return onceFor(context, tx, demand.principal, demand.idempotent, kept, async () => {
    const answer = await recordSigned(tx, demand, issued, looked)
    await demand.recordBeside?.(tx, issued)
    return answer
  })
}

/** What was signed becomes a certificate. For acts that looked again themselves. Throws `EnrollmentRefused`, `KeyRefused`. */
export async function recordSigned(
  tx: UnitOfWork,
  demand: RecordingDemand,
  issued: IssuedCertificate,
  looked: LookedAgain,
): Promise<CertificateAnswer> {
  const { renewUntil, requester } = looked
  if (renewUntil !== undefined && issued.validity.notAfter > renewUntil) {
    throw new EnrollmentRefused('renewal_ended', { renewUntil: renewUntil.toISOString() })
  }
  // With an enrolment token nobody is there but its maker; else it was the caller, whoever answers for it.
  const actor = demand.caller.kind === 'anonymous' ? requester : actorOf(demand.caller)
  await recordCertificate(tx, certificateRecord(demand, issued, looked), { ...demand.origin, actor })
  return answerOf(issued)
}

/** Inventory row, key binding, journal entry and audit event of one certificate. Throws `KeyRefused`. */
export async function recordCertificate(
  tx: UnitOfWork,
  record: CertificateRecord,
  origin: RequestOrigin & { readonly actor?: string },
): Promise<void> {
  await tx.claimKey(record.keyFingerprint, record.identity)
  await tx.insertCertificate(record)
  tx.journal({
    kind: 'issued',
    issuer: record.issuer,
    serial: record.serial,
    profile: record.profile,
    identity: record.identity,
    requester: record.requester,
    certificate: base64Of(record.der),
    ...(record.crlPartition === undefined ? {} : { partition: record.crlPartition }),
    ...(record.project === undefined ? {} : { project: record.project }),
    obtainedWith: record.obtainedWith,
    ...(record.renewUntil === undefined ? {} : { renewUntil: record.renewUntil.toISOString() }),
  })
  await tx.audit({
    at: record.issuedAt,
    actor: origin.actor ?? record.requester,
    act: 'certificate.issue',
    object: `certificate:${record.serial}`,
    requestId: origin.requestId,
    details: {
      profile: record.profile,
      identity: record.identity,
      issuer: record.issuer,
      obtainedWith: record.obtainedWith,
      notAfter: record.validity.notAfter.toISOString(),
    },
  })
}

function certificateRecord(
  demand: RecordingDemand,
  issued: IssuedCertificate,
  { renewUntil, requester }: LookedAgain,
): CertificateRecord {
  return {
    ...answerOf(issued),
    identity: demand.identity,
    ...(demand.project === undefined ? {} : { project: demand.project }),
    keyFingerprint: issued.keyFingerprint,
    ...(issued.crlPartition === undefined ? {} : { crlPartition: issued.crlPartition }),
    requester,
    obtainedWith: demand.obtainedWith,
    ...(renewUntil === undefined ? {} : { renewUntil }),
    issuedAt: issued.issuedAt,
    status: 'good',
  }
}

function answerOf({ serial, issuer, profile, commonName, validity, der }: IssuedCertificate): CertificateAnswer {
  return { serial, issuer, profile, commonName, validity, der }
}

/** Certificates are public: they may be kept and given again. */
export const KEPT_CERTIFICATE: KeptResult<CertificateAnswer> = {
  encode: ({ der, validity, ...rest }) =>
    JSON.stringify({
      ...rest,
      notBefore: validity.notBefore.getTime(),
      notAfter: validity.notAfter.getTime(),
      der: base64Of(der),
    }),
  decode: (text) => {
    const { der, notBefore, notAfter, ...rest } = JSON.parse(text) as Omit<CertificateAnswer, 'der' | 'validity'> & {
      der: string
      notBefore: number
      notAfter: number
    }
    return {
      ...rest,
      validity: { notBefore: new Date(notBefore), notAfter: new Date(notAfter) },
      der: Buffer.from(der, 'base64'),
    }
  },
}
