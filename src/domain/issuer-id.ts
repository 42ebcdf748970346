// One key generation of one CA: `users-1`. It names the CA in URLs, records and logs, and is never reused (CP §3.3).
import { CodedError } from './coded-error.ts'

export type IssuerId = string & { readonly __brand: 'IssuerId' }

export class IssuerIdRejected extends CodedError<'issuer_id_rejected'> {
  constructor(input: string) {
    super('issuer_id_rejected', { input: input.slice(0, 60), expected: 'authority and generation: users-1' })
  }
}

/** Authority names are lower-case letters and dashes; `delta` and `bundle` are reserved words in CRL URLs. */
export function parseIssuerId(input: string): IssuerId {
  const match = /^(?<authority>[a-z](?:[a-z-]{0,30}[a-z])?)-[1-9][0-9]{0,5}$/.exec(input)
  const authority = match?.groups?.['authority']
  if (authority === undefined || authority === 'delta' || authority === 'bundle') throw new IssuerIdRejected(input)
  return input as IssuerId
}

/** How the inventory writes whose the certificate of a CA is. */
export function authorityIdentity(id: IssuerId): string {
  return `issuer:${id}`
}

/** The CA that an identity of the inventory is; undefined for any other. */
export function authorityOfIdentity(identity: string): IssuerId | undefined {
  return identity.startsWith('issuer:') ? parseIssuerId(identity.slice('issuer:'.length)) : undefined
}

export function issuerId(authority: string, generation: number): IssuerId {
  return parseIssuerId(`${authority}-${generation}`)
}

export function partsOfIssuerId(id: IssuerId): { readonly authority: string; readonly generation: number } {
  const dash = id.lastIndexOf('-')
  return { authority: id.slice(0, dash), generation: Number(id.slice(dash + 1)) }
}
