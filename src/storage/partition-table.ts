// Partitions of the CRLs (ca/crl-partitions.ts).
import type { CrlPartition, PartitionStore } from '../ca/crl-partitions.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { instantOf, presentInstant } from './columns.ts'
import { RecordExists } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function partitionTable(session: Session): PartitionStore {
  const hold = session.prepareRead((p: { id: IssuerId }) =>
    session.sql.selectFrom('issuers').select('id').where('id', '=', p.id),
  )
  const all = session.prepare(() =>
    session.sql.selectFrom('crl_partitions').selectAll().orderBy('issuer').orderBy('number'),
  )
  const insert = session.prepareChange((p: Omit<Schema['crl_partitions'], 'ends_at'>) =>
    session.sql
      .insertInto('crl_partitions')
      .values({ issuer: p.issuer, number: p.number, generation: p.generation, url: p.url, opened_at: p.opened_at })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const end = session.prepareChange((p: { issuer: IssuerId; generation: number; endsAt: number }) =>
    session.sql
      .updateTable('crl_partitions')
      .set({ ends_at: p.endsAt })
      .where('issuer', '=', p.issuer)
      .where('generation', '=', p.generation),
  )
  return {
    holdIssuer: async (id) => {
      await hold('update', { id })
    },
    crlPartitions: async () => (await all({})).map(partitionOf),
    insertCrlPartition: async ({ issuer, number, generation, url, openedAt }) => {
      const kept = await insert({ issuer, number, generation, url, opened_at: openedAt.getTime() })
      if (kept === 0) throw new RecordExists('CRL partition', `${issuer}/${String(number)}`)
    },
    lastEndIn: lastEndIn(session),
    endCrlPartitions: async (issuer, generation, endsAt) => {
      await end({ issuer, generation, endsAt: endsAt.getTime() })
    },
  }
}

/** Along the index by expiry, from its end: those that ended last are found first. */
function lastEndIn(session: Session): PartitionStore['lastEndIn'] {
  const last = session.prepare((p: { issuer: IssuerId; first: number; last: number }) =>
    session.sql
      .selectFrom('certificates')
      .select('not_after')
      .where('issuer', '=', p.issuer)
      .where('crl_partition', '>=', p.first)
      .where('crl_partition', '<=', p.last)
      .orderBy('not_after', 'desc')
      .limit(1),
  )
  return async (issuer, numbers) => {
    const [row] = await last({ issuer, ...numbers })
    return row && instantOf(row.not_after)
  }
}

function partitionOf({ opened_at, ends_at, ...partition }: Schema['crl_partitions']): CrlPartition {
  return { ...partition, openedAt: instantOf(opened_at), ...presentInstant('endsAt', ends_at) }
}
