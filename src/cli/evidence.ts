// Everything that a certificate is judged by: its path and the CRL of each CA in it, from files first, and from the service
// for what the files lack.
import { type Certificate, parseCertificate } from '../x509/certificate.ts'
import { type Crl, MAX_CRL_BYTES, parseCrl } from '../x509/crl.ts'
import { crlUris } from '../x509/extensions/crl-distribution-points.ts'
import { type CertificatePath, findPath } from './certificate-path.ts'
import type { ServiceClient } from './client.ts'
import { isOfIssuer, speaksFor } from './crl-fault.ts'
import { fetchAuthority, fetchCrl, issuerIdIn, orAbsent } from './published.ts'
import { readPemOrDer } from './read-file.ts'
import { Refused } from './refused.ts'
import { readTrustBundle } from './trust-bundle.ts'

export interface EvidenceFiles {
  readonly file: string
  readonly chain: string | undefined
  readonly crls: readonly string[]
  readonly trust: string
}

export interface Evidence {
  readonly leaf: Certificate
  readonly path: CertificatePath
  readonly crlOf: (issuer: Certificate, certificate: Certificate) => Crl | undefined
}

/** Without a service only files are read. Throws `Refused`, `ServiceRefused`, or the refusal of a file that cannot be parsed. */
export async function gatherEvidence(files: EvidenceFiles, service: ServiceClient | undefined): Promise<Evidence> {
  const roots = (await readTrustBundle(files.trust)).map(({ certificate }) => certificate)
  const [leaf, ...sent] = await readCertificates(files.file)
  if (leaf === undefined) throw new Refused('file_unreadable', { file: files.file, reason: 'empty' })
  const others = [...sent, ...(files.chain === undefined ? [] : await readCertificates(files.chain))]
  const path = await completePath(leaf, others, roots, service)
  const crls = (await Promise.all(files.crls.map(readCrls))).flat()
  const fetched = service === undefined ? [] : await fetchMissingCrls(path, crls, service)
  const all = [...crls, ...fetched]
  return { leaf, path, crlOf: (issuer, certificate) => newestOf(all, issuer, certificate) }
}

async function readCertificates(file: string): Promise<Certificate[]> {
  return (await readPemOrDer(file, 'CERTIFICATE')).map((der) => parseCertificate(der))
}

async function readCrls(file: string): Promise<Crl[]> {
  // PEM is a third larger than what it holds.
  return (await readPemOrDer(file, 'X509 CRL', MAX_CRL_BYTES * 2)).map((der) => parseCrl(der, MAX_CRL_BYTES))
}

/** Asks the service for an issuer at most once: a path of more levels names no more of them. */
async function completePath(
  leaf: Certificate,
  others: readonly Certificate[],
  roots: readonly Certificate[],
  service: ServiceClient | undefined,
): Promise<CertificatePath> {
  const path = findPath(leaf, others, roots)
  const last = path.certificates.at(-1)
  if (path.kind === 'complete' || service === undefined || last === undefined) return path
  const issuer = issuerIdIn(last.tbs.authorityInformationAccess?.caIssuers ?? [])
  if (issuer === undefined) return path
  const authority = await orAbsent(fetchAuthority(service, issuer))
  return authority === undefined ? path : findPath(leaf, [...others, authority], roots)
}

async function fetchMissingCrls(
  { certificates }: CertificatePath,
  crls: readonly Crl[],
  service: ServiceClient,
): Promise<Crl[]> {
  const missing = certificates.slice(0, -1).filter((certificate, i) => {
    const issuer = certificates[i + 1]
    return issuer !== undefined && !crls.some((crl) => isOfIssuer(crl, issuer) && speaksFor(crl, certificate))
  })
  const ids = missing.flatMap(({ tbs }) => issuerIdIn(crlUris(tbs.crlDistributionPoints ?? [])) ?? [])
  const fetched = await Promise.all(ids.map((id) => orAbsent(fetchCrl(service, id))))
  return fetched.filter((crl) => crl !== undefined)
}

/** By name, and of those what speaks for the certificate, if any does; whether it was signed by that issuer is a check of its own. */
function newestOf(crls: readonly Crl[], issuer: Certificate, certificate: Certificate): Crl | undefined {
  const own = crls.filter((crl) => isOfIssuer(crl, issuer))
  const speaking = own.filter((crl) => speaksFor(crl, certificate))
  return (speaking.length > 0 ? speaking : own).reduce<Crl | undefined>((newest, crl) => {
    return newest === undefined || crl.thisUpdate > newest.thisUpdate ? crl : newest
  }, undefined)
}
