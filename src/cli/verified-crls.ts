// CRLs from the service, each verified up to a root of the trust bundle before anyone sees it.
import { parseIssuerId, type IssuerId } from '../domain/issuer-id.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Crl } from '../x509/crl.ts'
import type { Answer } from './answer.ts'
import { findPath } from './certificate-path.ts'
import type { ServiceClient } from './client.ts'
import { faultOfCrl } from './crl-fault.ts'
import { checkPath } from './path-checks.ts'
import { fetchAuthority, fetchCrl } from './published.ts'
import { Refused } from './refused.ts'
import { readTrustBundle } from './trust-bundle.ts'

export interface VerifiedCrl {
  readonly issuer: IssuerId
  readonly crl: Crl
}

/** The CRL of `issuer`; without one those of all CAs, as the index of the service lists them. Throws `Refused`, `ServiceRefused`. */
export async function fetchVerifiedCrls(
  client: ServiceClient,
  trust: string,
  issuer: IssuerId | undefined,
  at: Date,
): Promise<readonly VerifiedCrl[]> {
  const roots = (await readTrustBundle(trust)).map(({ certificate }) => certificate)
  const issuers = issuer === undefined ? (await completeRows(client)).map(issuerOf) : [issuer]
  // One after the other: each may be tens of megabytes.
  const crls: (VerifiedCrl & { readonly authority: Certificate })[] = []
  for (const each of issuers) crls.push(await fetchVerified(client, roots, each, at))
  if (issuer === undefined) refusePartial(crls)
  return crls
}

/** Of each CA the number of its complete CRL, as the index says it: for whether there is something new, and nothing else. */
export async function currentNumbers(
  client: ServiceClient,
): Promise<readonly { readonly issuer: IssuerId; readonly number: number }[]> {
  return (await completeRows(client)).map((row) => ({ issuer: issuerOf(row), number: row.number('number') }))
}

/** Of each CA one: not of deltas and partitions. */
async function completeRows(client: ServiceClient): Promise<readonly Answer[]> {
  const index = await client.get('/pki/crl')
  return index.list('crls').filter((row) => row.textOr('kind', 'full') === 'full')
}

function issuerOf(row: Answer): IssuerId {
  return parseIssuerId(row.text('issuer'))
}

/** A server that checks whole chains refuses everyone when the CRL of a CA above is missing. */
function refusePartial(crls: readonly { readonly authority: Certificate }[]): void {
  const subjects = crls.map(({ authority }) => authority.tbs.subjectEncoded)
  for (const { authority } of crls) {
    const isThere = subjects.some((subject) => Buffer.compare(subject, authority.tbs.issuerEncoded) === 0)
    if (!isThere) throw new Refused('crl_bundle_partial', { missing: 'the CRL of a CA above' })
  }
  if (crls.length === 0) throw new Refused('crl_bundle_partial', { missing: 'all of them' })
}

async function fetchVerified(
  client: ServiceClient,
  roots: readonly Certificate[],
  issuer: IssuerId,
  at: Date,
): Promise<VerifiedCrl & { readonly authority: Certificate }> {
  const authority = await fetchAuthority(client, issuer)
  requireTrusted(authority, roots, issuer, at)
  const crl = await fetchCrl(client, issuer)
  const fault = faultOfCrl(crl, authority, at, 'all')
  if (fault !== undefined) throw new Refused(fault, { issuer, thisUpdate: crl.thisUpdate.toISOString() })
  return { issuer, crl, authority }
}

/** Everything but revocation, which is what is being fetched. */
function requireTrusted(authority: Certificate, roots: readonly Certificate[], issuer: IssuerId, at: Date): void {
  const path = findPath(authority, [], roots)
  const checks = checkPath(path, { at, purpose: 'any', crlOf: () => undefined })
  const fault = checks.find(({ check, holds }) => !holds && check !== 'revocation')?.fault
  if (fault !== undefined) throw new Refused('issuer_unverified', { issuer, fault })
}
