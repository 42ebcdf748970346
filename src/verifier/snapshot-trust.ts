// Whether a certificate makes its key one that signs snapshots for sidecars: one leaf below one issuing CA below a root that is
// pinned, of the profile's own policy and of no other use (CP §1.3.1; RFC 5280 §6.1).
//
// The issuing CA is one that may certify servers: that of users may not, so that a key stolen there makes no policy. Time is judged
// here; revocation is for whoever has a list.
import { parseCertificate, verifySignature } from '../x509/certificate.ts'
import { OID } from '../x509/oid.ts'
import type { PublicKey } from '../x509/public-key.ts'
import { validityAt } from '../domain/validity.ts'
import { parseIssuerId } from '../domain/issuer-id.ts'
import { type Leaf, readLeaf } from './leaf.ts'
import { type Authority, buildAuthorities, TrustRejected, type TrustedIssuer } from './trust.ts'
import { commonValidity } from './path-validity.ts'

/** `certificate`: it or its CA is none; `path`: not below a pinned root; `profile`: not of this use; `time`: outside its validity */
export type SignerFault = 'certificate' | 'path' | 'profile' | 'time'

export type SignerVerdict =
  | {
      readonly kind: 'trusted'
      readonly publicKey: PublicKey
      readonly issuerSubject: Uint8Array
      readonly serialHex: string
      /** Of the CA that certifies the signer. */
      readonly issuerSerialHex: string
    }
  | { readonly kind: 'refused'; readonly fault: SignerFault }

/** `policyOid`: of the profile `snapshot-signer`, as the policy has it. `chain`: the signer, then its CA, DER. */
export function verifySnapshotSigner(
  chain: readonly Uint8Array[],
  { roots, policyOid, at }: { readonly roots: readonly Uint8Array[]; readonly policyOid: string; readonly at: Date },
): SignerVerdict {
  const [leafDer, issuerDer, ...more] = chain
  const leaf = leafDer === undefined ? undefined : readLeaf(leafDer)
  if (leaf === undefined || issuerDer === undefined || more.length > 0) return { kind: 'refused', fault: 'certificate' }
  const authority = authorityOf(leaf, issuerDer, roots)
  if (authority === undefined || !verifySignature(leaf.certificate, authority.publicKey)) {
    return { kind: 'refused', fault: 'path' }
  }
  const certifiesServers = authority.purposes !== 'any' && authority.purposes.has(OID.serverAuth)
  if (!certifiesServers || !isSigner(leaf, policyOid)) return { kind: 'refused', fault: 'profile' }
  const { tbs } = leaf.certificate
  if (validityAt(commonValidity(authority.validity, tbs.validity), at) !== 'valid') {
    return { kind: 'refused', fault: 'time' }
  }
  const issuerSerialHex = parseCertificate(issuerDer).tbs.serialHex
  const names = { issuerSubject: tbs.issuerEncoded, serialHex: tbs.serialHex, issuerSerialHex }
  return { kind: 'trusted', publicKey: tbs.publicKey, ...names }
}

/** For no TLS: it has no extended key usage and no names. */
function isSigner(
  { policies, purposes, alternativeNames, keyUsage, basicConstraints }: Leaf,
  policyOid: string,
): boolean {
  const [policy, ...more] = policies
  const isOne = policy === policyOid && more.length === 0 && purposes.length === 0 && alternativeNames.length === 0
  return isOne && keyUsage?.size === 1 && keyUsage.has('digitalSignature') && basicConstraints?.authority !== true
}

function authorityOf(
  { certificate, authorityKeyIdentifier }: Leaf,
  issuerDer: Uint8Array,
  roots: readonly Uint8Array[],
): Authority | undefined {
  if (authorityKeyIdentifier === undefined) return undefined
  const pinned = roots.map((der, index) => unnamed(der, `pinned-${String(index + 1)}`))
  try {
    const authority = buildAuthorities(pinned, [unnamed(issuerDer, 'signers-1')])
    const found = authority(certificate.tbs.issuerEncoded, authorityKeyIdentifier)
    // A root certifies no signer itself.
    return found?.id === 'signers-1' ? found : undefined
  } catch (error) {
    // It cannot be read, or hangs on no pinned root.
    if (error instanceof TrustRejected) return undefined
    throw error
  }
}

/** What it may issue is asked of the leaf's policy; the names are for telling them apart here. */
function unnamed(certificate: Uint8Array, id: string): TrustedIssuer {
  return { id: parseIssuerId(id), certificate, issues: new Map() }
}
