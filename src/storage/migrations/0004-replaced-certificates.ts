// Which certificate takes the place of another, and when that one is revoked for it; the index is for who revokes it then.
import type { Migration } from '../migrate.ts'

export const replacedCertificates: Migration = {
  number: 4,
  statements: ({ integer }) => [
    `alter table certificates add column replaced_by text`,
    `alter table certificates add column revoke_at ${integer}`,
    `create index certificates_to_revoke on certificates (revoke_at)
      where revoke_at is not null and status <> 'revoked'`,
  ],
}
