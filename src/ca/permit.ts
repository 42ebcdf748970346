// The permit to sign: made only by the lints, over a copy of the bytes that nobody else holds, and spent by the first use.
import { CodedError } from '../domain/coded-error.ts'
import { parseSerialNumber, type SerialNumber } from '../domain/serial-number.ts'
import type { Validity } from '../domain/validity.ts'
import { singleAttribute } from '../x509/distinguished-name.ts'
import { OID } from '../x509/oid.ts'
import type { PublicKey } from '../x509/public-key.ts'
import { parseTbsCertificate, type TbsCertificate } from '../x509/tbs-certificate.ts'
import { partitionOf } from './crl-partitions.ts'
import { failedLints, type LintContext, LintFailed, LintSubject } from './lint.ts'
import { LINTS } from './lints.ts'

export class PermitSpent extends CodedError<'permit_spent'> {
  constructor() {
    super('permit_spent')
  }
}

/** What the bytes say, read from them when they were linted. */
export interface PermittedFacts {
  readonly serial: SerialNumber
  readonly commonName: string
  readonly validity: Validity
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly keyFingerprint: string
  /** The partition of its issuer's CRLs that the bytes name; absent: the complete CRL, or none. */
  readonly crlPartition?: number
}

/** Proof that exactly these TBS bytes passed every lint. Spent by the first `redeem`. */
export class Permit {
  readonly context: LintContext
  readonly facts: PermittedFacts
  #tbs: Uint8Array<ArrayBuffer> | undefined

  private constructor(tbs: Uint8Array<ArrayBuffer>, context: LintContext, facts: PermittedFacts) {
    this.#tbs = tbs
    this.context = context
    this.facts = facts
  }

  /** Runs the lints over a copy of `tbs`; `known` as in `parseTbsCertificate`. Throws `LintFailed`, and what that throws. */
  static prepare(tbs: Uint8Array, context: LintContext, known?: PublicKey): Permit {
    const copy = new Uint8Array(tbs)
    const parsed = parseTbsCertificate(copy, known)
    const failed = failedLints(new LintSubject(parsed, context), LINTS)
    if (failed.length > 0) throw new LintFailed(failed, context)
    return new Permit(copy, context, factsOf(parsed, context))
  }

  /** The bytes, once. Throws `PermitSpent` after. */
  redeem(): Uint8Array<ArrayBuffer> {
    const tbs = this.#tbs
    if (tbs === undefined) throw new PermitSpent()
    this.#tbs = undefined
    return tbs
  }
}

/** Values, not views: nobody may reach the permitted bytes through them. */
function factsOf(tbs: TbsCertificate, { profile, partitions }: LintContext): PermittedFacts {
  const partition = profile.crlDistributionPoint ? partitionOf(partitions, tbs.serialHex) : undefined
  return {
    serial: parseSerialNumber(tbs.serialHex),
    commonName: singleAttribute(tbs.subject, OID.commonName),
    validity: tbs.validity,
    keyFingerprint: tbs.publicKey.fingerprint,
    ...(partition === undefined ? {} : { crlPartition: partition.number }),
  }
}
