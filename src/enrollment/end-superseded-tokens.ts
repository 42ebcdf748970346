// Ends the tokens that a job's next token took the place of, once the overlap is over: by whichever process takes them first,
// also after a restart. What has ended by itself meanwhile is left alone.
import type { ActContext } from './act-context.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Tokens in one transaction: acts wait meanwhile. */
const ENDED_AT_ONCE = 200

/** Returns how many overlaps are over. */
export async function endSupersededTokens(context: ActContext): Promise<number> {
  return context.acts.run(async (tx) => {
    const at = context.clock.now()
    const over = await tx.takeSupersededTokens(at, ENDED_AT_ONCE)
    for (const jti of over) await endToken(tx, jti, at)
    return over.length
  })
}

async function endToken(tx: UnitOfWork, jti: string, at: Date): Promise<void> {
  const token = await tx.token(jti)
  if (token === undefined || token.revokedAt !== undefined || token.expiresAt <= at) return
  await tx.revokeToken(jti, at)
  await tx.change({ kind: 'token-revocation', jti, expiresAt: token.expiresAt.getTime() })
  const details = { subject: token.subject, why: 'superseded' }
  await tx.audit({ at, actor: 'system', act: 'token.revoke', object: `token:${jti}`, requestId: '', details })
}
