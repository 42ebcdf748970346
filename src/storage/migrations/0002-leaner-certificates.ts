// What every issue wrote and nobody needed: an entry of the index by common name for members, whose identity repeats it; and
// the fingerprint, which is computed where it is shown. Dropping a column rewrites the table: seconds for a million rows.
import type { Migration } from '../migrate.ts'

export const leanerCertificates: Migration = {
  number: 2,
  statements: () => [
    `drop index certificates_by_common_name`,
    `create index certificates_by_other_common_name on certificates (common_name, position)
      where identity <> 'member:' || common_name`,
    `alter table certificates drop column fingerprint`,
  ],
}
