// What an installation knows of itself (its id, whether it is a demo, the epoch of its feed), and the leases that say which
// process does a thing that must be done once.
import type { InstallationStore } from '../enrollment/installation-store.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export interface Lease {
  /** Rises with each new holder: what a holder writes carries it, and a lower one is refused. */
  readonly fence: number
  readonly expiresAt: Date
}

export interface LeaseStore {
  /**
   * Takes a lease that is free or has run out, or prolongs the holder's own (the fence stays). Undefined: another holds it.
   */
  acquireLease(name: string, holder: string, at: Date, seconds: number): Promise<Lease | undefined>
  /** Lets go of a lease, if it is still the holder's. */
  releaseLease(name: string, holder: string, at: Date): Promise<void>
}

export function installationTables(session: Session): InstallationStore & LeaseStore {
  return { ...metadataTable(session), ...leaseTable(session) }
}

/** The row is there from the migration on: a lock needs one. */
const SEALING_KEY = 'sealing-key'

function metadataTable(session: Session) {
  const find = session.prepare((p: { name: string }) =>
    session.sql.selectFrom('metadata').select('value').where('name', '=', p.name),
  )
  const set = session.prepare((p: Schema['metadata']) =>
    session.sql
      .insertInto('metadata')
      .values({ name: p.name, value: p.value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: p.value })),
  )
  const findHeld = session.prepareRead((p: { name: string }) =>
    session.sql.selectFrom('metadata').select('value').where('name', '=', p.name),
  )
  return {
    sealingKey: async (lock) => (await findHeld(lock, { name: SEALING_KEY }))[0]?.value ?? '',
    setSealingKey: async (id) => {
      await set({ name: SEALING_KEY, value: id })
    },
    metadata: async (name) => (await find({ name }))[0]?.value,
    setMetadata: async (name, value) => {
      await set({ name, value })
    },
  } satisfies InstallationStore
}

function leaseTable(session: Session) {
  const take = session.prepare((p: { name: string; holder: string; at: number; expires_at: number }) =>
    session.sql
      .insertInto('leases')
      .values({ name: p.name, holder: p.holder, fence: 1, expires_at: p.expires_at })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet((row) => ({
            holder: p.holder,
            expires_at: p.expires_at,
            fence: row('leases.fence', '+', 1),
          }))
          .where('leases.expires_at', '<=', p.at),
      )
      .returning('fence'),
  )
  const prolong = session.prepare((p: { name: string; holder: string; at: number; expires_at: number }) =>
    session.sql
      .updateTable('leases')
      .set({ expires_at: p.expires_at })
      .where('name', '=', p.name)
      .where('holder', '=', p.holder)
      .where('expires_at', '>', p.at)
      .returning('fence'),
  )
  return {
    acquireLease: async (name, holder, at, seconds) => {
      const expiresAt = new Date(at.getTime() + seconds * 1000)
      const asked = { name, holder, at: at.getTime(), expires_at: expiresAt.getTime() }
      const [lease] = [...(await prolong(asked)), ...(await take(asked))]
      return lease && { fence: lease.fence, expiresAt }
    },
    releaseLease: async (name, holder, at) => {
      await prolong({ name, holder, at: at.getTime(), expires_at: at.getTime() })
    },
  } satisfies LeaseStore
}
