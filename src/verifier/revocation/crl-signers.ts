// The CAs that may have signed the CRLs about one certificate (RFC 5280 §6.3.3 (f)): its issuer; where policy allows, CAs of
// that name in the path above it; and others of a name that a CRL bears, whose own path holds under the same anchor and
// whose own revocation is looked up by the same evidence.
import type { IssuerSource } from '../path/issuer-pool.ts'
import { IssuerPool } from '../path/issuer-pool.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import { ACCEPTED_SIGNATURES, type PathSettings } from '../path/path-settings.ts'
import { ANY_POLICY } from '../path/policy-settings.ts'
import { MAX_INTERMEDIATES, PATH_LIMITS } from '../path/path-work.ts'
import type { CheckRevocation, RevocationQuestion } from '../path/revocation-check.ts'
import { verifyPath } from '../path/verify-path.ts'
import { MAX_SIGNERS } from './verified-crl.ts'

/** How many signers may stand behind one another, each vouched for by a CRL of the next. */
const MAX_NESTED = 3

/** Most answers about signers that are kept. */
const MAX_FOUND = 1024

export class CrlSigners {
  readonly #others: IssuerSource['intermediates']
  readonly #check: CheckRevocation
  /** By anchor and time: what was found about a signer, `false` also while it is being looked at, so that none vouches for itself. */
  readonly #found = new Map<string, boolean>()
  #nested = 0

  /** `check` is asked about the signers themselves. */
  constructor(others: IssuerSource['intermediates'], check: CheckRevocation) {
    this.#others = others
    this.#check = check
  }

  /** Those of a name, the issuer of the certificate first. Never the certificate itself. */
  of(name: string, { certificate, issuer, path, at }: RevocationQuestion): readonly PathCertificate[] {
    const above = path.certificates.slice(path.certificates.indexOf(certificate) + 1)
    const near = [issuer, ...above, path.anchor].filter(({ subject }) => subject === name)
    const far = this.#others.filter((other) => other.subject === name && saysThatItSigns(other))
    const apart = far.filter((other) => ![certificate, ...near].some((each) => isSame(each, other)))
    const others = apart.slice(0, MAX_SIGNERS).filter((other) => this.#holds(other, path.anchor, at))
    return [...new Set([...near, ...others])]
  }

  #holds(signer: PathCertificate, anchor: PathCertificate, at: Date): boolean {
    const key = `${signer.certificate.fingerprint} ${anchor.certificate.fingerprint} ${at.getTime()}`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    if (this.#nested >= MAX_NESTED) return false
    // Each question has a time of its own: what was found for those before is of no use. Not while one is being looked at.
    if (this.#nested === 0 && this.#found.size >= MAX_FOUND) this.#found.clear()
    this.#found.set(key, false)
    this.#nested++
    const pool = new IssuerPool({ anchors: [anchor], intermediates: this.#others })
    const holds = verifyPath(signer, pool, this.#settings(at)).kind === 'valid'
    this.#nested--
    this.#found.set(key, holds)
    return holds
  }

  #settings(at: Date): PathSettings {
    return {
      at,
      purpose: 'any',
      policy: ANY_POLICY,
      conformance: 'waived',
      revocation: { kind: 'checked', check: this.#check, unknown: 'refuse' },
      signatures: ACCEPTED_SIGNATURES,
      maxIntermediates: MAX_INTERMEDIATES,
      limits: PATH_LIMITS,
    }
  }
}

/** The CAs of the path are CAs. Any other must say so or that it signs CRLs: a leaf that bears a CA's name is neither. */
function saysThatItSigns({ keyUsage, basicConstraints }: PathCertificate): boolean {
  return keyUsage?.has('cRLSign') ?? basicConstraints?.authority === true
}

function isSame(a: PathCertificate, b: PathCertificate): boolean {
  return a.certificate.fingerprint === b.certificate.fingerprint
}
