// Who answers for a service and when its keys are replaced; and when each certificate of a service was last seen.
import type { Migration } from '../migrate.ts'

export const serviceRotation: Migration = {
  number: 6,
  statements: ({ integer, keyedTable }) => [
    `alter table services add column owner text`,
    `alter table services add column rotate_every ${integer}`,
    `alter table services add column rotation_asked_at ${integer}`,
    `create table certificate_sightings (
      serial text primary key, seen_at ${integer} not null
    ) ${keyedTable}`,
  ],
}
