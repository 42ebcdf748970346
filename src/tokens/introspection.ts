// What introspection answers (RFC 7662 §2.2): the claims of a good token, or that it is not active, and then nothing else:
// not why, not whose (§4 warns of both).
import { TokenRejected } from './errors.ts'
import type { TokenClaims } from './token-claims.ts'
import type { VerifiedToken } from './verify-token.ts'

export type Introspection =
  { readonly active: false } | ({ readonly active: true; readonly token_type: 'Bearer' } & TokenClaims)

/** Answers for a verification under way. Only a refused token is inactive; any other failure is passed on. */
export async function introspect(verifying: Promise<VerifiedToken>): Promise<Introspection> {
  try {
    const { claims } = await verifying
    return { active: true, token_type: 'Bearer', ...claims }
  } catch (error) {
    if (error instanceof TokenRejected) return { active: false }
    throw error
  }
}
