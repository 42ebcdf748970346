// The steps of the decision in their order. The order is the rule (docs/decision.md): who you are comes before what you
// may, so that a stranger learns nothing about deployments, and a caller gets one reason, the first.
import type { Facts } from '../domain/coded-error.ts'
import { checkCommonName, checkDelegation, checkLocality, checkPrincipalName } from './acting-checks.ts'
import {
  checkAsker,
  checkFresh,
  checkHeldRoute,
  checkHost,
  checkMethod,
  checkOpen,
  checkPath,
  checkPresent,
  checkReading,
  checkUnprotected,
} from './call-checks.ts'
import {
  checkApiKeys,
  checkCertificate,
  checkCurrent,
  checkOnePrincipal,
  checkPassphrases,
  checkRevocation,
  checkSubject,
  checkTokens,
} from './credential-checks.ts'
import type { StepOutcome } from './decision.ts'
import type { Inquiry } from './inquiry.ts'
import type { StepId } from './reasons.ts'
import {
  checkAdministrator,
  checkExternalAccess,
  checkExternalGroup,
  checkHidden,
  checkKeyDeployments,
  checkModelEnabled,
  checkModelGroup,
  checkPolicy,
  checkProject,
  checkQuota,
  checkRole,
  checkScope,
  checkSignInAge,
  checkSuperadmin,
} from './right-checks.ts'
import {
  sawActingUser,
  sawAsker,
  sawCall,
  sawCertificate,
  sawCredentials,
  sawDelegation,
  sawFreshness,
  sawGroups,
  sawModel,
  sawPolicy,
  sawPrincipals,
  sawProject,
  sawRevocation,
  sawRoute,
  sawScopes,
} from './step-sightings.ts'

export interface Step {
  readonly step: StepId
  readonly title: string
  readonly check: (inquiry: Inquiry) => StepOutcome
  /** What it looked at, for whoever may read explanations. Not called for a plain decision. */
  readonly saw: (inquiry: Inquiry) => Facts
}

const FRESHNESS: Step = { step: 'snapshot', title: 'the policy is fresh', check: checkFresh, saw: sawFreshness }
const PRESENT: Step = { step: '5', title: 'a credential is present', check: checkPresent, saw: sawCredentials }
const CERTIFICATE: readonly Step[] = [
  { step: '7c', title: 'the certificate holds', check: checkCertificate, saw: sawCertificate },
  { step: '7r', title: 'the certificate is not revoked', check: checkRevocation, saw: sawRevocation },
]

/** Who is it, as of a policy that is fresh: for a certificate on a connection with Signet itself, and no deployment. */
export const RECOGNITION_STEPS: readonly Step[] = [
  FRESHNESS,
  PRESENT,
  ...CERTIFICATE,
  { step: '9', title: 'the subject is known and current', check: checkCurrent, saw: sawPrincipals },
]

/** Whether a certificate holds, whoever it is of. */
export const HOLDING_STEPS: readonly Step[] = [FRESHNESS, PRESENT, ...CERTIFICATE]

export const STEPS: readonly Step[] = [
  FRESHNESS,
  { step: '0', title: 'the asker may ask', check: checkAsker, saw: sawAsker },
  { step: '1a', title: 'the request says one thing', check: checkReading, saw: sawCall },
  { step: '1b', title: 'the path is canonical', check: checkPath, saw: sawCall },
  { step: '2', title: 'the host is known', check: checkHost, saw: sawRoute },
  { step: '3', title: 'the path is unprotected', check: checkUnprotected, saw: sawCall },
  { step: '4', title: 'the deployment asks nobody', check: checkOpen, saw: sawCredentials },
  PRESENT,
  { step: '6', title: 'its kind is accepted', check: checkMethod, saw: sawCredentials },
  ...CERTIFICATE,
  { step: '7t', title: 'the token holds', check: checkTokens, saw: sawCredentials },
  { step: '7k', title: 'the API key holds', check: checkApiKeys, saw: sawCredentials },
  { step: '7p', title: 'the passphrase holds', check: checkPassphrases, saw: sawCredentials },
  { step: '8', title: 'all credentials name one principal', check: checkOnePrincipal, saw: sawPrincipals },
  { step: '9', title: 'the subject is known and current', check: checkSubject, saw: sawPrincipals },
  { step: '2', title: 'the deployment is known, and one', check: checkHeldRoute, saw: sawRoute },
  { step: '10u', title: 'CN is the acting user', check: checkCommonName, saw: sawActingUser },
  { step: '10s', title: 'L is the acting user', check: checkLocality, saw: sawActingUser },
  { step: '10t', title: 'token or key is the acting user', check: checkPrincipalName, saw: sawActingUser },
  { step: '10d', title: 'the caller may call for the other', check: checkDelegation, saw: sawDelegation },
  { step: '11', title: 'the superadmin manages models', check: checkSuperadmin, saw: sawModel },
  { step: '12', title: 'a hidden model is inferred, and nothing else', check: checkHidden, saw: sawModel },
  { step: '13', title: 'no administrator sees project data', check: checkAdministrator, saw: sawPrincipals },
  { step: '14', title: 'the project is the same', check: checkProject, saw: sawProject },
  { step: '14r', title: 'the role allows it', check: checkRole, saw: sawProject },
  { step: '15a', title: 'external users are let in', check: checkExternalAccess, saw: sawGroups },
  { step: '15b', title: 'a group is granted', check: checkExternalGroup, saw: sawGroups },
  { step: '15c', title: 'the sign-in is recent', check: checkSignInAge, saw: sawGroups },
  { step: '16', title: 'the model is on', check: checkModelEnabled, saw: sawModel },
  { step: '17', title: 'the model group is open to the caller', check: checkModelGroup, saw: sawModel },
  { step: '18', title: 'the scope is there', check: checkScope, saw: sawScopes },
  { step: '18', title: 'the key lists the deployment', check: checkKeyDeployments, saw: sawScopes },
  { step: '19', title: 'nothing refuses the caller by name', check: checkPolicy, saw: sawPolicy },
  { step: '19', title: 'the quota is not used up', check: checkQuota, saw: sawPolicy },
]
