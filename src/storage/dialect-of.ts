// Which database a URL names.
import type { Dialect } from './dialect.ts'
import { DatabaseUrlRejected } from './errors.ts'
import { SqliteDialect } from './sqlite-dialect.ts'

/** Throws `DatabaseUrlRejected`. */
export async function dialectOf(url: string, onFault: (error: unknown) => void): Promise<Dialect> {
  if (url.startsWith('sqlite:')) return new SqliteDialect(url.slice('sqlite:'.length), onFault)
  if (/^postgres(?:ql)?:\/\//.test(url)) {
    // Its client is loaded where it is used.
    const { PostgresDialect } = await import('./postgres-dialect.ts')
    return new PostgresDialect(url)
  }
  throw new DatabaseUrlRejected()
}
