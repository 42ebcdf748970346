// A job's next token, for the job itself by its certificate alone (rule 11): before the one in use expires. Those for the same
// audience stop working after the overlap, so a token that leaked dies with the next rotation (CP §4.13).
import { actorOf, type Caller } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import type { IssuedToken } from '../tokens/token-signer.ts'
import type { RequestOrigin } from './act-context.ts'
import { type IdempotentRequest, onceFor } from './idempotency.ts'
import { goodJob, type JobCaller, requireJobItself } from './job-holder.ts'
import { type JobTokenDemand, signJobToken } from './start-jobs.ts'
import { notPermitted } from './second-look.ts'
import { recordToken, type TokenAnswer, tokenAnswer, type TokenContext } from './token-acts.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface JobTokenAsked {
  readonly caller: Caller
  readonly jobId: string
  readonly token: JobTokenDemand
  /** The certificate that the connection shows, in DER. */
  readonly certificate: Uint8Array | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

/** Throws `EnrollmentRefused`, `DirectoryRefused`, `TokenRefused`. */
export async function rotateJobToken(context: TokenContext, asked: JobTokenAsked): Promise<TokenAnswer> {
  const caller = requireJobItself(asked.caller, asked.jobId)
  const { certificate: der, idempotent } = asked
  if (der === undefined) throw notPermitted(caller)
  const job = await context.acts.run((tx) => goodJob(context, tx, caller))
  const signed = await signJobToken(context, job, asked.token, { der, notAfter: caller.certificate.notAfter })
  return context.acts.run(async (tx) => {
    // Of two rotations at once, the second sees the token of the first.
    await goodJob(context, tx, caller, 'update')
    return onceFor(context, tx, actorOf(caller), idempotent, 'secret', () => record(context, tx, asked, caller, signed))
  })
}

async function record(
  context: TokenContext,
  tx: UnitOfWork,
  { origin }: JobTokenAsked,
  caller: JobCaller,
  { token, claims }: IssuedToken,
): Promise<TokenAnswer> {
  const now = context.clock.now()
  const endsAt = addSeconds(now, context.policy.credentials.job.tokenOverlapSeconds)
  const subject = actorOf(caller)
  for (const { jti, audience } of await tx.liveTokensOf(subject, now)) {
    if (audience === claims.aud) await tx.supersedeToken(jti, endsAt)
  }
  await recordToken(
    tx,
    { holder: subject, requester: subject, certificateSerial: caller.certificate.serial, origin },
    claims,
  )
  return tokenAnswer(token, claims)
}
