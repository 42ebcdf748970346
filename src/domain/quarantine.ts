// Whether an installation was restored without its journal (SECURITY.md rule 32): then nobody knows what was revoked or ended
// since the backup, so nothing is decided, signed or published until an operator has confirmed what there is.
//
// It says that it is so, how the metadata of the installation keep it, and what may still be certified. A restore begins it
// (storage/backup/aside-database.ts); confirming one ends it (enrollment/end-quarantine.ts).
import { CodedError } from './coded-error.ts'
import type { ProfileName } from './profile-name.ts'

export type Quarantine = { readonly kind: 'none' } | { readonly kind: 'quarantined'; readonly since: Date }

export const NO_QUARANTINE: Quarantine = { kind: 'none' }

/** As the metadata of the installation keep it. */
export function encodeQuarantine(quarantine: Quarantine): string {
  return quarantine.kind === 'none' ? '' : String(quarantine.since.getTime())
}

/** What `encodeQuarantine` gave. Undefined is none: so it is in an installation that never was restored. */
export function parseQuarantine(text: string | undefined): Quarantine {
  return text === undefined || text === '' ? NO_QUARANTINE : { kind: 'quarantined', since: new Date(Number(text)) }
}

export class Quarantined extends CodedError<'quarantined'> {
  constructor(since: Date) {
    super('quarantined', { since: since.toISOString(), fix: 'signet restore confirm' })
  }
}

/**
 * What the process certifies for itself, and must have to say that it is in quarantine: its TLS certificate, and the OCSP
 * responder's, which then says `revoked` and never `good`.
 */
const ITS_OWN: ReadonlySet<ProfileName> = new Set(['signet-server', 'ocsp-responder'])

/** Throws `Quarantined`. */
export function requireNoQuarantine(quarantine: Quarantine): void {
  if (quarantine.kind === 'quarantined') throw new Quarantined(quarantine.since)
}

/** Throws `Quarantined`. */
export function requireMayCertify(quarantine: Quarantine, profile: ProfileName): void {
  if (!ITS_OWN.has(profile)) requireNoQuarantine(quarantine)
}
