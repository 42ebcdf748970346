// What is looked at in an installation by the running service (readiness) and by `signet doctor` alike: CRLs in force, the life that
// is left to the issuing CAs (SECURITY.md rule 37, CP §5.6), and the master key. It changes nothing.
import { hasLifeToIssue, type Issuer, issuesUntil } from '../ca/issuer.ts'
import type { Policy } from '../ca/policy/policy.ts'
import { addSeconds, unixSeconds } from '../domain/clock.ts'
import type { BookedIssuer, IssuerBook } from '../enrollment/issuer-book.ts'
import type { CheckResult } from '../ops/health.ts'
import { KEY_FIX, type OpenInstallation } from './installation.ts'

const OK: CheckResult = { kind: 'ok' }
const ROOT_CRL_FIX = 'signet ceremony crl'

export function isRoot({ authority }: Issuer): boolean {
  return authority.parent === null
}

/** Of the complete CRL of `issuer`. That of the root is renewed by people, who want to know weeks before. */
export function crlCheck(
  issuer: Issuer,
  crl: { readonly nextUpdate: Date } | undefined,
  { revocation }: Policy,
  at: Date,
): CheckResult {
  if (crl === undefined || crl.nextUpdate <= at) {
    const fix = isRoot(issuer) ? ROOT_CRL_FIX : 'see the log of the publisher'
    return { kind: 'missing', detail: 'no CRL in force', fix }
  }
  const warnAt = addSeconds(crl.nextUpdate, -revocation.rootCrl.warnBeforeSeconds)
  if (!isRoot(issuer) || at < warnAt) return OK
  return { kind: 'warning', detail: `ends ${crl.nextUpdate.toISOString()}`, fix: ROOT_CRL_FIX }
}

/** It was made after the backup that was restored: it publishes nothing any more. */
export function hasLostKey({ issuer, crlSigner }: BookedIssuer): boolean {
  return !isRoot(issuer) && crlSigner === undefined
}

/** One that cannot issue, or soon will not, is told of until another generation of its authority can for longer. */
export function issuerCheck(book: IssuerBook, booked: BookedIssuer, policy: Policy, at: Date): CheckResult {
  const { issuer } = booked
  if (hasLostKey(booked)) return book.isRevoked(issuer.id) ? OK : keyLost(issuer)
  const generations = book
    .all()
    .flatMap((each) => (each.certificateSigner === undefined ? [] : [each.issuer]))
    .filter((each) => each.authority.name === issuer.authority.name && !book.isRevoked(each.id))
  const canIssueAt = (when: Date): boolean => generations.some((each) => hasLifeToIssue(each, policy, when))
  if (canIssueAt(addSeconds(at, policy.revocation.rootCrl.warnBeforeSeconds))) return OK
  if (book.isRevoked(issuer.id) && canIssueAt(at)) return OK
  const fix = `signet ceremony issuing-ca --authority ${issuer.authority.name}`
  return { kind: 'warning', detail: whyNot(book, issuer, policy, at), fix }
}

function whyNot(book: IssuerBook, issuer: Issuer, policy: Policy, at: Date): string {
  if (book.isRevoked(issuer.id)) return 'revoked'
  const until = issuesUntil(issuer, policy)
  if (until < unixSeconds(at)) return 'too little life left to issue'
  return `issues until ${new Date(until * 1000).toISOString()}`
}

function keyLost({ id }: Issuer): CheckResult {
  const fix = `signet ceremony revoke-ca --issuer ${id} --reason superseded`
  return { kind: 'warning', detail: 'its key is lost since a restore', fix }
}

/** Whether this process holds the master key under which keys are sealed now. */
export async function masterKeyCheck({
  storage,
  keyStore,
}: Pick<OpenInstallation, 'storage' | 'keyStore'>): Promise<CheckResult> {
  const sealing = await storage.read((view) => view.sealingKey('none'))
  if (keyStore.masterKeys.includes(sealing)) return OK
  return { kind: 'warning', detail: `keys are sealed under ${sealing}, which this process lacks`, fix: KEY_FIX }
}
