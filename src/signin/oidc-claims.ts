// Who an ID token and the provider's user information name (OpenID Connect Core 1.0 §5). Both are verified when they come here.
import type { ProvidedPerson } from '../enrollment/sign-in-provider.ts'

export type Claims = Readonly<Record<string, unknown>>

interface ClaimNames {
  readonly user: string
  readonly groups: string
}

/** Whether the user information endpoint could say more than the ID token does. */
export function isWanting(idToken: Claims, names: ClaimNames): boolean {
  return isMissing(idToken, names.user) || (isMissing(idToken, names.groups) && !isElsewhere(idToken, names.groups))
}

/** The ID token goes first; what it lacks the user information may say. */
export function personOf(idToken: Claims & { readonly sub: string }, more: Claims, names: ClaimNames): ProvidedPerson {
  const claims = [idToken, more]
  const user = valueOf(claims, names.user)
  const isPartial = claims.some((each) => isElsewhere(each, names.groups))
  return {
    subject: idToken.sub,
    name: typeof user === 'string' && user !== '' ? user : undefined,
    groups: isPartial ? 'unavailable' : groupsOf(valueOf(claims, names.groups)),
  }
}

/** A list of texts as it is. Anything else, also a single text, does not say what the groups are. */
function groupsOf(value: unknown): ProvidedPerson['groups'] {
  const isList = Array.isArray(value) && value.every((name) => typeof name === 'string')
  return isList ? value : 'unavailable'
}

/**
 * A provider with too many groups for a token names a place to ask instead (§5.6.2, `_claim_names`); Microsoft's says `hasgroups`
 * where there is no room for that either. What stands in the token beside it is a part.
 */
function isElsewhere(claims: Claims, name: string): boolean {
  const names = own(claims, '_claim_names')
  const isNamed = typeof names === 'object' && names !== null && Object.hasOwn(names, name)
  return isNamed || (own(claims, 'hasgroups') ?? false) !== false
}

function isMissing(claims: Claims, name: string): boolean {
  return own(claims, name) === undefined
}

function valueOf(claims: readonly Claims[], name: string): unknown {
  return claims.map((each) => own(each, name)).find((value) => value !== undefined)
}

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}
