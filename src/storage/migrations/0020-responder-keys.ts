// The keys that OCSP answers are signed with, by the issuer whose certificates they are about.
import type { Migration } from '../migrate.ts'

export const responderKeys: Migration = {
  number: 20,
  statements: ({ integer, bytes, table }) => [
    `create table responder_keys (
      serial text primary key, issuer text not null, sealed_key ${bytes} not null, certificate ${bytes} not null,
      created_at ${integer} not null
    ) ${table}`,
    `create index responder_keys_by_issuer on responder_keys (issuer, created_at)`,
  ],
}
