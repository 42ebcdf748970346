// CRLs from the service, each verified up to a root of the trust bundle before anyone sees it.
import { parseIssuerId, type IssuerId } from '../domain/issuer-id.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Crl } from '../x509/crl.ts'
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
  const issuers = issuer === undefined ? await allIssuers(client) : [issuer]
  return Promise.all(issuers.map((each) => fetchVerified(client, roots, each, at)))
}

async function allIssuers(client: ServiceClient): Promise<IssuerId[]> {
  const index = await client.get('/pki/crl')
  return index.list('crls').map((row) => parseIssuerId(row.text('issuer')))
}

async function fetchVerified(
  client: ServiceClient,
  roots: readonly Certificate[],
  issuer: IssuerId,
  at: Date,
): Promise<VerifiedCrl> {
  const authority = await fetchAuthority(client, issuer)
  requireTrusted(authority, roots, issuer, at)
  const crl = await fetchCrl(client, issuer)
  const fault = faultOfCrl(crl, authority, at)
  if (fault !== undefined) throw new Refused(fault, { issuer, thisUpdate: crl.thisUpdate.toISOString() })
  return { issuer, crl }
}

/** Everything but revocation, which is what is being fetched. */
function requireTrusted(authority: Certificate, roots: readonly Certificate[], issuer: IssuerId, at: Date): void {
  const path = findPath(authority, [], roots)
  const checks = checkPath(path, { at, purpose: 'any', crlOf: () => undefined })
  const fault = checks.find(({ check, holds }) => !holds && check !== 'revocation')?.fault
  if (fault !== undefined) throw new Refused('issuer_unverified', { issuer, fault })
}
