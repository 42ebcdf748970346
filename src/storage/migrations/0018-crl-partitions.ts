// Partitions of the CRLs. Certificates from before have none: they name the complete CRL.
import type { Migration } from '../migrate.ts'

export const crlPartitions: Migration = {
  number: 18,
  statements: ({ integer, keyedTable }) => [
    `create table crl_partitions (
      issuer text not null, number ${integer} not null, generation ${integer} not null, url text not null,
      opened_at ${integer} not null, ends_at ${integer}, primary key (issuer, number)
    ) ${keyedTable}`,
    `alter table certificates add column crl_partition ${integer}`,
  ],
}
