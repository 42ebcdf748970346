// How far the keys of a service are: which of its certificates is due for a new key, since when it has the one it has, and
// who was last seen with it. Pure: what it is told, it adds up.
import type { CertificateRecord } from '../ca/inventory.ts'
import { addSeconds } from '../domain/clock.ts'
import type { Service } from '../directory/entities.ts'

export interface KeptCertificate {
  readonly record: CertificateRecord
  /** When its key was first certified. */
  readonly keySince: Date
  readonly lastSeenAt?: Date | undefined
}

export interface RotatingCertificate extends KeptCertificate {
  /** When a new key is to take its place; absent where none was asked for, and in what was replaced. */
  readonly rotateAt?: Date
}

export interface ServiceRotation {
  /** Live ones, newest first. */
  readonly certificates: readonly RotatingCertificate[]
  /** The newest that was not replaced. */
  readonly current?: RotatingCertificate
  /** When the newest key came into use. */
  readonly lastRotation?: Date
  /** The first of the instants at which a key is to be replaced. */
  readonly nextRotation?: Date
}

export function rotationOf(service: Service, kept: readonly KeptCertificate[]): ServiceRotation {
  const certificates = kept.map((each) => ({ ...each, ...dueOf(service, each) }))
  const inUse = certificates.filter(({ record }) => record.replacedBy === undefined && record.status === 'good')
  const [current] = inUse
  const lastRotation = latest(kept.map(({ keySince }) => keySince))
  const nextRotation = earliest(inUse.flatMap(({ rotateAt }) => (rotateAt === undefined ? [] : [rotateAt])))
  return {
    certificates,
    ...(current === undefined ? {} : { current }),
    ...(lastRotation === undefined ? {} : { lastRotation }),
    ...(nextRotation === undefined ? {} : { nextRotation }),
  }
}

/** A wish that is older than the key has been fulfilled. */
function dueOf(
  { rotationAskedAt, rotateEverySeconds }: Service,
  { record, keySince }: KeptCertificate,
): { readonly rotateAt?: Date } {
  if (record.replacedBy !== undefined) return {}
  const asked = rotationAskedAt !== undefined && keySince < rotationAskedAt ? [rotationAskedAt] : []
  const regular = rotateEverySeconds === undefined ? [] : [addSeconds(keySince, rotateEverySeconds)]
  const rotateAt = earliest([...asked, ...regular])
  return rotateAt === undefined ? {} : { rotateAt }
}

function earliest(instants: readonly Date[]): Date | undefined {
  return instants.toSorted((one, other) => one.getTime() - other.getTime())[0]
}

function latest(instants: readonly Date[]): Date | undefined {
  return instants.toSorted((one, other) => other.getTime() - one.getTime())[0]
}
