// Who acts for the subject of a token (RFC 8693 §4.1) and who may (§4.4). A delegation is told to the second actor and no
// further: the one who acts, and the one before it.
import { TokenRefused, TokenRejected } from './errors.ts'

/** Whoever acts, named as a subject is: `PROJECT__USER`, or the name of a service. */
export interface TokenActor {
  readonly sub: string
  /** Who acted before; nobody acted before them. */
  readonly act?: { readonly sub: string }
}

/** The one party that the subject lets act for it. */
export interface PermittedActor {
  readonly sub: string
}

/** `sub` acts from now on, after whoever acted before. Throws `TokenRefused` (`delegation_too_deep`). */
export function actingAfter(sub: string, before: TokenActor | undefined): TokenActor {
  if (before === undefined) return { sub }
  if (before.act !== undefined) throw new TokenRefused('delegation_too_deep')
  return { sub, act: { sub: before.sub } }
}

/** An `act` that is not understood refuses the token: to drop it would hide who acts. Throws `TokenRejected`. */
export function parseActor(value: unknown): TokenActor | undefined {
  if (value === undefined) return undefined
  const { sub, inner } = membersOf(value, 'act')
  if (inner === undefined) return { sub }
  const before = membersOf(inner, 'act')
  if (before.inner !== undefined) throw new TokenRejected('token_malformed', { claim: 'act' })
  return { sub, act: { sub: before.sub } }
}

/** Throws `TokenRejected`. */
export function parsePermittedActor(value: unknown): PermittedActor | undefined {
  if (value === undefined) return undefined
  const { sub, inner } = membersOf(value, 'may_act')
  if (inner !== undefined) throw new TokenRejected('token_malformed', { claim: 'may_act' })
  return { sub }
}

function membersOf(value: unknown, claim: string): { readonly sub: string; readonly inner: unknown } {
  const members = new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : [])
  const sub = members.get('sub')
  const known = members.has('act') ? 2 : 1
  if (typeof sub !== 'string' || sub === '' || members.size !== known) {
    throw new TokenRejected('token_malformed', { claim })
  }
  return { sub, inner: members.get('act') }
}
