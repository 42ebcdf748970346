// A CRL with what is asked of it again and again, made ready once: whose it is, what it speaks for, and whether it holds
// anything critical that is not understood here.
import { canonicalName } from '../../x509/distinguished-name.ts'
import type { Crl } from '../../x509/crl.ts'
import { hexOf } from '../../x509/hex.ts'
import { unknownCriticals } from '../../x509/extension.ts'
import { OID } from '../../x509/oid.ts'
import { pointNameKeys } from './point-names.ts'
import { ALL_REASONS, reasonMask } from './reason-mask.ts'

export interface KnownCrl {
  readonly crl: Crl
  /** Canonical. */
  readonly issuer: string
  /** Undefined: it names no distribution point, and is for all. */
  readonly names: ReadonlySet<string> | undefined
  readonly reasons: number
  readonly certificates: 'all' | 'user' | 'authority' | 'attribute'
  readonly indirect: boolean
  /** Equal for two CRLs of one scope: complete and delta have the same (§5.2.4 (b)). */
  readonly scope: string
  /** OIDs of what must not be ignored and is not understood (§5.2, §5.3). */
  readonly unknownCritical: readonly string[]
}

const known = new WeakMap<Crl, KnownCrl>()

export function knownCrl(crl: Crl): KnownCrl {
  const facts = known.get(crl) ?? readFacts(crl)
  known.set(crl, facts)
  return facts
}

function readFacts(crl: Crl): KnownCrl {
  const point = crl.issuingDistributionPoint
  return {
    crl,
    issuer: canonicalName(crl.issuer),
    names: point?.name === undefined ? undefined : new Set(pointNameKeys(point.name, crl.issuer)),
    reasons: point === undefined ? ALL_REASONS : reasonMask(point.onlySomeReasons),
    certificates: certificatesOf(crl),
    indirect: point?.indirect === true,
    scope: hexOf(crl.extensions.get(OID.issuingDistributionPoint)?.value ?? new Uint8Array()),
    unknownCritical: unknownCriticalOf(crl),
  }
}

function certificatesOf({ issuingDistributionPoint: point }: Crl): KnownCrl['certificates'] {
  if (point?.onlyAttributeCertificates === true) return 'attribute'
  if (point?.onlyAuthorityCertificates === true) return 'authority'
  return point?.onlyUserCertificates === true ? 'user' : 'all'
}

/** cRLNumber MUST NOT be critical (§5.2.3): then it means something else to whoever wrote it. */
const PROCESSED: ReadonlySet<string> = new Set([
  OID.issuingDistributionPoint,
  OID.deltaCrlIndicator,
  OID.authorityKeyIdentifier,
])

function unknownCriticalOf({ extensions, entries }: Crl): readonly string[] {
  return [...unknownCriticals(extensions, PROCESSED), ...entries.unknownCritical]
}
