// Path validation (RFC 5280 §6.1 with RFC 9618) of one given path, from its anchor down to the leaf. The anchor is a
// certificate, and what it says of itself binds it (RFC 5937): a root that expired or is constrained is no way around either.
//
// Building paths stands in `verify-path.ts`, revocation behind the seam of `revocation-check.ts`.
import { validityAt } from '../../domain/validity.ts'
import { OID } from '../../x509/oid.ts'
import { unknownCritical } from '../unknown-critical.ts'
import { brokenRule } from './conforming-certificate.ts'
import { constrainedNames } from './constrained-names.ts'
import { allowsNames, indexConstraints, type NameSubtrees } from './name-subtrees.ts'
import type { PathCertificate } from './path-certificate.ts'
import type { PathSettings } from './path-settings.ts'
import { type CandidatePath, type PathRefusal, type PathVerdict, refused } from './path-verdict.ts'
import type { PathFault } from './path-fault.ts'
import { PathWork, WorkExceeded } from './path-work.ts'
import { PolicyState } from './policy-state.ts'
import { SignatureChecks } from './signature-checks.ts'

/** What the checks of one verdict share, when one path is judged after another. */
export interface PathRun {
  readonly settings: PathSettings
  readonly work: PathWork
  readonly signatures: SignatureChecks
}

export function startRun(settings: PathSettings): PathRun {
  const work = new PathWork(settings.limits)
  return { settings, work, signatures: new SignatureChecks(work, settings.signatures) }
}

/** A computation that met a limit of its work is a refusal. */
export function withinLimits(judge: () => PathVerdict): PathVerdict {
  try {
    return judge()
  } catch (error) {
    if (error instanceof WorkExceeded) return refused('too-much-work', 0, error.unit)
    throw error
  }
}

/** Throws `WorkExceeded`. */
export function judgePath(path: CandidatePath, run: PathRun): PathVerdict {
  run.work.spend('path')
  const state = new PathState(path, run)
  const [leaf] = path.certificates
  if (leaf === undefined) return refused('issuer-unknown', 0)
  for (let depth = path.certificates.length; depth >= 0; depth--) {
    const refusal = state.step(depth)
    if (refusal !== undefined) return refusal
  }
  const policies = state.policies.finish(leaf)
  if (policies === undefined) return refused('policy', 0)
  return revocationRefusal(path, run) ?? { kind: 'valid', path, policies }
}

/** Extensions that are processed here, and may therefore be critical. */
const PROCESSED: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAlternativeName,
  OID.certificatePolicies,
  OID.nameConstraints,
  OID.policyMappings,
  OID.policyConstraints,
  OID.inhibitAnyPolicy,
])

/** Where CRLs are looked up, so are their points. */
const PROCESSED_WITH_CRLS: ReadonlySet<string> = new Set([...PROCESSED, OID.crlDistributionPoints])

class PathState {
  readonly #path: CandidatePath
  readonly #run: PathRun
  readonly policies: PolicyState
  /** Name constraints of the CAs above: a name must be allowed by each. */
  readonly #subtrees: NameSubtrees[] = []
  /** max_path_length: CAs, not self-issued, that may still follow. */
  #pathLength: number

  constructor(path: CandidatePath, run: PathRun) {
    this.#path = path
    this.#run = run
    this.policies = new PolicyState(run.settings.policy, path.certificates.length, run.work)
    this.#pathLength = run.settings.maxIntermediates
  }

