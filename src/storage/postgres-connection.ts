// One PostgreSQL connection. Statements with a name are parsed once by the server.
import { Socket } from 'node:net'
import pg from 'pg'
import { CodedError } from '../domain/coded-error.ts'
import type { Connection, Executed, Row, StatementText } from './connection.ts'
import type { ConnectionPurpose } from './dialect.ts'

const CONNECT_TIMEOUT_MILLISECONDS = 5_000

/** A lock that another process does not let go of, and a statement that never ends, make the batch start again. */
const LOCK_TIMEOUT_MILLISECONDS = 5_000
const STATEMENT_TIMEOUT_MILLISECONDS = 30_000

/** The server ends a transaction whose process has stopped in the middle: others wait for its locks. */
const IDLE_IN_TRANSACTION_TIMEOUT_MILLISECONDS = 30_000

/** A server that has gone silent is given up. */
const QUERY_TIMEOUT_MILLISECONDS = 35_000

/** COMMIT of a transaction that had failed is answered with ROLLBACK and no error. */
export class CommitRefused extends CodedError<'commit_refused'> {
  constructor(answered: string) {
    super('commit_refused', { answered })
  }
}

/** 64-bit integers arrive as text, because they may be larger than a number; ours are instants, counters and positions. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (type, format) =>
    type === pg.types.builtins.INT8 ? Number : (pg.types.getTypeParser(type, format) as (text: string) => unknown),
}

export async function connectPostgres(url: string, purpose: ConnectionPurpose): Promise<PostgresConnection> {
  const socket = new Socket()
  const client = new pg.Client({
    stream: () => socket,
    connectionString: url,
    types,
    application_name: `signet ${purpose}`,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MILLISECONDS,
    lock_timeout: LOCK_TIMEOUT_MILLISECONDS,
    statement_timeout: STATEMENT_TIMEOUT_MILLISECONDS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MILLISECONDS,
    query_timeout: QUERY_TIMEOUT_MILLISECONDS,
  })
  const connection = new PostgresConnection(client, socket)
  try {
    await client.connect()
    if (purpose === 'write') await connection.requireDurableCommits()
    return connection
  } catch (error) {
    connection.abandon()
    throw error
  }
}

export class PostgresConnection implements Connection {
  readonly #client: pg.Client
  readonly #socket: Socket
  #usable = true

  constructor(client: pg.Client, socket: Socket) {
    this.#client = client
    this.#socket = socket
    // Without a listener, a server that hangs up ends the process.
    client.on('error', () => (this.#usable = false))
    client.on('end', () => (this.#usable = false))
  }

  get usable(): boolean {
    return this.#usable
  }

  async execute({ sql, name }: StatementText, parameters: readonly unknown[]): Promise<Executed> {
    const query = { text: sql, values: [...parameters], ...(name === undefined ? {} : { name }) }
    const { rows, rowCount } = await this.#client.query<Row>(query)
    return { rows, changed: rowCount ?? 0 }
  }

  async begin(mode: 'write' | 'read'): Promise<void> {
    await this.#client.query(
      mode === 'write' ? 'begin isolation level read committed' : 'begin isolation level repeatable read read only',
    )
  }

  async commit(): Promise<void> {
    const { command } = await this.#client.query('commit')
    if (command !== 'COMMIT') throw new CommitRefused(command)
  }

  async rollback(): Promise<void> {
    await this.#client.query('rollback')
  }

  async savepoint(): Promise<void> {
    await this.#client.query('savepoint act')
  }

  async release(): Promise<void> {
    await this.#client.query('release savepoint act')
  }

  async rollbackToSavepoint(): Promise<void> {
    await this.#client.query('rollback to savepoint act; release savepoint act')
  }

  async close(): Promise<void> {
    if (!this.#usable) return
    this.#usable = false
    await this.#client.end()
  }

  abandon(): void {
    this.#usable = false
    this.#socket.destroy()
  }

  /** `off` answers a commit before it is on the disk. Anything stronger than `on` is left as it is. */
  async requireDurableCommits(): Promise<void> {
    const { rows } = await this.#client.query<{ synchronous_commit: string }>('show synchronous_commit')
    if (rows[0]?.synchronous_commit === 'off') await this.#client.query('set synchronous_commit = on')
  }
}
