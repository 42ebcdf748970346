// What a lint is, and how they are held against bytes. A lint is one rule over a TBSCertificate that is about to be
// signed, in a file of its own with one citation; `ca/lints.json` says whether it refuses and for which certificates.
import { CodedError } from '../domain/coded-error.ts'
import { DerRejected } from '../x509/der-rejected.ts'
import { DistinguishedNameRejected } from '../x509/distinguished-name.ts'
import { ExtensionRejected } from '../x509/extension.ts'
import { type GeneralName, GeneralNameRejected } from '../x509/general-name.ts'
import { KeyRejected } from '../x509/public-key.ts'
import type { TbsCertificate } from '../x509/tbs-certificate.ts'
import { expectedExtensions } from './expected-extensions.ts'
import type { Signatory } from './issuer.ts'
import type { Authority } from './policy/hierarchy.ts'
import type { LintPolicy } from './policy/lint-policy.ts'
import type { Policy } from './policy/policy.ts'
import type { Profile } from './policy/profile.ts'

/** What the bytes are held against. */
export interface LintContext {
  readonly policy: Policy
  readonly profile: Profile
  readonly signatory: Signatory
  /** The hierarchy entry that a CA certificate makes an issuer of; `undefined` for a leaf. */
  readonly certified: Authority | undefined
  /** The moment of issue. */
  readonly issuedAt: Date
}

/** A context, and the certificate that is held against it. What many lints read is read once. */
export class LintSubject implements LintContext {
  readonly policy: Policy
  readonly profile: Profile
  readonly signatory: Signatory
  readonly certified: Authority | undefined
  readonly issuedAt: Date
  /** Parsed from the very bytes that will be signed. */
  readonly tbs: TbsCertificate
  #alternativeNames: readonly GeneralName[] | undefined
  #expectedExtensions: ReadonlyMap<string, boolean> | undefined

  constructor(tbs: TbsCertificate, context: LintContext) {
    this.policy = context.policy
    this.profile = context.profile
    this.signatory = context.signatory
    this.certified = context.certified
    this.issuedAt = context.issuedAt
    this.tbs = tbs
  }

  /** Empty without the extension. Throws when it cannot be read. */
  get alternativeNames(): readonly GeneralName[] {
    this.#alternativeNames ??= this.tbs.subjectAlternativeName ?? []
    return this.#alternativeNames
  }

  /** OIDs of the extensions that the certificate may have, and whether each is critical. */
  get expectedExtensions(): ReadonlyMap<string, boolean> {
    this.#expectedExtensions ??= expectedExtensions(this)
    return this.#expectedExtensions
  }
}

export interface Lint {
  readonly name: string
  /** The section of CP.md and the standard behind it, divided by `; `. */
  readonly cites: string
  /** A value that cannot be read fails the lint that reads it. */
  readonly passes: (subject: LintSubject) => boolean
}

export class LintFailed extends CodedError<'lint_failed'> {
  constructor(failed: readonly Lint[], { profile, signatory }: LintContext) {
    super('lint_failed', {
      lints: failed.map((lint) => lint.name),
      cites: failed.map((lint) => lint.cites),
      profile: profile.name,
      issuer: signatory.id,
    })
  }
}

/** Every lint that refuses this certificate. */
export function failedLints(subject: LintSubject, lints: readonly Lint[]): Lint[] {
  return lints.filter((lint) => isDue(subject.policy.lints.get(lint.name), subject.profile) && !passes(lint, subject))
}

/** A lint that the policy does not know is due: the loader refuses such a policy, and this must not be softer. */
function isDue(entry: LintPolicy | undefined, profile: Profile): boolean {
  if (entry === undefined) return true
  if (entry.effect === 'off') return false
  if (entry.appliesTo === 'every-certificate') return true
  return profile.basicConstraints.authority === (entry.appliesTo === 'authorities')
}

function passes(lint: Lint, subject: LintSubject): boolean {
  try {
    return lint.passes(subject)
  } catch (error) {
    if (isUnreadable(error)) return false
    throw error
  }
}

function isUnreadable(error: unknown): boolean {
  return (
    error instanceof DerRejected ||
    error instanceof ExtensionRejected ||
    error instanceof GeneralNameRejected ||
    error instanceof DistinguishedNameRejected ||
    error instanceof KeyRejected
  )
}
