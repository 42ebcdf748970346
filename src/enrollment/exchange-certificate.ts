// Token exchange for a certificate, of the identity that the token names and for a key that whoever asks holds. The token of a trusted
// issuer buys one (CP §4.12), which ends with the token, and so do its renewals: it buys nothing that outlives it. A sign-in of just now
// buys what it buys on the member's own route (CP §4.15).
import { hash } from 'node:crypto'
import { addSeconds, unixSeconds } from '../domain/clock.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import { profileNamed } from '../ca/policy/policy.ts'
import { TokenRefused } from '../tokens/errors.ts'
import { TOKEN_LEEWAY_SECONDS } from '../tokens/verify-token.ts'
import type { RequestOrigin } from './act-context.ts'
import { ExchangeRefused } from './exchange-errors.ts'
import { EXCHANGE_PROOF } from './exchanged-certificate.ts'
import { type ExchangeClient, type ExchangeGrant, exchangeGrant, grantStillGood } from './exchange-grant.ts'
import { subjectFacts } from './exchange-token.ts'
import { refuseStaleSignIn } from './fresh-sign-in.ts'
import { type IdempotentRequest } from './idempotency.ts'
import { type CertificateAnswer, type CertificateDemand, issueCertificate } from './issue-certificate.ts'
import type { TokenContext } from './token-acts.ts'
import { projectIdentity, type ProjectIdentity } from './token-subject.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface CertificateExchange extends ExchangeClient {
  readonly csr: string | Uint8Array
  readonly lifetimeSeconds?: number | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export async function exchangeForCertificate(
  context: TokenContext,
  asked: CertificateExchange,
): Promise<CertificateAnswer> {
  const grant = await exchangeGrant(context, asked)
  const identity = certifiable(context, grant)
  const name = identity.kind === 'member' ? identity.user : identity.account
  const { renewUntil, limit, ...proof } = proofOf(context, asked, grant)
  return issueCertificate(context, {
    subject:
      identity.kind === 'member'
        ? { profile: 'project-user', project: identity.project, user: identity.user }
        : { profile: 'service-account', project: identity.project, account: identity.account },
    csr: asked.csr,
    lifetimeSeconds: lifetimeSeconds(context, limit, identity, asked.lifetimeSeconds),
    identity: `${identity.kind}:${projectUserName(identity.project, name, context.policy.names)}`,
    project: identity.project,
    caller: asked.caller,
    idempotent: asked.idempotent,
    origin: asked.origin,
    lookFirst: (tx) => grantStillGood(tx, context, grant),
    lookAgain: async (tx) => {
      await grantStillGood(tx, context, grant)
      return { renewUntil, requester: grant.requester }
    },
    ...proof,
  })
}

interface Proof extends Pick<CertificateDemand, 'obtainedWith' | 'principal' | 'recordBeside'> {
  readonly renewUntil: Date
  /** No certificate of this exchange ends later. */
  readonly limit: Date
}

/** Throws `SignInRefused` (`sign_in_not_fresh`). */
function proofOf(context: TokenContext, asked: CertificateExchange, grant: ExchangeGrant): Proof {
  const { token, requester, certified, notAfterLimit } = grant
  if (token.from.kind === 'sign-in') {
    const { caller } = token.from
    refuseStaleSignIn(context, caller)
    const renewUntil = addSeconds(caller.signedInAt, context.policy.credentials.renewalSeconds)
    const ends = certified?.certificate.notAfter
    return {
      renewUntil,
      limit: ends !== undefined && ends < renewUntil ? ends : renewUntil,
      obtainedWith: `session:${caller.sessionId}`,
      principal: requester,
      recordBeside: (tx, { serial }) => auditExchange(context, tx, asked, grant, serial),
    }
  }
  const spent = `${EXCHANGE_PROOF}${digestOf(asked.subjectToken)}`
  return {
    renewUntil: token.expiresAt,
    limit: notAfterLimit,
    obtainedWith: spent,
    principal: spent,
    recordBeside: (tx, { serial }) => spend(context, tx, asked, grant, serial),
  }
}

/**
 * A token of ours is a bearer token that a certificate bought: it buys none (SECURITY rule 11). For somebody else nobody gets a
 * certificate; a launcher starts a job.
 */
function certifiable(context: TokenContext, { token, isDelegated }: ExchangeGrant): ProjectIdentity {
  const { subject, from } = token
  if (from.kind === 'own' || isDelegated || subject.kind === 'service') {
    throw new ExchangeRefused('subject_token_buys_no_certificate')
  }
  return projectIdentity(context, subject)
}

/** What was asked for is given whole or refused; the default ends with the token when that ends first. */
function lifetimeSeconds(
  { policy, clock }: TokenContext,
  limit: Date,
  { kind }: ProjectIdentity,
  asked: number | undefined,
): number {
  const allowedSeconds = Math.max(0, unixSeconds(limit) - unixSeconds(clock.now()) - 1)
  const { defaultSeconds } = profileNamed(policy, kind === 'member' ? 'project-user' : 'service-account').lifetime
  const requestedSeconds = asked ?? Math.min(defaultSeconds, allowedSeconds)
  if (requestedSeconds > allowedSeconds || requestedSeconds < 1) {
    throw new TokenRefused('token_lifetime_too_long', { requestedSeconds, allowedSeconds })
  }
  return requestedSeconds
}

/** One certificate a token: a unique row that stands until the token is refused for its age. */
async function spend(
  context: TokenContext,
  tx: UnitOfWork,
  asked: CertificateExchange,
  grant: ExchangeGrant,
  serial: string,
): Promise<void> {
  const digest = digestOf(asked.subjectToken)
  const scope = { principal: 'subject-token', method: '', path: '', key: digest, bodyDigest: digest }
  const until = addSeconds(grant.token.expiresAt, TOKEN_LEEWAY_SECONDS + 1)
  const claim = await tx.claimIdempotencyKey(scope, context.clock.now(), until)
  if (claim.kind !== 'new') throw new ExchangeRefused('subject_token_spent')
  await tx.saveIdempotentResponse(scope, '')
  await auditExchange(context, tx, asked, grant, serial)
}

async function auditExchange(
  { clock }: TokenContext,
  tx: UnitOfWork,
  { origin }: CertificateExchange,
  { token, requester, holder }: ExchangeGrant,
  serial: string,
): Promise<void> {
  await tx.audit({
    at: clock.now(),
    actor: requester,
    act: 'token.exchange',
    object: `certificate:${serial}`,
    requestId: origin.requestId,
    details: { holder, ...subjectFacts(token) },
  })
}

/** Of what was signed: an ECDSA signature can be written in two ways, and both are one token. */
function digestOf(token: string): string {
  return hash('sha256', token.slice(0, token.lastIndexOf('.')), 'hex')
}
