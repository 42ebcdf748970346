// Which master key seals, by its id: a row that is there before anything is sealed, so that it can be locked.
import type { Migration } from '../migrate.ts'

export const sealingKey: Migration = {
  number: 11,
  statements: () => [`insert into metadata (name, value) values ('sealing-key', '')`],
}
