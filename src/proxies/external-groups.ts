// The groups that a token of a trusted issuer names for an external user: all of them exactly as they stand there, or none can be
// told. A missing or overflowing claim is not the empty set (rule 25). OpenID Connect Core 1.0 §5.6.2 (`_claim_names`).
import type { OtherSubjects } from '../tokens/trusted-issuer.ts'

type Claims = ReadonlyMap<string, unknown>

/** Of one token. Microsoft's directories name 200, and then say that there are more. */
const MAX_GROUPS = 1000
/** In octets of UTF-8: what the register of groups keeps. */
const MAX_GROUP_OCTETS = 512

/** Undefined where the token does not say all groups. */
export function externalGroups(
  claims: Claims,
  { claim, missing }: Extract<OtherSubjects, { readonly kind: 'grouped' }>,
): ReadonlySet<string> | undefined {
  if (isElsewhere(claims, claim)) return undefined
  const value = claims.get(claim)
  if (value === undefined) return missing === 'empty' ? new Set() : undefined
  if (!Array.isArray(value) || value.length > MAX_GROUPS || !value.every(isGroup)) return undefined
  return new Set(value)
}

/** Too many for a token: it names a place to ask instead, or says with Microsoft's `hasgroups` that there are some. */
function isElsewhere(claims: Claims, claim: string): boolean {
  const names = claims.get('_claim_names')
  const isNamed = typeof names === 'object' && names !== null && Object.hasOwn(names, claim)
  return isNamed || (claims.get('hasgroups') ?? false) !== false
}

function isGroup(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || !name.isWellFormed()) return false
  return !/\p{Cc}/u.test(name) && Buffer.byteLength(name) <= MAX_GROUP_OCTETS
}
