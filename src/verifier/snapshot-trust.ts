// Whether a certificate makes its key one that signs snapshots for sidecars: one leaf below one issuing CA below a root that is
// pinned, of the profile's own policy and of no other use (CP §1.3.1; RFC 5280 §6.1).
//
// The issuing CA is one that may certify servers, and whose own policies, which the root signed, have this one among them: that of users
// may not, so that a key stolen there makes no policy. Time is judged here; revocation by whoever has lists.
import type { PublicKey } from '../x509/public-key.ts'
import { OID } from '../x509/oid.ts'
import { CertificateRejected } from '../x509/tbs-certificate.ts'
import { IssuerPool } from './path/issuer-pool.ts'
import { type PathCertificate, readPathCertificate } from './path/path-certificate.ts'
import type { PathFault } from './path/path-fault.ts'
import { ACCEPTED_SIGNATURES, type PathSettings } from './path/path-settings.ts'
import { PATH_LIMITS } from './path/path-work.ts'
import type { RevocationSetting } from './path/revocation-check.ts'
import { verifyPath } from './path/verify-path.ts'

/**
 * `certificate`: it or its CA is none; `path`: not below a pinned root; `profile`: not of this use; `time`: outside its validity;
 * `revoked`; `revocation`: nothing at hand says that it is not revoked
 */
export type SignerFault = 'certificate' | 'path' | 'profile' | 'time' | 'revoked' | 'revocation'

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

export interface SignerQuestion {
  /** DER. */
  readonly roots: readonly Uint8Array[]
  /** Of the profile `snapshot-signer`, as the policy has it. */
  readonly policyOid: string
  readonly at: Date
  readonly revocation: RevocationSetting
}

/** `chain`: the signer, then its CA, DER. Throws `CertificateRejected` for a root that cannot be read. */
export function verifySnapshotSigner(chain: readonly Uint8Array[], question: SignerQuestion): SignerVerdict {
  const [leaf, issuer, ...more] = chain.slice(0, 3).map(readOrNone)
  if (leaf === undefined || issuer === undefined || more.length > 0) return { kind: 'refused', fault: 'certificate' }
  const anchors = question.roots.map((der) => readPathCertificate(der))
  const verdict = verifyPath(leaf, new IssuerPool({ anchors, intermediates: [issuer] }), settingsOf(question))
  if (verdict.kind === 'refused') return { kind: 'refused', fault: faultOf(verdict.code) }
  // A root certifies no signer itself.
  if (verdict.path.certificates.length !== 2) return { kind: 'refused', fault: 'path' }
  const certifiesServers = issuer.purposes?.includes(OID.serverAuth) === true
  if (!certifiesServers || !isSigner(leaf, question.policyOid)) return { kind: 'refused', fault: 'profile' }
  return trusted(leaf, issuer)
}

function trusted({ certificate: { tbs } }: PathCertificate, issuer: PathCertificate): SignerVerdict {
  const { publicKey, issuerEncoded: issuerSubject, serialHex } = tbs
  return { kind: 'trusted', publicKey, issuerSubject, serialHex, issuerSerialHex: issuer.certificate.tbs.serialHex }
}

function settingsOf({ policyOid, at, revocation }: SignerQuestion): PathSettings {
  return {
    at,
    purpose: 'any',
    policy: { accepted: new Set([policyOid]), explicit: 'required', mapping: 'inhibited', anyPolicy: 'inhibited' },
    conformance: 'required',
    revocation,
    signatures: ACCEPTED_SIGNATURES,
    maxIntermediates: 1,
    limits: PATH_LIMITS,
  }
}

const FAULTS: Partial<Readonly<Record<PathFault, SignerFault>>> = {
  'certificate-malformed': 'certificate',
  policy: 'profile',
  'not-yet-valid': 'time',
  expired: 'time',
  revoked: 'revoked',
  'revocation-unknown': 'revocation',
}

function faultOf(code: PathFault): SignerFault {
  return FAULTS[code] ?? 'path'
}

/** For no TLS: it has no extended key usage and no names. */
function isSigner(
  { policies = [], purposes = [], alternativeNames = [], keyUsage, basicConstraints }: PathCertificate,
  policyOid: string,
): boolean {
  const [policy, ...more] = policies
  const isOne = policy === policyOid && more.length === 0 && purposes.length === 0 && alternativeNames.length === 0
  return isOne && keyUsage?.size === 1 && keyUsage.has('digitalSignature') && basicConstraints?.authority !== true
}

function readOrNone(der: Uint8Array): PathCertificate | undefined {
  try {
    return readPathCertificate(der)
  } catch (error) {
    if (error instanceof CertificateRejected) return undefined
    throw error
  }
}
