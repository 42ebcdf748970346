// CRLs by scope: an issuer has a complete one, a delta and one for each partition. Short ones are kept whole; of a long one
// what makes it again: its digest and its signature.
import type { Migration } from '../migrate.ts'

export const crlScopes: Migration = {
  number: 17,
  statements: ({ integer, bytes, table, keyedTable }) => [
    `create table scoped_crls (
      scope text primary key, issuer text not null, number ${integer} not null, this_update ${integer} not null,
      next_update ${integer} not null, covers_revision ${integer} not null, ended_before ${integer} not null,
      base_number ${integer}, base_revision ${integer}, length ${integer} not null, sha256 text not null,
      signature ${bytes}, der ${bytes}
    ) ${table}`,
    `insert into scoped_crls (scope, issuer, number, this_update, next_update, covers_revision, ended_before, length, sha256, der)
      select c.issuer, c.issuer, c.number, c.this_update, c.next_update, c.covers_revision, 0, length(c.der), h.sha256, c.der
      from crls c join crl_history h on h.issuer = c.issuer and h.number = c.number`,
    `drop table crls`,
    `alter table scoped_crls rename to crls`,
    `create table scoped_crl_history (
      scope text not null, number ${integer} not null, issuer text not null, this_update ${integer} not null,
      next_update ${integer} not null, covers_revision ${integer} not null, sha256 text not null,
      primary key (scope, number)
    ) ${keyedTable}`,
    `insert into scoped_crl_history (scope, number, issuer, this_update, next_update, covers_revision, sha256)
      select issuer, number, issuer, this_update, next_update, covers_revision, sha256 from crl_history`,
    `drop table crl_history`,
    `alter table scoped_crl_history rename to crl_history`,
  ],
}
