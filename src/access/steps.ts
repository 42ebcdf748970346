// The steps of the decision in their order. The order is the rule (docs/decision.md): who you are comes before what you
// may, so that a stranger learns nothing about deployments, and a caller gets one reason, the first.
//
// Steps that stand between these in the table (3, 4, 7t, 7k, 7p, 8, 10t, 10d, 11, 12, 14r to 19) have nothing to judge
// yet: certificates are the only credentials and a deployment has no model, path or setting.
import type { Facts } from '../domain/coded-error.ts'
import type { StepOutcome } from './decision.ts'
import type { Inquiry } from './inquiry.ts'
import type { StepId } from './reasons.ts'
import {
  checkAdministrator,
  checkCertificate,
  checkCommonName,
  checkFresh,
  checkHeldRoute,
  checkHost,
  checkLocality,
  checkMethod,
  checkPresent,
  checkProject,
  checkRevocation,
  checkSubject,
} from './step-checks.ts'
import {
  sawActingUser,
  sawCertificate,
  sawCredentials,
  sawFreshness,
  sawProfile,
  sawProject,
  sawRevocation,
  sawRoute,
  sawSubject,
} from './step-sightings.ts'

export interface Step {
  readonly step: StepId
  readonly title: string
  readonly check: (inquiry: Inquiry) => StepOutcome
  /** What it looked at, for whoever may read explanations. Not called for a plain decision. */
  readonly saw: (inquiry: Inquiry) => Facts
}

/** Is there a caller, and who is it? */
const IDENTITY_STEPS: readonly Step[] = [
  { step: '5', title: 'a credential is present', check: checkPresent, saw: sawCredentials },
  { step: '6', title: 'its kind is accepted', check: checkMethod, saw: sawCredentials },
  { step: '7c', title: 'the certificate holds', check: checkCertificate, saw: sawCertificate },
  { step: '7r', title: 'the certificate is not revoked', check: checkRevocation, saw: sawRevocation },
  { step: '9', title: 'the subject is known and current', check: checkSubject, saw: sawSubject },
]

const FRESHNESS: Step = { step: 'snapshot', title: 'the policy is fresh', check: checkFresh, saw: sawFreshness }

/** Who is it, as of a policy that is fresh: the part that looks at no deployment and no acting user. */
export const RECOGNITION_STEPS: readonly Step[] = [FRESHNESS, ...IDENTITY_STEPS]

export const STEPS: readonly Step[] = [
  FRESHNESS,
  { step: '2', title: 'the host is known', check: checkHost, saw: sawRoute },
  ...IDENTITY_STEPS,
  { step: '2', title: 'the deployment is known, and one', check: checkHeldRoute, saw: sawRoute },
  { step: '10u', title: 'CN is the acting user', check: checkCommonName, saw: sawActingUser },
  { step: '10s', title: 'L is the acting user', check: checkLocality, saw: sawActingUser },
  { step: '13', title: 'no administrator sees project data', check: checkAdministrator, saw: sawProfile },
  { step: '14', title: 'the project is the same', check: checkProject, saw: sawProject },
]
