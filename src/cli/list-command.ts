// A command that lists: fetches all pages and prints a table, or with `--json` one document in the shape of a page.
import type { Command } from 'commander'
import { countArgument } from './arguments.ts'
import type { Answer } from './answer.ts'
import type { Host } from './host.ts'
import { listAll, type ListQuery } from './pages.ts'
import { print, table } from './printed.ts'
import { openClient, type ServiceOptions } from './service-options.ts'

export interface ListOptions extends ServiceOptions {
  readonly limit?: number
}

/** Heading and cell of each column. */
export type Columns = Readonly<Record<string, (row: Answer) => string>>

export function withLimitOption(command: Command): Command {
  return command.option('--limit <rows>', 'stop after so many rows (default: all)', countArgument)
}

export async function runList(
  host: Host,
  options: ListOptions,
  asked: Omit<ListQuery, 'limit'>,
  columns: Columns,
): Promise<void> {
  const client = await openClient(options, host)
  const { rows, more } = await listAll(client, { ...asked, limit: options.limit }, host)
  const document = { [asked.rows]: rows.map((row) => row.document), ...(more ? { more } : {}) }
  const cells = rows.map((row) => Object.values(columns).map((cell) => cell(row)))
  print(host, options, document, rows.length === 0 ? [`no ${asked.rows}`] : table(Object.keys(columns), cells))
  if (more && options.json !== true) host.stderr(`there are more: raise --limit ${String(rows.length)}\n`)
}
