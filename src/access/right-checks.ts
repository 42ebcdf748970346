// Steps 11 to 19: what the caller, who is known by now, may do with this deployment's model.
import { DATA_ACTIONS } from '../domain/access-policy.ts'
import { checkCurrent } from './credential-checks.ts'
import type { StepOutcome } from './decision.ts'
import { certificateOf, type Inquiry, modelIn, principalIn, routed } from './inquiry.ts'
import { isSuperadmin, mayUseGroup } from './model-rights.ts'
import type { Principal } from './principal.ts'
import type { ApiKeyView } from './snapshot.ts'

/** How far a sign-in may lie ahead of our clock, in milliseconds. */
const CLOCK_DIFFERENCE_MILLISECONDS = 60_000

/** For the management of models alone, and only by its own connection: a certificate that somebody tells of proves nothing. */
export function checkSuperadmin(inquiry: Inquiry): StepOutcome {
  const certificate = certificateOf(inquiry)
  const isDirect = inquiry.question.credentials.certificateSeen === 'on-this-connection'
  if (certificate === undefined || !isDirect || !isSuperadmin(inquiry.snapshot, certificate)) return 'not-applicable'
  return touchesData(inquiry) ? 'not-applicable' : { allow: 'superadmin' }
}

export function checkHidden(inquiry: Inquiry): StepOutcome {
  if (!servesHidden(inquiry)) return 'not-applicable'
  return inquiry.question.action === 'infer' ? 'passed' : 'NOT_FOUND'
}

export function checkAdministrator(inquiry: Inquiry): StepOutcome {
  if (principalIn(inquiry).kind !== 'admin') return 'not-applicable'
  return touchesData(inquiry) ? 'ADMIN_NO_DATA' : 'passed'
}

export function checkProject(inquiry: Inquiry): StepOutcome {
  const principal = principalIn(inquiry)
  const deployment = routed(inquiry)
  switch (principal.kind) {
    case 'member':
    case 'account':
      // Being a member of the other project too does not help: the identity is of one.
      if (principal.project !== deployment.project) return 'PROJECT_BOUNDARY'
      return isCurrentHere(inquiry) ? 'passed' : 'NOT_MEMBER'
    case 'service':
      // A member's project was found at 9; a service has none, so the deployment's is looked up here.
      if (inquiry.snapshot.project(deployment.project) === undefined) return 'PROJECT_BOUNDARY'
      return deployment.serviceCallers.has(principal.service) && isCurrentHere(inquiry) ? 'passed' : 'NOT_MEMBER'
    case 'admin':
    case 'external':
    case 'passphrase':
      return 'not-applicable'
    default:
      return principal satisfies never
  }
}

/** Step 9 has judged it of everybody but superadmins; what it lets them go without gives them no project's data. */
function isCurrentHere(inquiry: Inquiry): boolean {
  const certificate = certificateOf(inquiry)
  if (certificate === undefined || !isSuperadmin(inquiry.snapshot, certificate)) return true
  return checkCurrent(inquiry) === 'passed'
}

/**
 * Owners may do everything; scientists and service accounts infer, run, read and make versions, and change those that are
 * their own. Whoever is not of the project infers.
 */
export function checkRole(inquiry: Inquiry): StepOutcome {
  const { action } = inquiry.question
  if (action === 'infer') return 'passed'
  const principal = principalIn(inquiry)
  switch (principal.kind) {
    case 'member':
      if (inquiry.snapshot.member(principal.project, principal.user)?.role === 'owner') return 'passed'
      return scientistMay(inquiry, principal) ? 'passed' : 'ROLE_INSUFFICIENT'
    case 'account':
      return scientistMay(inquiry, principal) ? 'passed' : 'ROLE_INSUFFICIENT'
    case 'admin':
      return 'not-applicable'
    case 'service':
    case 'external':
    case 'passphrase':
      return 'ROLE_INSUFFICIENT'
    default:
      return principal satisfies never
  }
}

function scientistMay(inquiry: Inquiry, { name }: Principal): boolean {
  const { action } = inquiry.question
  if (action === 'run' || action === 'read' || action === 'new-version') return true
  const model = modelIn(inquiry)
  return model !== 'none' && model !== 'gone' && model.creator === name
}

export function checkExternalAccess(inquiry: Inquiry): StepOutcome {
  if (principalIn(inquiry).kind !== 'external') return 'not-applicable'
  return inquiry.snapshot.rules.externalLoginAfterHours === 0 ? 'EXTERNAL_ACCESS_DISABLED' : 'passed'
}

/** Exact bytes: nothing is trimmed, folded or normalised (rows HX2 and HX3). */
export function checkExternalGroup(inquiry: Inquiry): StepOutcome {
  const principal = principalIn(inquiry)
  if (principal.kind !== 'external') return 'not-applicable'
  const isGranted = routed(inquiry).externalGroups.some((group) => principal.groups.has(group))
  return isGranted ? 'passed' : 'GROUP_NOT_GRANTED'
}

