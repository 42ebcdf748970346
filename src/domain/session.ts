// A person who signed in. The session lives in a row, its tokens are short: each carries the generation that it was made as,
// and the newest one counts.
import type { Change } from './change.ts'
import type { UserName } from './user-name.ts'

export interface PersonSession {
  /** Unguessable, and no secret: what it opens, a signed token says. */
  readonly id: string
  readonly user: UserName
  /** Where they signed in, as the configuration names it. */
  readonly provider: string
  readonly signedInAt: Date
  readonly endsAt: Date
  readonly generation: number
  readonly rotatedAt: Date
  /** SHA-256 of the secret that a page shows when it writes, hexadecimal. */
  readonly pageTokenHash: string
  /** When an act ended it. */
  readonly endedAt?: Date
}

export function changeOfSession(session: PersonSession): Extract<Change, { readonly kind: 'session' }> {
  const { id, user, provider, generation, pageTokenHash, endedAt } = session
  return {
    kind: 'session',
    id,
    user,
    provider,
    signedInAt: session.signedInAt.getTime(),
    endsAt: session.endsAt.getTime(),
    generation,
    rotatedAt: session.rotatedAt.getTime(),
    pageTokenHash,
    status: endedAt === undefined ? 'active' : 'ended',
  }
}
