// Steps 7 to 9: every credential that is presented holds, all of them name one principal, and that one is still there.
import { validityAt } from '../domain/validity.ts'
import type { StepOutcome } from './decision.ts'
import { type ApiKeyFacts, type CertificateFacts, type TokenFacts, type VerifiedToken } from './facts.ts'
import { certificateOf, type Inquiry, principalIn } from './inquiry.ts'
import { isSuperadmin } from './model-rights.ts'
import { isMemberOf, type Principal, samePrincipal } from './principal.ts'
import { asked } from './route.ts'
import type { Snapshot } from './snapshot.ts'

/** How far clocks may differ between who made a token and who judges it, in milliseconds. */
const TOKEN_LEEWAY_MILLISECONDS = 60_000

/** In the order of the table: parse and chain, then time, then what the certificate is for and whom it names. */
export function checkCertificate({ question, at }: Inquiry): StepOutcome {
  const { certificate } = question.credentials
  if (certificate === 'absent') return 'not-applicable'
  if (certificate.validity === 'unproven') return certificate.reason
  // Comparisons with a date that is none are all false, which would pass as valid.
  if (Number.isNaN(at.wall.getTime())) throw new RangeError('the wall clock gives no time')
  const status = validityAt(certificate.validity, at.wall)
  if (status === 'expired') return 'CERT_EXPIRED'
  if (status !== 'valid') return 'CERT_NOT_YET_VALID'
  return certificate.kind === 'refused' ? certificate.reason : 'passed'
}

/** A certificate on hold is as good as revoked (RFC 5280 §5.3.1). Revocations that are too old to trust answer nothing. */
export function checkRevocation(inquiry: Inquiry): StepOutcome {
  const certificate = certificateOf(inquiry)
  if (certificate === undefined) return 'not-applicable'
  const { snapshot, at } = inquiry
  const { issuer, serial } = certificate
  if (snapshot.revocation(issuer, serial) !== undefined) return 'CERT_REVOKED'
  return at.wall.getTime() <= snapshot.revocationsGoodUntil(issuer) ? 'passed' : 'REVOCATION_STALE'
}

export function checkTokens(inquiry: Inquiry): StepOutcome {
  return firstOf(inquiry, 'token', (token) => judgeToken(inquiry, token))
}

function judgeToken(inquiry: Inquiry, token: TokenFacts): StepOutcome {
  if (token.verdict === 'refused') return token.reason
  const now = inquiry.at.wall.getTime()
  if (Number.isNaN(now)) throw new RangeError('the wall clock gives no time')
  if (!isForUs(inquiry, token)) return 'TOKEN_AUDIENCE'
  if (now >= token.expiresAt.getTime() + TOKEN_LEEWAY_MILLISECONDS) return 'TOKEN_EXPIRED'
  if (now < token.notBefore.getTime() - TOKEN_LEEWAY_MILLISECONDS) return 'TOKEN_EXPIRED'
  if (token.jti !== undefined && inquiry.snapshot.tokenRevoked(token.jti)) return 'TOKEN_REVOKED'
  return isBoundHere(token, inquiry.question.credentials.certificate) ? 'passed' : 'TOKEN_BINDING'
}

/** The deployment's own name, or that of the service which serves it. Where none is known yet, the route refuses later. */
function isForUs({ route }: Inquiry, { audience }: VerifiedToken): boolean {
  const deployment = asked(route)
  if (audience === 'configured' || deployment === undefined) return true
  return audience.includes(deployment.name) || audience.includes(deployment.service)
}

/** RFC 8705 §3: whoever presents a bound token shows its certificate too. */
function isBoundHere({ boundTo }: VerifiedToken, certificate: CertificateFacts | 'absent'): boolean {
  if (boundTo === undefined) return true
  return certificate !== 'absent' && certificate.kind === 'verified' && certificate.fingerprint === boundTo
}

export function checkApiKeys(inquiry: Inquiry): StepOutcome {
  return firstOf(inquiry, 'api-key', (key) => judgeApiKey(inquiry, key))
}

function judgeApiKey({ snapshot, at }: Inquiry, { prefix, secret }: ApiKeyFacts): StepOutcome {
  const key = snapshot.apiKey(prefix)
  if (key === undefined || secret !== 'matches') return 'KEY_INVALID'
  // Written so that a clock which is no number refuses.
  if (!(at.wall.getTime() < key.expiresAt.getTime())) return 'KEY_EXPIRED'
  return key.status === 'active' ? 'passed' : 'KEY_REVOKED'
}

