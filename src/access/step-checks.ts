// What each step of the decision checks: it passed, it does not apply, or the reason why it refuses. The order in which
// they run stands in steps.ts.
import type { ServiceName } from '../domain/dns-name.ts'
import { validityAt } from '../domain/validity.ts'
import type { StepOutcome } from './decision.ts'
import type { ActingUser, VerifiedCertificate } from './facts.ts'
import { type Inquiry, routed, verified } from './inquiry.ts'
import type { DeploymentView, Snapshot } from './snapshot.ts'

export function checkFresh({ snapshot, at }: Inquiry): StepOutcome {
  const age = at.monotonic - snapshot.confirmedAtMilliseconds
  // Written so that a clock which is no number refuses.
  return age < snapshot.staleAfterMilliseconds ? 'passed' : 'SNAPSHOT_STALE'
}

export function checkHost({ route }: Inquiry): StepOutcome {
  return route.kind === 'refused' ? route.reason : 'passed'
}

export function checkHeldRoute({ route }: Inquiry): StepOutcome {
  return route.kind === 'held' ? route.reason : 'passed'
}

export function checkPresent({ question: { credentials } }: Inquiry): StepOutcome {
  return credentials.certificate === 'absent' && credentials.others.length === 0 ? 'CREDENTIAL_MISSING' : 'passed'
}

/** Certificates are accepted everywhere, and nothing else is yet. What is presented beside one is not overlooked. */
export function checkMethod({ question: { credentials } }: Inquiry): StepOutcome {
  return credentials.others.length > 0 ? 'AUTH_METHOD_NOT_ENABLED' : 'passed'
}

/** In the order of the table: parse and chain, then time, then what the certificate is for and whom it names. */
export function checkCertificate({ question, at }: Inquiry): StepOutcome {
  const { certificate } = question.credentials
  if (certificate === 'absent') return 'CREDENTIAL_MISSING'
  if (certificate.validity === 'unproven') return certificate.reason
  // Comparisons with a date that is none are all false, which would pass as valid.
  if (Number.isNaN(at.wall.getTime())) throw new RangeError('the wall clock gives no time')
  const status = validityAt(certificate.validity, at.wall)
  if (status === 'expired') return 'CERT_EXPIRED'
  if (status !== 'valid') return 'CERT_NOT_YET_VALID'
  return certificate.kind === 'refused' ? certificate.reason : 'passed'
}

/** A certificate on hold is as good as revoked (RFC 5280 §5.3.1). */
export function checkRevocation(inquiry: Inquiry): StepOutcome {
  const { issuer, serial } = verified(inquiry)
  return inquiry.snapshot.revocation(issuer, serial) === undefined ? 'passed' : 'CERT_REVOKED'
}

export function checkSubject(inquiry: Inquiry): StepOutcome {
  const certificate = verified(inquiry)
  switch (certificate.profile) {
    case 'project-user':
    case 'job':
      return checkMember(inquiry.snapshot, certificate.project, certificate.user)
    case 'service-account':
    case 'account-job':
      return checkAccount(inquiry.snapshot, certificate.project, certificate.account)
    case 'service':
      return isCurrentService(inquiry.snapshot, certificate) ? 'passed' : 'SUBJECT_UNKNOWN'
    case 'admin':
      return checkUser(inquiry.snapshot, certificate.user, 'admin')
    default:
      return certificate satisfies never
  }
}

/** A certificate dies with the membership it was issued for, also when the user is in other projects. */
function checkMember(snapshot: Snapshot, project: string, user: string): StepOutcome {
  const outcome = checkUser(snapshot, user, 'any')
  if (outcome !== 'passed') return outcome
  const current = snapshot.project(project) !== undefined && snapshot.member(project, user) !== undefined
  return current ? 'passed' : 'SUBJECT_UNKNOWN'
}

/** A service account dies with its project. */
function checkAccount(snapshot: Snapshot, project: string, account: string): StepOutcome {
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
function isCurrentService(snapshot: Snapshot, named: Extract<VerifiedCertificate, { profile: 'service' }>): boolean {
  return snapshot.service(named.service)?.systemUser === named.systemUser
}

/**
 * Strings of UTF-16 are equal when their bytes of UTF-8 are: nothing is trimmed, folded or normalised. A certificate never
 * answers for "the credential itself": no deployment says so.
 */
export function checkCommonName(inquiry: Inquiry): StepOutcome {
  const { profile, commonName } = verified(inquiry)
  if (profile === 'service' || profile === 'admin') return 'not-applicable'
  return commonName === actingName(inquiry.question.actingUser) ? 'passed' : 'CERT_CN_MISMATCH'
}

export function checkLocality(inquiry: Inquiry): StepOutcome {
  const certificate = verified(inquiry)
  if (certificate.profile !== 'service') return 'not-applicable'
  const name = actingName(inquiry.question.actingUser)
  // A name with `__` is a member's, whatever a certificate's L says: it is never answered by this rule.
  if (name === undefined || name.includes('__')) return 'CERT_L_MISMATCH'
  const [locality, ...more] = certificate.localities
  // The URI SAN names the system user too; a certificate that contradicts itself names nobody.
  const named = more.length === 0 && locality === name && certificate.systemUser === name
  return named ? 'passed' : 'CERT_L_MISMATCH'
}

function actingName(actingUser: ActingUser): string | undefined {
  return actingUser.kind === 'named' ? actingUser.name : undefined
}

export function checkAdministrator(inquiry: Inquiry): StepOutcome {
  return verified(inquiry).profile === 'admin' ? 'ADMIN_NO_DATA' : 'passed'
}

export function checkProject(inquiry: Inquiry): StepOutcome {
  const certificate = verified(inquiry)
  const deployment = routed(inquiry)
  switch (certificate.profile) {
    case 'project-user':
    case 'job':
    case 'service-account':
    case 'account-job':
      // Being a member of the other project too does not help: the identity is of one (membership was judged at 9).
      return certificate.project === deployment.project ? 'passed' : 'PROJECT_BOUNDARY'
    case 'service':
      return checkServiceCaller(inquiry.snapshot, deployment, certificate.service)
    case 'admin':
      return 'ADMIN_NO_DATA'
    default:
      return certificate satisfies never
  }
}

function checkServiceCaller(snapshot: Snapshot, deployment: DeploymentView, service: ServiceName): StepOutcome {
  // A member's project was found at 9; a service has none, so the deployment's is looked up here.
  if (snapshot.project(deployment.project) === undefined) return 'PROJECT_BOUNDARY'
  return deployment.serviceCallers.has(service) ? 'passed' : 'NOT_MEMBER'
}