/** Never signed in is too long ago, and a sign-in that is yet to come is none. */
export function checkSignInAge(inquiry: Inquiry): StepOutcome {
  const principal = principalIn(inquiry)
  if (principal.kind !== 'external') return 'not-applicable'
  const hours = inquiry.snapshot.rules.externalLoginAfterHours
  if (hours === -1) return 'passed'
  if (principal.signedInAt === undefined) return 'EXTERNAL_LOGIN_REQUIRED'
  const age = inquiry.at.wall.getTime() - principal.signedInAt.getTime()
  // Written so that a clock which is no number refuses.
  const isFresh = age <= hours * 3_600_000 && age >= -CLOCK_DIFFERENCE_MILLISECONDS
  return isFresh ? 'passed' : 'EXTERNAL_LOGIN_REQUIRED'
}

export function checkModelEnabled(inquiry: Inquiry): StepOutcome {
  const model = modelIn(inquiry)
  if (model === 'none') return 'not-applicable'
  // A model that is gone can be called no more than one that is switched off.
  if (model === 'gone') return 'MODEL_DISABLED'
  return model.enabled || !touchesData(inquiry) ? 'passed' : 'MODEL_DISABLED'
}

/** A hidden model is inferred by whoever may call the deployment: its group is not looked at (row OS43). */
export function checkModelGroup(inquiry: Inquiry): StepOutcome {
  const { snapshot } = inquiry
  const model = modelIn(inquiry)
  const principal = principalIn(inquiry)
  if (snapshot.modelAccessControl === 'disabled' || principal.kind === 'passphrase') return 'not-applicable'
  if (model === 'none' || model === 'gone' || model.hidden || model.group === undefined) return 'not-applicable'
  const group = snapshot.modelGroup(model.group)
  // A group that is gone opens nothing.
  if (group === undefined) return 'GROUP_PRIVATE'
  const verdict = mayUseGroup(snapshot, principal, group)
  return verdict === 'may' ? 'passed' : verdict
}

/** Calls need SERVING, the management of models MODELREGISTRY. */
export function checkScope(inquiry: Inquiry): StepOutcome {
  const scope = touchesData(inquiry) ? 'SERVING' : 'MODELREGISTRY'
  const { snapshot, question } = inquiry
  let outcome: StepOutcome = 'not-applicable'
  for (const other of question.credentials.others) {
    if (other.kind === 'token' && other.verdict === 'verified') {
      if (other.scopes !== 'unrestricted' && !other.scopes.has(scope)) return 'SCOPE_MISSING'
      outcome = 'passed'
    }
    if (other.kind !== 'api-key') continue
    const key = snapshot.apiKey(other.prefix)
    if (key?.scopes.has(scope) !== true || outranksMaker(inquiry, key)) return 'SCOPE_MISSING'
    outcome = 'passed'
  }
  return outcome
}

/**
 * A key that was made in a sign-in may be of an administrator who does not act as one there: it manages models with the scope that
 * only whoever acts as one gives.
 */
function outranksMaker(inquiry: Inquiry, { reach, scopes }: ApiKeyView): boolean {
  if (touchesData(inquiry) || principalIn(inquiry).kind !== 'admin') return false
  return reach.kind === 'user' && !scopes.has('ADMIN')
}

export function checkKeyDeployments(inquiry: Inquiry): StepOutcome {
  const { name } = routed(inquiry)
  let outcome: StepOutcome = 'not-applicable'
  for (const other of inquiry.question.credentials.others) {
    if (other.kind !== 'api-key') continue
    const allowed = inquiry.snapshot.apiKey(other.prefix)?.deployments
    if (allowed !== 'all' && allowed?.has(name) !== true) return 'KEY_NOT_FOR_DEPLOYMENT'
    outcome = 'passed'
  }
  return outcome
}

/** What the deployment refuses, whoever grants it. */
export function checkPolicy(inquiry: Inquiry): StepOutcome {
  const denied = routed(inquiry).deniedPrincipals
  if (denied.size === 0) return 'not-applicable'
  return denied.has(principalIn(inquiry).name) ? 'POLICY_DENIED' : 'passed'
}

export function checkQuota(inquiry: Inquiry): StepOutcome {
  const { callsPerMinute } = routed(inquiry).policy
  if (callsPerMinute === undefined) return 'not-applicable'
  // Written so that a count which is no number refuses.
  return inquiry.question.callsThisMinute < callsPerMinute ? 'passed' : 'QUOTA'
}

function touchesData({ question }: Inquiry): boolean {
  return DATA_ACTIONS.has(question.action)
}

export function servesHidden(inquiry: Inquiry): boolean {
  const model = modelIn(inquiry)
  return model !== 'none' && model !== 'gone' && model.hidden
}
