// The providers of the configuration, ready for use. What can be found wrong now is a fault of the configuration, all at once;
// whether a provider answers shows when somebody signs in.
import { readFileSync } from 'node:fs'
import type { SignInProvider } from '../enrollment/sign-in-provider.ts'
import { type Configuration, ConfigurationRejected } from '../ops/configuration.ts'
import type { ProviderSettings } from '../ops/sign-in-settings.ts'
import { FilePasswordProvider, parseUsers } from '../signin/password-provider.ts'

/** Throws `ConfigurationRejected`. */
export function openProviders({ signIn }: Configuration): ReadonlyMap<string, SignInProvider> {
  const faults: string[] = []
  const opened = [...signIn.providers].flatMap(([name, settings]): [string, SignInProvider][] => {
    try {
      return [[name, openProvider(name, settings)]]
    } catch (error) {
      faults.push(`signIn.providers.${name}: ${error instanceof Error ? error.message : String(error)}`)
      return []
    }
  })
  if (faults.length > 0) throw new ConfigurationRejected(faults)
  return new Map(opened)
}

function openProvider(name: string, settings: ProviderSettings): SignInProvider {
  const { createUsers, administers, missingGroups } = settings
  const rules = { name, createUsers, administers, missingGroups }
  parseUsers(readFileSync(settings.usersFile, 'utf8'))
  return new FilePasswordProvider(rules, settings.usersFile)
}
