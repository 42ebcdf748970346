// Step 10: the caller acts as itself, and for somebody else only where the deployment says so.
import { DATA_ACTIONS } from '../domain/access-policy.ts'
import { SEPARATOR } from '../domain/name-rules.ts'
import { actingNameOf } from './acting-name.ts'
import type { StepOutcome } from './decision.ts'
import { certificateOf, type Inquiry, principalIn, routed } from './inquiry.ts'
import { mayUseGroup } from './model-rights.ts'
import { isMemberOf, type Principal } from './principal.ts'
import { modelIn } from './inquiry.ts'

/**
 * Strings of UTF-16 are equal when their bytes of UTF-8 are: nothing is trimmed, folded or normalised.
 */
export function checkCommonName(inquiry: Inquiry): StepOutcome {
  const certificate = certificateOf(inquiry)
  if (certificate === undefined || certificate.profile === 'service') return 'not-applicable'
  if (certificate.profile === 'admin') return administratorActs(inquiry, 'CERT_CN_MISMATCH')
  return actsAs(inquiry, certificate.commonName) ? 'passed' : 'CERT_CN_MISMATCH'
}

export function checkLocality(inquiry: Inquiry): StepOutcome {
  const certificate = certificateOf(inquiry)
  if (certificate?.profile !== 'service') return 'not-applicable'
  const acting = actingNameOf(certificate)
  return acting.kind === 'named' && actsAs(inquiry, acting.name) ? 'passed' : acting.otherwise
}

/** Whoever came without a certificate: by token, API key or passphrase. */
export function checkPrincipalName(inquiry: Inquiry): StepOutcome {
  const { others } = inquiry.question.credentials
  const principal = principalIn(inquiry)
  if (others.length === 0) return 'not-applicable'
  if (principal.kind === 'admin') return administratorActs(inquiry, 'SUBJECT_MISMATCH')
  // Nobody else could be meant by a passphrase, and its name is known to nobody.
  if (principal.kind === 'passphrase' && inquiry.question.actingUser.kind === 'credential-itself') return 'passed'
  // A service that shows its certificate beside a token acts as its system user: step 10s has compared that.
  if (principal.kind === 'service' && certificateOf(inquiry) !== undefined) return 'passed'
  return actsAs(inquiry, principal.name) ? 'passed' : 'SUBJECT_MISMATCH'
}

/** In nobody else's name (row AA3). Of data step 13 has the word: whomever it names, no administrator sees it. */
function administratorActs(inquiry: Inquiry, reason: 'CERT_CN_MISMATCH' | 'SUBJECT_MISMATCH'): StepOutcome {
  const { action, actingUser } = inquiry.question
  if (DATA_ACTIONS.has(action)) return 'not-applicable'
  return actingUser.kind === 'credential-itself' || actingUser.name === principalIn(inquiry).name ? 'passed' : reason
}

function actsAs(inquiry: Inquiry, name: string): boolean {
  const { actingUser } = inquiry.question
  if (actingUser.kind === 'named') return actingUser.name === name
  return routed(inquiry).policy.actingUser === 'credential-itself'
}

/** Both: the caller may call for others, and the other might have called by itself. */
export function checkDelegation(inquiry: Inquiry): StepOutcome {
  const { delegatedFor } = inquiry.question
  if (delegatedFor === undefined) return 'not-applicable'
  if (!routed(inquiry).delegates.has(principalIn(inquiry).name)) return 'DELEGATION_DENIED'
  return mightCall(inquiry, delegatedFor) ? 'passed' : 'DELEGATION_DENIED'
}

function mightCall(inquiry: Inquiry, name: string): boolean {
  const { snapshot, question } = inquiry
  const deployment = routed(inquiry)
  const { project } = deployment
  const prefix = `${project}${SEPARATOR}`
  const member = name.startsWith(prefix) ? snapshot.member(project, name.slice(prefix.length)) : undefined
  if (member === undefined || !isMemberOf(snapshot, project, member.user)) return false
  if (snapshot.user(member.user)?.status !== 'active') return false
  if (deployment.deniedPrincipals.has(name) || question.action !== 'infer') return false
  const other: Principal = { kind: 'member', name, project, user: member.user }
  const model = modelIn(inquiry)
  if (model === 'none' || model === 'gone' || model.group === undefined || model.hidden) return model !== 'gone'
  const group = snapshot.modelGroup(model.group)
  if (snapshot.modelAccessControl === 'disabled') return true
  return group !== undefined && mayUseGroup(snapshot, other, group) === 'may'
}
