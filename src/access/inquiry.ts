// One question on its way through the table, with what the steps read from it once an earlier step has passed.
import type { DecisionTime, Question } from './decision.ts'
import type { VerifiedCertificate } from './facts.ts'
import { type Principal, principalOfCertificate, principalOfOther } from './principal.ts'
import { asked, type ResolvedRoute, resolveRoute } from './route.ts'
import type { DeploymentView, ModelView, Snapshot } from './snapshot.ts'

export interface Inquiry {
  readonly snapshot: Snapshot
  readonly question: Question
  readonly route: ResolvedRoute
  readonly at: DecisionTime
  /** One for each credential from which one can be read, in the order of presentation; whether they hold is judged at 7. */
  readonly principals: readonly Principal[]
}

export function inquiryInto(snapshot: Snapshot, question: Question, at: DecisionTime): Inquiry {
  const route = resolveRoute(snapshot, question.route, question.call.path)
  const { certificate, others } = question.credentials
  const deployment = asked(route)
  const principals: Principal[] = []
  if (certificate !== 'absent' && certificate.kind === 'verified') principals.push(principalOfCertificate(certificate))
  for (const other of others) {
    const principal = principalOfOther(snapshot, other, deployment)
    if (principal !== undefined) principals.push(principal)
  }
  return { snapshot, question, route, at, principals }
}

/** The certificate of a question that has passed 7c; undefined where none was presented. */
export function certificateOf({ question }: Inquiry): VerifiedCertificate | undefined {
  const { certificate } = question.credentials
  if (certificate === 'absent') return undefined
  if (certificate.kind !== 'verified') throw new Error('read before step 7c has passed')
  return certificate
}

/** Whom all credentials name, once step 8 has passed. Out of order it throws, which refuses. */
export function principalIn({ principals }: Inquiry): Principal {
  const [principal] = principals
  if (principal === undefined) throw new Error('read before step 7 has passed')
  return principal
}

/** The deployment of a question whose route has passed step 2. Out of order it throws, which refuses. */
export function routed({ route }: Inquiry): DeploymentView {
  if (route.kind !== 'found') throw new Error('read before step 2 has passed')
  return route.deployment
}

/** The model that the deployment serves: `none` where it names none, `gone` where it names one that is no more. */
export function modelIn(inquiry: Inquiry): ModelView | 'none' | 'gone' {
  const id = routed(inquiry).policy.model
  return id === undefined ? 'none' : (inquiry.snapshot.model(id) ?? 'gone')
}
