// Where people sign in: one entry a provider, by a name of the operator's choice. The rules of each kind, and what no single
// entry can know. Whatever fetches, binds or hashes is elsewhere (src/signin/).
import { z } from 'zod'
import type { Given } from './configuration-sources.ts'
import { kerberosEntry, ldapEntry, ldapFaults } from './ldap-entry.ts'
import { oidcEntry } from './oidc-entry.ts'
import { path } from './setting-rules.ts'

/** It stands in URLs and in the audit record; a comma or a colon would end it there. */
const PROVIDER_NAME = /^[a-z][a-z0-9-]{0,31}$/

/** What every provider's entry says. */
const common = {
  /** Whether a first sign-in makes the user; without it an administrator links a user that is there. */
  createUsers: z.boolean({ error: 'true or false' }).default(false),
  /** Whether administrators act as such by a session of this provider. */
  administers: z.enum(['never', 'when-administrator'], { error: 'never or when-administrator' }).default('never'),
  /** What a sign-in without groups means. */
  missingGroups: z.enum(['refuse', 'empty'], { error: 'refuse or empty' }).default('refuse'),
}

const password = z.strictObject({
  kind: z.literal('password'),
  /** JSON: user name → password hash and groups (docs/sign-in.md). Read at each sign-in. */
  usersFile: path,
  ...common,
})

const ldap = ldapEntry.extend(common)
const kerberos = kerberosEntry.extend(common)
const oidc = oidcEntry.extend(common)

export type ProviderSettings =
  z.output<typeof password> | z.output<typeof ldap> | z.output<typeof kerberos> | z.output<typeof oidc>

/** By name. */
export const signInProviders = z.record(
  z.string().regex(PROVIDER_NAME, 'is named by lower case letters, digits and dashes, at most 32'),
  z.discriminatedUnion('kind', [password, ldap, kerberos, oidc], {
    error: 'a mapping with kind: oidc, ldap, kerberos or password',
  }),
  { error: 'a mapping of providers by name' },
)

/**
 * A password provider is for tests, plain LDAP for loopback, Kerberos knows nobody without a directory, and browsers that were
 * sent away come back to the listener for them.
 */
export function providerFaults(given: ReadonlyMap<string, Given>): string[] {
  const providers = given.get('signIn.providers')
  const parsed = signInProviders.safeParse(providers?.value)
  if (providers === undefined || !parsed.success) return []
  const installation = {
    isTest: given.get('demo')?.value === true || given.get('signIn.test')?.value === true,
    hasBrowsers: given.get('listeners.browser')?.value !== 'off',
  }
  return Object.entries(parsed.data).flatMap(([name, entry]) =>
    faultsOfEntry(entry, parsed.data, installation).map(
      (fault) => `${providers.origin}: signIn.providers.${name}: ${fault}`,
    ),
  )
}

function faultsOfEntry(
  entry: ProviderSettings,
  all: Readonly<Record<string, ProviderSettings>>,
  { isTest, hasBrowsers }: { readonly isTest: boolean; readonly hasBrowsers: boolean },
): readonly string[] {
  switch (entry.kind) {
    case 'password':
      return isTest ? [] : ['kind password is for test installations: signIn.test: true']
    case 'oidc':
      return hasBrowsers ? [] : ['kind oidc needs listeners.browser']
    case 'ldap':
      return ldapFaults(entry)
    case 'kerberos': {
      const kerberos = Object.values(all).filter(({ kind }) => kind === 'kerberos')
      return [
        ...(new Map(Object.entries(all)).get(entry.groupsFrom)?.kind === 'ldap'
          ? []
          : ['groupsFrom: the name of an LDAP provider']),
        // The library has one keytab a process.
        ...(kerberos.length > 1 ? ['one provider of kind kerberos at most'] : []),
      ]
    }
    default:
      return entry satisfies never
  }
}
