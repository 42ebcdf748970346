// Which certificates a CRL speaks for (RFC 5280 §5): all of an issuer's, what changed since a complete one (§5.2.4), or those
// of one partition (§5.2.5). A scope has one key, which is also where its CRL is published: `/pki/crl/{key}.crl`.
import { CodedError } from './coded-error.ts'
import { type IssuerId, parseIssuerId } from './issuer-id.ts'

export type CrlScope =
  | { readonly kind: 'full'; readonly issuer: IssuerId }
  | { readonly kind: 'delta'; readonly issuer: IssuerId }
  | { readonly kind: 'partition'; readonly issuer: IssuerId; readonly partition: number }

/** `users-1`, `users-1/delta`, `users-1/7`. */
export type CrlScopeKey = string & { readonly __brand: 'CrlScopeKey' }

/** Partitions are numbered from 1 in each issuer, and a number is never used again. */
const MAX_PARTITION = 65_535

export class CrlScopeRejected extends CodedError<'crl_scope_rejected'> {
  constructor(input: string) {
    super('crl_scope_rejected', { input: input.slice(0, 60), expected: 'users-1, users-1/delta or users-1/7' })
  }
}

export function fullScope(issuer: IssuerId): CrlScope {
  return { kind: 'full', issuer }
}

export function crlScopeKey(scope: CrlScope): CrlScopeKey {
  switch (scope.kind) {
    case 'full':
      return scope.issuer as string as CrlScopeKey
    case 'delta':
      return `${scope.issuer}/delta` as CrlScopeKey
    case 'partition':
      return `${scope.issuer}/${String(scope.partition)}` as CrlScopeKey
    default:
      return scope satisfies never
  }
}

/** Throws `CrlScopeRejected`, and `IssuerIdRejected` for what stands before the slash. */
export function parseCrlScopeKey(input: string): CrlScope {
  const slash = input.indexOf('/')
  if (slash === -1) return fullScope(parseIssuerId(input))
  const issuer = parseIssuerId(input.slice(0, slash))
  const rest = input.slice(slash + 1)
  if (rest === 'delta') return { kind: 'delta', issuer }
  if (!/^[1-9][0-9]{0,4}$/.test(rest) || Number(rest) > MAX_PARTITION) throw new CrlScopeRejected(input)
  return { kind: 'partition', issuer, partition: Number(rest) }
}

/** Where it is published, under the public URL: written into certificates, and so for ever. */
export function crlPath(scope: CrlScope): string {
  return `/pki/crl/${crlScopeKey(scope)}.crl`
}
