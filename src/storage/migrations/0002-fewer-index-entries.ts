// A member's certificate is found by its identity, which its common name repeats: the index by common name leaves those out.
// Every issue wrote one more page for it, of an index that is as large as the others together (docs/benchmarks.md).
import type { Migration } from '../migrate.ts'

export const fewerIndexEntries: Migration = {
  number: 2,
  statements: () => [
    `drop index certificates_by_common_name`,
    `create index certificates_by_other_common_name on certificates (common_name, position)
      where identity <> 'member:' || common_name`,
  ],
}
