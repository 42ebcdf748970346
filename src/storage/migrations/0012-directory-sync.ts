// What directory syncs keep between runs: which run is the newest, when the next is due, and the plan that waits.
import type { Migration } from '../migrate.ts'

export const directorySync: Migration = {
  number: 12,
  statements: ({ integer, keyedTable }) => [
    `create table directory_syncs (
      provider text primary key, fence ${integer} not null, next_at ${integer} not null,
      done_at ${integer}, done_digest text, unread_since ${integer}, unread_why text, waiting text
    ) ${keyedTable}`,
  ],
}