  /** Judges one certificate, under all that those above it left. */
  step(depth: number): PathRefusal | undefined {
    const { certificates, anchor } = this.#path
    const certificate = certificates[depth] ?? anchor
    const issuer = depth === certificates.length ? undefined : (certificates[depth + 1] ?? anchor)
    return (
      (issuer === undefined ? undefined : this.#belowIssuer(certificate, issuer, depth)) ??
      this.#alone(certificate, depth) ??
      (issuer === undefined ? undefined : this.#underConstraints(certificate, depth)) ??
      (depth === 0 ? undefined : this.#asAuthority(certificate, depth)) ??
      this.#conforming(certificate, depth)
    )
  }

  /** §6.1.3 (a)(1), (a)(4). The signature comes first: nothing is said about a text that anyone can write. */
  #belowIssuer(certificate: PathCertificate, issuer: PathCertificate, depth: number): PathRefusal | undefined {
    if (certificate.issuer !== issuer.subject) return refused('name-chaining', depth)
    const fault = this.#run.signatures.fault(certificate, issuer)
    return fault === undefined ? undefined : refused(fault, depth)
  }

  /** What does not depend on other certificates: time, extensions, key, purpose. */
  #alone(certificate: PathCertificate, depth: number): PathRefusal | undefined {
    const { settings } = this.#run
    const time = validityAt(certificate.certificate.tbs.validity, settings.at)
    if (time !== 'valid') return refused(time, depth)
    const unknown = this.#unknownCritical(certificate)
    if (unknown !== undefined) return refused('critical-extension', depth, unknown)
    if (!this.#run.signatures.acceptsKey(certificate)) return refused('key-unacceptable', depth)
    if (!isForPurpose(certificate, settings.purpose, depth === 0 ? 'leaf' : 'above')) {
      return refused('extended-key-usage', depth)
    }
    return undefined
  }

  #conforming(certificate: PathCertificate, depth: number): PathRefusal | undefined {
    if (this.#run.settings.conformance === 'waived') return undefined
    const broken = brokenRule(certificate)
    return broken === undefined ? undefined : refused('nonconforming', depth, broken)
  }

  #unknownCritical({ certificate }: PathCertificate): string | undefined {
    const looksUpCrls = this.#run.settings.revocation.kind === 'checked'
    return unknownCritical(certificate.tbs, looksUpCrls ? PROCESSED_WITH_CRLS : PROCESSED)
  }

  /** §6.1.3 (b)-(f). */
  #underConstraints(certificate: PathCertificate, depth: number): PathRefusal | undefined {
    // A CA that renews its own key may keep its name, whatever the constraints; a leaf may not.
    const isExempt = certificate.selfIssued && depth > 0
    if (!isExempt && !this.#allowsNames(certificate)) return refused('name-constraints', depth)
    const fault = this.policies.enter(certificate, depth === 0 ? 'leaf' : 'above')
    return fault === undefined ? undefined : refused(fault, depth)
  }

  #allowsNames({ certificate, alternativeNames = [] }: PathCertificate): boolean {
    const names = constrainedNames(certificate.tbs.subject, alternativeNames)
    return allowsNames(this.#subtrees, names, () => this.#run.work.spend('constraint'))
  }

  /** §6.1.4, for the anchor too. */
  #asAuthority(certificate: PathCertificate, depth: number): PathRefusal | undefined {
    const fault = this.#countsAsAuthority(certificate, depth) ?? this.#passOn(certificate, depth)
    return fault === undefined ? undefined : refused(fault, depth)
  }

  /** (k), (n), and (l), (m): whether it may have certificates below it, and how many CAs. */
  #countsAsAuthority({ certificate, basicConstraints, keyUsage, selfIssued }: PathCertificate, depth: number) {
    // Version 1 and 2 cannot say that they are CAs.
    if (certificate.tbs.version !== 3) return 'version-unsupported'
    if (basicConstraints?.authority !== true) return 'not-authority'
    if (keyUsage?.has('keyCertSign') === false) return 'key-usage'
    const isAnchor = depth === this.#path.certificates.length
    if (!selfIssued && !isAnchor) {
      if (this.#pathLength <= 0) return 'path-length'
      this.#pathLength--
    }
    this.#pathLength = Math.min(this.#pathLength, basicConstraints.pathLength ?? Infinity)
    return undefined
  }

  /** (a), (b), (g)-(j). */
  #passOn(certificate: PathCertificate, depth: number): PathFault | undefined {
    if (certificate.nameConstraints !== undefined) {
      this.#run.work.spend('constraint', constraintCount(certificate.nameConstraints))
      const subtrees = indexConstraints(certificate.nameConstraints)
      if (subtrees === undefined) return 'name-constraints-malformed'
      this.#subtrees.push(subtrees)
    }
    if (depth < this.#path.certificates.length) return this.policies.leave(certificate)
    this.policies.constrain(certificate)
    return undefined
  }
}

function constraintCount({ permitted, excluded }: { permitted: readonly unknown[]; excluded: readonly unknown[] }) {
  return permitted.length + excluded.length
}

/** A CA without purposes has all of them; a leaf that has some must name this one, since `any` is too much for a leaf. */
function isForPurpose({ purposes }: PathCertificate, purpose: string, place: 'leaf' | 'above'): boolean {
  if (purpose === 'any' || purposes === undefined || purposes.includes(purpose)) return true
  return place === 'above' && purposes.includes(OID.anyExtendedKeyUsage)
}

/** §6.1.3 (a)(3), when all else holds: from the anchor down, since a CA that was revoked says nothing about others. */
function revocationRefusal(path: CandidatePath, { settings }: PathRun): PathRefusal | undefined {
  const { revocation, at } = settings
  if (revocation.kind === 'none') return undefined
  for (let depth = path.certificates.length - 1; depth >= 0; depth--) {
    const certificate = path.certificates[depth]
    if (certificate === undefined) continue
    const issuer = path.certificates[depth + 1] ?? path.anchor
    const verdict = revocation.check({ certificate, issuer, path, at })
    if (verdict.kind === 'revoked') return { ...refused('revoked', depth), revocation: verdict }
    if (verdict.kind === 'unknown' && revocation.unknown === 'refuse') {
      return { ...refused('revocation-unknown', depth, verdict.code), revocation: verdict }
    }
  }
  return undefined
}
