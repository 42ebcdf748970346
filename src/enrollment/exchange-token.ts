// Token exchange for an access token (RFC 8693 §2): for one registered audience, no longer than the subject token and the client's
// certificate, bound as the subject token is, naming whoever acts.
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import type { TokenBinding, TokenClaims, TokenLifetime } from '../tokens/token-claims.ts'
import type { RequestOrigin } from './act-context.ts'
import { type ExchangeClient, type ExchangeGrant, exchangeGrant, grantStillGood } from './exchange-grant.ts'
import { type IdempotentRequest, onceFor } from './idempotency.ts'
import { signAccessToken, type TokenAnswer, tokenAnswer, type TokenContext } from './token-acts.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface TokenExchange extends ExchangeClient {
  readonly audience: string
  readonly lifetime: TokenLifetime
  readonly algorithm?: TokenAlgorithm | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export async function exchangeForToken(context: TokenContext, asked: TokenExchange): Promise<TokenAnswer> {
  const grant = await exchangeGrant(context, asked)
  const { token, claims } = await signAccessToken(context, asked, {
    subject: grant.token.subject,
    actor: grant.actor,
    binding: bindingOf(grant, asked.certificate),
    notAfterLimit: grant.notAfterLimit,
  })
  return context.acts.run(async (tx) => {
    await grantStillGood(tx, context, grant)
    return onceFor(context, tx, grant.requester, asked.idempotent, 'secret', async () => {
      await recordExchange(tx, grant, claims, asked.origin)
      return tokenAnswer(token, claims)
    })
  })
}

/** No `cnf` is dropped: what is bound stays bound to the certificate that this connection shows. */
function bindingOf({ token }: ExchangeGrant, certificate: Uint8Array | undefined): TokenBinding {
  if (token.cnf === undefined) return { kind: 'none' }
  if (certificate === undefined) throw new Error('a bound token came without its certificate')
  return { kind: 'certificate', der: certificate }
}

async function recordExchange(
  tx: UnitOfWork,
  { token, holder, requester, actor, certified }: ExchangeGrant,
  { jti, aud, iat, exp }: TokenClaims,
  origin: RequestOrigin,
): Promise<void> {
  const [issuedAt, expiresAt] = [new Date(iat * 1000), new Date(exp * 1000)]
  const bought = certified === undefined ? {} : { certificateSerial: certified.certificate.serial }
  await tx.insertToken({ jti, subject: holder, audience: aud, issuedAt, expiresAt, requester, ...bought })
  await tx.audit({
    at: issuedAt,
    actor: requester,
    act: 'token.exchange',
    object: `token:${jti}`,
    requestId: origin.requestId,
    details: {
      audience: aud,
      expiresAt: expiresAt.toISOString(),
      holder,
      ...subjectFacts(token),
      ...(actor === undefined ? {} : { act: actor.sub }),
    },
  })
}

/** What was shown, for the record. */
export function subjectFacts({ from }: ExchangeGrant['token']): Readonly<Record<string, string>> {
  switch (from.kind) {
    case 'own':
      return { subjectToken: from.jti }
    case 'sign-in':
      return { session: from.caller.sessionId, provider: from.caller.provider }
    case 'trusted':
      return { issuer: from.issuer.name, subject: from.sub }
    default:
      return from satisfies never
  }
}
