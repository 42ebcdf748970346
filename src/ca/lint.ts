// What a lint is, and how they are held against bytes. A lint is one rule over a TBSCertificate that is about to be
// signed, in a file of its own with one citation; `ca/lints.json` says whether it refuses and for which certificates.
import { CodedError } from '../domain/coded-error.ts'
import { DerRejected } from '../x509/der-rejected.ts'
import { DistinguishedNameRejected, type NameAttribute } from '../x509/distinguished-name.ts'
import { ExtensionRejected } from '../x509/extension.ts'
import { type GeneralName, GeneralNameRejected } from '../x509/general-name.ts'
import { KeyRejected } from '../x509/public-key.ts'
import type { TbsCertificate } from '../x509/tbs-certificate.ts'
import type { CrlPartition } from './crl-partitions.ts'
import { expectedExtensions } from './expected-extensions.ts'
import type { Signatory } from './issuer.ts'
import type { Authority } from './policy/hierarchy.ts'
import type { LintPolicy } from './policy/lint-policy.ts'
import type { Policy } from './policy/policy.ts'
import type { Profile } from './policy/profile.ts'

/** What holds for every certificate of one profile from one issuer. */
export interface LintTerms {
  readonly policy: Policy
  readonly profile: Profile
  readonly signatory: Signatory
  /** The hierarchy entry that a CA certificate makes an issuer of; `undefined` for a leaf. */
  readonly certified: Authority | undefined
}

/** What the bytes are held against. */
export interface LintContext extends LintTerms {
  /** The moment of issue. */
  readonly issuedAt: Date
  /** Those of the issuer that certificates are put into; empty: all of them name the complete CRL. */
  readonly partitions: readonly CrlPartition[]
}

/** A context, and the certificate that is held against it. What many lints read is read once. */
export class LintSubject implements LintContext {
  readonly policy: Policy
  readonly profile: Profile
  readonly signatory: Signatory
  readonly certified: Authority | undefined
  readonly issuedAt: Date
  readonly partitions: readonly CrlPartition[]
  /** Parsed from the very bytes that will be signed. */
  readonly tbs: TbsCertificate
  readonly standing: Standing
  #alternativeNames: readonly GeneralName[] | undefined
  #attributes: readonly NameAttribute[] | undefined

  constructor(tbs: TbsCertificate, context: LintContext) {
    this.policy = context.policy
    this.profile = context.profile
    this.signatory = context.signatory
    this.certified = context.certified
    this.issuedAt = context.issuedAt
    this.partitions = context.partitions
    this.tbs = tbs
    this.standing = standingOf(context)
  }

  /** Empty without the extension. Throws when it cannot be read. */
  get alternativeNames(): readonly GeneralName[] {
    this.#alternativeNames ??= this.tbs.subjectAlternativeName ?? []
    return this.#alternativeNames
  }

  /** Every attribute of the subject, in whatever RDN it stands. */
  get attributes(): readonly NameAttribute[] {
    this.#attributes ??= this.tbs.subject.flat()
    return this.#attributes
  }

  /** OIDs of the extensions that the certificate may have, and whether each is critical. */
  get expectedExtensions(): ReadonlyMap<string, boolean> {
    return this.standing.expectedExtensions
  }
}

interface LintName {
  readonly name: string
  /** The section of CP.md and the standard behind it, divided by `; `. */
  readonly cites: string
}

/** A value that cannot be read fails the lint that reads it. */
export interface CertificateLint extends LintName {
  readonly passes: (subject: LintSubject) => boolean
}

/**
 * A lint that reads one extension, and nothing else that differs from one certificate to the next: a value that has passed
 * need not be read again under the same terms.
 */
export interface ExtensionLint extends LintName {
  /** OID, dotted. */
  readonly extension: string
  /** `value`: the contents of extnValue; undefined without the extension. */
  readonly passesValue: (value: Uint8Array | undefined, terms: LintTerms) => boolean
}

export type Lint = CertificateLint | ExtensionLint

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
  return subject.standing.due(lints).filter((lint) => !passes(lint, subject))
}

function passes(lint: Lint, subject: LintSubject): boolean {
  try {
    return 'passesValue' in lint ? passesExtension(lint, subject) : lint.passes(subject)
  } catch (error) {
    if (isUnreadable(error)) return false
    throw error
  }
}

function passesExtension(lint: ExtensionLint, subject: LintSubject): boolean {
  const value = subject.tbs.extensions.get(lint.extension)?.value
  if (value === undefined) return lint.passesValue(value, subject)
  const { passed } = subject.standing
  const known = passed.get(lint)
  if (known !== undefined && Buffer.compare(known, value) === 0) return true
  if (!lint.passesValue(value, subject)) return false
  // Its own copy: `value` is a view of bytes that are about to be signed.
  passed.set(lint, value.slice())
  return true
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

/** What is the same for every certificate under the same terms, worked out once: issuing has no time for it. */
class Standing {
  readonly expectedExtensions: ReadonlyMap<string, boolean>
  /** The value with which a lint passed last. */
  readonly passed = new Map<ExtensionLint, Uint8Array>()
  readonly #terms: LintTerms
  #due: { readonly of: readonly Lint[]; readonly lints: readonly Lint[] } | undefined

  constructor(terms: LintTerms) {
    this.#terms = terms
    this.expectedExtensions = expectedExtensions(terms)
  }

  /** Those of `lints` that the policy wants for this profile. */
  due(lints: readonly Lint[]): readonly Lint[] {
    if (this.#due?.of !== lints) {
      const { policy, profile } = this.#terms
      this.#due = { of: lints, lints: lints.filter(({ name }) => isDue(policy.lints.get(name), profile)) }
    }
    return this.#due.lints
  }
}

/** A lint that the policy does not know is due: the loader refuses such a policy, and this must not be softer. */
function isDue(entry: LintPolicy | undefined, profile: Profile): boolean {
  if (entry === undefined) return true
  if (entry.effect === 'off') return false
  if (entry.appliesTo === 'every-certificate') return true
  return profile.basicConstraints.authority === (entry.appliesTo === 'authorities')
}

const standings = new WeakMap<Policy, WeakMap<Signatory, WeakMap<Profile, Standing>>>()

function standingOf({ policy, signatory, profile, certified }: LintTerms): Standing {
  // Terms of a CA differ from one authority to the next, and are rare.
  if (certified !== undefined) return new Standing({ policy, signatory, profile, certified })
  const ofPolicy = entryOf(standings, policy, () => new WeakMap<Signatory, WeakMap<Profile, Standing>>())
  const ofSignatory = entryOf(ofPolicy, signatory, () => new WeakMap<Profile, Standing>())
  return entryOf(ofSignatory, profile, () => new Standing({ policy, signatory, profile, certified }))
}

function entryOf<Key extends WeakKey, Value>(map: WeakMap<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
