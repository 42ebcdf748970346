// Steps 0 to 6: may the asker ask, does the request say one thing, what is it for, does it need a credential at all, and is
// what it presents of a kind that counts.
import type { StepOutcome } from './decision.ts'
import type { OtherCredential } from './facts.ts'
import type { Inquiry } from './inquiry.ts'
import { asked } from './route.ts'

export function checkFresh({ snapshot, at }: Inquiry): StepOutcome {
  if (snapshot.quarantine.kind === 'quarantined') return 'QUARANTINED'
  const age = at.monotonic - snapshot.confirmedAtMilliseconds
  // Written so that a clock which is no number refuses.
  return age < snapshot.staleAfterMilliseconds ? 'passed' : 'SNAPSHOT_STALE'
}

export function checkAsker({ question }: Inquiry): StepOutcome {
  if (question.asker === 'self') return 'not-applicable'
  return question.asker === 'trusted' ? 'passed' : 'PEP_UNTRUSTED'
}

export function checkReading({ question }: Inquiry): StepOutcome {
  return question.call.reading === 'clear' ? 'passed' : 'REQUEST_AMBIGUOUS'
}

export function checkPath({ question }: Inquiry): StepOutcome {
  const { kind } = question.call.path
  if (kind === 'untold') return 'not-applicable'
  return kind === 'canonical' ? 'passed' : 'PATH_NOT_CANONICAL'
}

export function checkHost({ route }: Inquiry): StepOutcome {
  return route.kind === 'refused' ? route.reason : 'passed'
}

export function checkHeldRoute({ route }: Inquiry): StepOutcome {
  return route.kind === 'held' ? route.reason : 'passed'
}

/**
 * Exact as it was sent, and for reading alone: `/healthz` is none of `/healthz/`, `//healthz` and `/healthz?x`, and a POST to it is a
 * call like every other.
 */
export function checkUnprotected({ question, route }: Inquiry): StepOutcome {
  const { method, path } = question.call
  if (route.kind !== 'found' || path.kind !== 'canonical') return 'not-applicable'
  if (method !== 'GET' && method !== 'HEAD') return 'not-applicable'
  return route.deployment.unprotectedPaths.has(path.raw) ? { allow: 'public_path' } : 'not-applicable'
}

/** Platform and deployment have to say so, both. */
export function checkOpen({ snapshot, route }: Inquiry): StepOutcome {
  if (route.kind !== 'found' || !snapshot.rules.activatedAuthModes.has('none')) return 'not-applicable'
  return route.deployment.authModes.has('none') ? { allow: 'unauthenticated' } : 'not-applicable'
}

export function checkPresent({ question: { credentials } }: Inquiry): StepOutcome {
  return credentials.certificate === 'absent' && credentials.others.length === 0 ? 'CREDENTIAL_MISSING' : 'passed'
}

/** Every kind that is presented, so that none is overlooked beside another. Without a deployment the platform's word counts. */
export function checkMethod({ snapshot, question, route }: Inquiry): StepOutcome {
  const { certificate, others } = question.credentials
  const deployment = asked(route)
  const activated: ReadonlySet<string> = snapshot.rules.activatedAuthModes
  const isEnabled = (mode: string): boolean =>
    activated.has(mode) && (deployment === undefined || deployment.authModes.has(mode))
  if (certificate !== 'absent' && !isEnabled('mtls')) return 'AUTH_METHOD_NOT_ENABLED'
  return others.every((other) => isEnabled(methodOf(other))) ? 'passed' : 'AUTH_METHOD_NOT_ENABLED'
}

export function methodOf(credential: OtherCredential): string {
  return credential.kind === 'token' ? credential.method : credential.kind
}
