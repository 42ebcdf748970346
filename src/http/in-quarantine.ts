// What is still answered while the installation is in quarantine (SECURITY.md rule 32): what carries its own signature and cannot be
// older than what its readers have, OCSP, which says no `good` then, and whether the process lives. Nobody is recognised: who may
// do what is as of the backup. CRLs are older than those that their readers have, so none is given.
import { type Quarantine, Quarantined } from '../domain/quarantine.ts'
import { shownFacts } from './authenticate.ts'
import type { ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'
import type { ApiContext } from './route.ts'

const ANSWERED: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/openapi.json', '/v1/status'])
const ANSWERED_BELOW = /^\/(?:\.well-known|pki(?!\/crl(?:\/|$)))\//

/** Throws `Quarantined`. */
export function refuseInQuarantine(quarantine: Quarantine, path: string): void {
  if (quarantine.kind === 'none' || ANSWERED.has(path) || ANSWERED_BELOW.test(path)) return
  throw new Quarantined(quarantine.since)
}

/** Whoever shows a certificate that our CAs have signed is told that it is so: whether it is revoked, nobody knows. Throws `HttpRefused`. */
export function requireOwnCertificate(parts: ApiParts, context: ApiContext): void {
  const facts = shownFacts(parts, context.get('socket'))
  if (facts === 'absent') throw new HttpRefused('unauthenticated')
  if (facts.kind === 'refused') throw new HttpRefused('client_certificate_refused', { reason: facts.reason })
}
