// What a deployment says about access, which deployments a key may call, and what the provider of the last sign-in calls the person.
import type { Migration } from '../migrate.ts'

export const accessPolicy: Migration = {
  number: 13,
  statements: () => [
    `alter table deployments add column policy text not null default '{}'`,
    `alter table api_keys add column deployments text not null default '"all"'`,
    `alter table sign_ins add column subject text not null default ''`,
    `update sign_ins set subject = coalesce((
      select min(link.subject) from user_links link
      where link.user_name = sign_ins.user_name and link.provider = sign_ins.provider
    ), '')`,
  ],
}