export function checkPassphrases(inquiry: Inquiry): StepOutcome {
  return firstOf(inquiry, 'passphrase', (passphrase) => {
    if (passphrase.verdict === 'refused') return passphrase.reason
    // The entry may have been taken away or changed after it was tried: deriving a key takes time.
    const deployment = asked(inquiry.route)
    if (deployment?.name !== passphrase.deployment) return 'PASSPHRASE_INVALID'
    const { entry, hash } = passphrase
    const isCurrent = deployment.policy.passphrases.some((each) => each.id === entry && each.hash === hash)
    return isCurrent ? 'passed' : 'PASSPHRASE_INVALID'
  })
}

type Other = Inquiry['question']['credentials']['others'][number]

/** What the first credential of the kind that does not hold is refused for. */
function firstOf<Kind extends Other['kind']>(
  { question }: Inquiry,
  kind: Kind,
  judge: (credential: Extract<Other, { readonly kind: Kind }>) => StepOutcome,
): StepOutcome {
  let outcome: StepOutcome = 'not-applicable'
  for (const other of question.credentials.others) {
    if (!isOfKind(other, kind)) continue
    outcome = judge(other)
    if (outcome !== 'passed') return outcome
  }
  return outcome
}

function isOfKind<Kind extends Other['kind']>(
  other: Other,
  kind: Kind,
): other is Extract<Other, { readonly kind: Kind }> {
  return other.kind === kind
}

export function checkOnePrincipal(inquiry: Inquiry): StepOutcome {
  const { principals } = inquiry
  if (principals.length < 2) return 'not-applicable'
  const first = principalIn(inquiry)
  return principals.every((other) => samePrincipal(first, other)) ? 'passed' : 'CREDENTIAL_CONFLICT'
}

/** A superadmin is known by its configuration, and need not be in the directory. */
export function checkSubject(inquiry: Inquiry): StepOutcome {
  const { certificate, certificateSeen } = inquiry.question.credentials
  const isDirect =
    certificate !== 'absent' && certificate.kind === 'verified' && certificateSeen === 'on-this-connection'
  if (isDirect && isSuperadmin(inquiry.snapshot, certificate)) return 'passed'
  return checkCurrent(inquiry)
}

/** Everybody has to be in the directory, a superadmin too. */
export function checkCurrent(inquiry: Inquiry): StepOutcome {
  const { snapshot } = inquiry
  const principal = principalIn(inquiry)
  switch (principal.kind) {
    case 'member':
      return checkMember(snapshot, principal)
    case 'account':
      return checkAccount(snapshot, principal)
    case 'service':
      return isCurrentService(snapshot, principal) ? 'passed' : 'SUBJECT_UNKNOWN'
    case 'admin':
      return checkUser(snapshot, principal.user, 'admin')
    case 'external':
      return principal.user === undefined ? 'passed' : checkUser(snapshot, principal.user, 'any')
    case 'passphrase':
      return 'not-applicable'
    default:
      return principal satisfies never
  }
}

type Of<Kind extends Principal['kind']> = Extract<Principal, { readonly kind: Kind }>

/** A certificate dies with the membership it was issued for, also when the user is in other projects. */
function checkMember(snapshot: Snapshot, { project, user }: Of<'member'>): StepOutcome {
  const outcome = checkUser(snapshot, user, 'any')
  if (outcome !== 'passed') return outcome
  return isMemberOf(snapshot, project, user) ? 'passed' : 'SUBJECT_UNKNOWN'
}

/** A service account dies with its project. */
function checkAccount(snapshot: Snapshot, { project, account }: Of<'account'>): StepOutcome {
  const current = snapshot.project(project) !== undefined && snapshot.account(project, account) !== undefined
  return current ? 'passed' : 'SUBJECT_UNKNOWN'
}

function checkUser(snapshot: Snapshot, name: string, role: 'admin' | 'any'): StepOutcome {
  const user = snapshot.user(name)
  if (user === undefined) return 'SUBJECT_UNKNOWN'
  if (user.status !== 'active') return 'SUBJECT_BLOCKED'
  return role === 'any' || user.platformRole === role ? 'passed' : 'SUBJECT_UNKNOWN'
}

/** A service is its name and its system user together: one that runs as somebody else by now is another. */
function isCurrentService(snapshot: Snapshot, { service, systemUser }: Of<'service'>): boolean {
  const current = snapshot.service(service)
  return current !== undefined && (systemUser === undefined || current.systemUser === systemUser)
}
