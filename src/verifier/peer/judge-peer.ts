// Who the peer is, and whether it may act under the name that it gives: the steps 7c, 7r, 10u, 10s, 13 and 14 of Signet's decision
// (docs/decision.md), as far as a certificate, a clock and lists of what is revoked can say. Pure: nothing is fetched here.
import { actingNameOf } from '../../access/acting-name.ts'
import type { CertificateFacts, VerifiedCertificate } from '../../access/facts.ts'
import { validityAt } from '../../domain/validity.ts'
import type { AcceptedPeers, PeerQuestion } from './question.ts'
import { identityOf } from './peer-identity.ts'
import type { RevocationAnswer } from './revocation-answer.ts'
import { type PeerRefusal, type PeerVerdict, refused } from './verdict.ts'

export interface JudgingParts {
  readonly certificates: { verify(der: Uint8Array): CertificateFacts }
  /** Of the certificate and of every CA above it. */
  readonly revocation: (certificate: VerifiedCertificate, der: Uint8Array, question: PeerQuestion) => RevocationAnswer
  readonly accept: AcceptedPeers
}

export function judgePeer(der: Uint8Array | undefined, question: PeerQuestion, parts: JudgingParts): PeerVerdict {
  if (der === undefined) return refused('CREDENTIAL_MISSING', 'no-client-certificate')
  // Comparisons with a date that is none are all false, which would pass as valid.
  if (Number.isNaN(question.at.getTime())) return refused('PDP_UNAVAILABLE', 'no-time')
  const facts = parts.certificates.verify(der)
  const fault = faultOf(facts, question.at)
  if (fault !== undefined) return fault
  return facts.kind === 'verified' ? judgeVerified(facts, der, question, parts) : refused(facts.reason, facts.fault)
}

/** In the order of the table: parse and chain, then time, then what the certificate is for and whom it names. */
function faultOf(facts: CertificateFacts, at: Date): PeerRefusal | undefined {
  if (facts.validity === 'unproven') return refused(facts.reason, facts.fault)
  const status = validityAt(facts.validity, at)
  if (status === 'expired') return refused('CERT_EXPIRED', 'expired')
  return status === 'valid' ? undefined : refused('CERT_NOT_YET_VALID', 'not-yet-valid')
}

function judgeVerified(
  certificate: VerifiedCertificate,
  der: Uint8Array,
  question: PeerQuestion,
  parts: JudgingParts,
): PeerVerdict {
  const answer = question.revocation === 'off' ? 'not-asked' : parts.revocation(certificate, der, question)
  const accept = question.accept ?? parts.accept
  const fault =
    faultOfRevocation(answer, question) ??
    // Whomever it names, no administrator sees data: as the decision has it, that is said first.
    faultOfAdministrator(certificate, accept) ??
    faultOfActing(certificate, question) ??
    faultOfAcceptance(certificate, accept)
  return fault ?? { kind: 'verified', identity: identityOf(certificate, answer) }
}

function faultOfRevocation(
  answer: RevocationAnswer | 'not-asked',
  { revocation }: PeerQuestion,
): PeerRefusal | undefined {
  if (answer === 'not-asked' || answer.kind === 'good') return undefined
  if (answer.kind === 'revoked') return refused('CERT_REVOKED', answer.reason)
  return revocation === 'if-known' ? undefined : refused('REVOCATION_STALE', answer.fault)
}

/** Byte for byte: nothing is trimmed, folded or normalised. */
function faultOfActing(certificate: VerifiedCertificate, { actingUser }: PeerQuestion): PeerRefusal | undefined {
  const acting = actingNameOf(certificate)
  if (acting.kind === 'none') return refused(acting.otherwise, 'system-user')
  const isAllowed = actingUser === acting.name || isCredentialItself(actingUser)
  return isAllowed ? undefined : refused(acting.otherwise, 'acting-user')
}

/** Callers without types hand on what a query holds: a list of one name is no name, and not nobody either. */
function isCredentialItself(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'credential-itself'
}

function faultOfAdministrator({ profile }: VerifiedCertificate, accept: AcceptedPeers): PeerRefusal | undefined {
  return profile === 'admin' && accept.administrators !== 'accept'
    ? refused('ADMIN_NO_DATA', 'administrator')
    : undefined
}

function faultOfAcceptance(certificate: VerifiedCertificate, accept: AcceptedPeers): PeerRefusal | undefined {
  if (certificate.profile === 'admin') return undefined
  if (certificate.profile === 'service') {
    return isAmong(accept.services, certificate.service) ? undefined : refused('NOT_MEMBER', 'service')
  }
  return isAmong(accept.projects, certificate.project) ? undefined : refused('PROJECT_BOUNDARY', 'project')
}

function isAmong(accepted: readonly string[] | 'any', name: string): boolean {
  // A text would be searched for parts of it: `fraud` holds `fra`.
  return accepted === 'any' || (Array.isArray(accepted) && accepted.includes(name))
}
