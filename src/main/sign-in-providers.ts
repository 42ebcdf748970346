// The providers of the configuration, ready for use. What can be found wrong now is a fault of the configuration, all at once;
// whether a provider answers shows when somebody signs in.
import { readFileSync } from 'node:fs'
import type { Clock } from '../domain/clock.ts'
import type { ProviderRules, SignInProvider } from '../enrollment/sign-in-provider.ts'
import { type Configuration, ConfigurationRejected } from '../ops/configuration.ts'
import type { LdapEntrySettings } from '../ops/ldap-entry.ts'
import type { OidcEntrySettings } from '../ops/oidc-entry.ts'
import type { ProviderSettings } from '../ops/sign-in-settings.ts'
import { KerberosAcceptor, KerberosMissing } from '../signin/kerberos.ts'
import { KerberosProvider } from '../signin/kerberos-provider.ts'
import { LdapProvider } from '../signin/ldap-provider.ts'
import type { LdapSettings } from '../signin/ldap-settings.ts'
import type { OidcSettings } from '../signin/oidc-metadata.ts'
import { OidcProvider } from '../signin/oidc-provider.ts'
import { FilePasswordProvider, parseUsers } from '../signin/password-provider.ts'

/** Throws `ConfigurationRejected`, `KerberosMissing`. */
export async function openProviders(
  { signIn }: Configuration,
  clock: Clock,
): Promise<ReadonlyMap<string, SignInProvider>> {
  const faults: string[] = []
  const opened = new Map<string, SignInProvider>()
  // Those that others lean on come first.
  const inOrder = [...signIn.providers].sort(([, one], [, other]) => weightOf(one) - weightOf(other))
  for (const [name, settings] of inOrder) {
    try {
      opened.set(name, await openProvider(name, settings, { opened, clock }))
    } catch (error) {
      if (error instanceof KerberosMissing) throw error
      faults.push(`signIn.providers.${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (faults.length > 0) throw new ConfigurationRejected(faults)
  return opened
}

function weightOf({ kind }: ProviderSettings): number {
  return kind === 'kerberos' ? 1 : 0
}

async function openProvider(
  name: string,
  settings: ProviderSettings,
  { opened, clock }: { readonly opened: ReadonlyMap<string, SignInProvider>; readonly clock: Clock },
): Promise<SignInProvider> {
  const { createUsers, administers, missingGroups } = settings
  const rules: ProviderRules = { name, createUsers, administers, missingGroups }
  switch (settings.kind) {
    case 'password':
      parseUsers(readFileSync(settings.usersFile, 'utf8'))
      return new FilePasswordProvider(rules, settings.usersFile)
    case 'oidc':
      return new OidcProvider(rules, oidcSettings(settings), clock)
    case 'ldap':
      return new LdapProvider(rules, ldapSettings(settings))
    case 'kerberos': {
      const directory = opened.get(settings.groupsFrom)
      if (!(directory instanceof LdapProvider))
        throw new TypeError('groupsFrom names no LDAP provider that can be used')
      readFileSync(settings.keytabFile)
      return new KerberosProvider(rules, await KerberosAcceptor.load(settings), directory)
    }
    default:
      return settings satisfies never
  }
}

function ldapSettings(entry: LdapEntrySettings): LdapSettings {
  const { url, plain, caFile, timeout, bindDn, bindPasswordFile, users, groups } = entry
  const security = url.scheme === 'ldaps' ? 'ldaps' : plain ? 'plain' : 'starttls'
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }
  const bindPassword = readFileSync(bindPasswordFile, 'utf8').replace(/\r?\n$/, '')
  if (bindPassword === '') throw new TypeError('bindPasswordFile is empty')
  const server = { host: url.host, port: url.port, security, timeoutSeconds: timeout, ...ca } as const
  return { server, bindDn, bindPassword, users, groups }
}

function oidcSettings(entry: OidcEntrySettings): OidcSettings {
  const { issuer, clientId, caFile, scopes, claims, algorithms, maxAge, timeout } = entry
  return {
    issuer,
    clientId,
    clientSecret: clientSecretOf(entry),
    ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8'),
    scopes,
    claims,
    algorithms,
    maxAgeSeconds: maxAge,
    timeoutSeconds: timeout,
  }
}

function clientSecretOf({ clientSecretFile, clientSecretAs }: OidcEntrySettings): OidcSettings['clientSecret'] {
  if (clientSecretFile === undefined) return { kind: 'none' }
  const secret = readFileSync(clientSecretFile, 'utf8').replace(/\r?\n$/, '')
  if (secret === '') throw new TypeError('clientSecretFile is empty')
  return { kind: clientSecretAs, secret }
}
