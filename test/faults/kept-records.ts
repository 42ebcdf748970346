// What is on the disk, read past the service: the database through its driver, the journal through its reader.
import Database from 'better-sqlite3'
import pg from 'pg'
import type { Configuration } from '../../src/ops/configuration.ts'
import { readJournal } from '../../src/storage/journal.ts'

export interface KeptCertificate {
  readonly status: string
  /** DER in base64. */
  readonly der: string
}

export interface KeptCrl {
  readonly number: number
  readonly thisUpdate: number
  readonly sha256: string
}

/** Rows of one query, from either database. */
export async function query(
  { database }: Pick<Configuration, 'database'>,
  sql: string,
): Promise<readonly Record<string, unknown>[]> {
  if (database.kind === 'sqlite') {
    const db = new Database(database.path, { readonly: true, timeout: 5_000 })
    try {
      return db.prepare<[], Record<string, unknown>>(sql).all()
    } finally {
      db.close()
    }
  }
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** By serial number; all of them, or those named. */
export async function keptCertificates(
  configuration: Configuration,
  serials?: readonly string[],
): Promise<ReadonlyMap<string, KeptCertificate>> {
  // They come from our own answers: digits and letters a to f.
  const among =
    serials === undefined ? '' : `where serial in (${['', ...serials].map((serial) => `'${serial}'`).join()})`
  const rows = await query(configuration, `select serial, status, der from certificates ${among}`)
  return new Map(
    rows.map(({ serial, status, der }) => [
      String(serial),
      { status: String(status), der: Buffer.from(der as Uint8Array).toString('base64') },
    ]),
  )
}

/** In the order of their numbers. */
export async function keptCrls(configuration: Configuration, issuer: string): Promise<readonly KeptCrl[]> {
  const rows = await query(
    configuration,
    `select number, this_update, sha256 from crl_history where scope = '${issuer}' order by number`,
  )
  return rows.map(({ number, this_update, sha256 }) => ({
    number: Number(number),
    thisUpdate: Number(this_update),
    sha256: String(sha256),
  }))
}

/** Numbers of the change log, in order, and where its counter stands. */
export async function keptChanges(
  configuration: Configuration,
): Promise<{ readonly numbers: readonly number[]; readonly counter: number }> {
  const rows = await query(configuration, 'select seq from change_log order by seq')
  const [counter] = await query(configuration, `select value from counters where name = 'change_log'`)
  return { numbers: rows.map(({ seq }) => Number(seq)), counter: Number(counter?.['value']) }
}

export interface KeptJournal {
  /** Serial → DER in base64, for every certificate it tells of. */
  readonly issued: ReadonlyMap<string, string>
  /** Serials that it tells the end of. */
  readonly revoked: ReadonlySet<string>
  /** Serials that were told twice with different bytes. */
  readonly contradictions: readonly string[]
}

export async function keptJournal({ journal }: Pick<Configuration, 'journal'>): Promise<KeptJournal> {
  const issued = new Map<string, string>()
  const revoked = new Set<string>()
  const contradictions: string[] = []
  for await (const line of readJournal(journal)) {
    // A line that was being written at the moment of a kill tells of nothing that anyone heard of.
    if (line.kind === 'damaged') continue
    const { entry } = line
    if (entry.kind === 'revoked' || entry.kind === 'held') revoked.add(entry.serial)
    if (entry.kind !== 'issued') continue
    const before = issued.get(entry.serial)
    if (before !== undefined && before !== entry.certificate) contradictions.push(entry.serial)
    issued.set(entry.serial, entry.certificate)
  }
  return { issued, revoked, contradictions }
}
