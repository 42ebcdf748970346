// Token exchange for a certificate: the token of a trusted issuer, once, for the identity that its entry maps it to, and for a key
// that the workload holds (CP §4.12). The certificate ends with the token, and so do its renewals: it buys nothing that outlives it.
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
import { type IdempotentRequest } from './idempotency.ts'
import { type CertificateAnswer, issueCertificate } from './issue-certificate.ts'
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
  const spent = `${EXCHANGE_PROOF}${digestOf(asked.subjectToken)}`
  return issueCertificate(context, {
    subject:
      identity.kind === 'member'
        ? { profile: 'project-user', project: identity.project, user: identity.user }
        : { profile: 'service-account', project: identity.project, account: identity.account },
    csr: asked.csr,
    lifetimeSeconds: lifetimeSeconds(context, grant, identity, asked.lifetimeSeconds),
    identity: `${identity.kind}:${projectUserName(identity.project, name, context.policy.names)}`,
    project: identity.project,
    caller: asked.caller,
    obtainedWith: spent,
    principal: spent,
    idempotent: asked.idempotent,
    origin: asked.origin,
    lookFirst: (tx) => grantStillGood(tx, context, grant),
    lookAgain: async (tx) => {
      await grantStillGood(tx, context, grant)
      return { renewUntil: grant.token.expiresAt, requester: grant.requester }
    },
    recordBeside: (tx, { serial }) => spend(context, tx, asked, grant, serial),
  })
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
  { notAfterLimit }: ExchangeGrant,
  { kind }: ProjectIdentity,
  asked: number | undefined,
): number {
  const allowedSeconds = Math.max(0, unixSeconds(notAfterLimit) - unixSeconds(clock.now()) - 1)
  const { defaultSeconds } = profileNamed(policy, kind === 'member' ? 'project-user' : 'service-account').lifetime
  const requestedSeconds = asked ?? Math.min(defaultSeconds, allowedSeconds)
  if (requestedSeconds > allowedSeconds || requestedSeconds < 1) {
    throw new TokenRefused('token_lifetime_too_long', { requestedSeconds, allowedSeconds })
  }
  return requestedSeconds
}

/** One certificate a token: a unique row that stands until the token is refused for its age. */
async function spend(
  { clock }: TokenContext,
  tx: UnitOfWork,
  { subjectToken, origin }: CertificateExchange,
  { token, requester, holder }: ExchangeGrant,
  serial: string,
): Promise<void> {
  const at = clock.now()
  const digest = digestOf(subjectToken)
  const scope = { principal: 'subject-token', method: '', path: '', key: digest, bodyDigest: digest }
  const claim = await tx.claimIdempotencyKey(scope, at, addSeconds(token.expiresAt, TOKEN_LEEWAY_SECONDS + 1))
  if (claim.kind !== 'new') throw new ExchangeRefused('subject_token_spent')
  await tx.saveIdempotentResponse(scope, '')
  await tx.audit({
    at,
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
