// The directories of the configuration whose groups are held in step with projects, ready for use.
import { NameRejected, type NameRules } from '../domain/name-rules.ts'
import { parseProjectName } from '../domain/project-name.ts'
import type { DirectorySource, SyncedGroup } from '../enrollment/directory-source.ts'
import type { SignInProvider } from '../enrollment/sign-in-provider.ts'
import { type Configuration, ConfigurationRejected } from '../ops/configuration.ts'
import type { LdapEntrySettings } from '../ops/ldap-entry.ts'
import { LdapProvider } from '../signin/ldap-provider.ts'
import { readDirectory } from '../signin/ldap-source.ts'

type SyncSettings = NonNullable<LdapEntrySettings['sync']>

/** By the name of the provider. Throws `ConfigurationRejected` with every name that the policy refuses. */
export function directorySourcesOf(
  { signIn }: Configuration,
  providers: ReadonlyMap<string, SignInProvider>,
  names: NameRules,
): ReadonlyMap<string, DirectorySource> {
  const faults: string[] = []
  const sources = new Map<string, DirectorySource>()
  for (const [provider, entry] of signIn.providers) {
    const opened = providers.get(provider)
    if (entry.kind !== 'ldap' || entry.sync === undefined || !(opened instanceof LdapProvider)) continue
    const { every: everySeconds, vanished } = entry.sync
    const groups = groupsOf(entry.sync, names, (fault) => faults.push(`signIn.providers.${provider}.sync.${fault}`))
    const wanted = groups.map(({ group }) => group)
    const read = (subjects: readonly string[]) => readDirectory(opened.settings, wanted, subjects)
    sources.set(provider, { provider, groups, everySeconds, vanished, read })
  }
  if (faults.length > 0) throw new ConfigurationRejected(faults)
  return sources
}

function groupsOf({ groups }: SyncSettings, names: NameRules, refuse: (fault: string) => void): readonly SyncedGroup[] {
  return groups.flatMap(({ group, project, role }, index) => {
    try {
      return [{ group, project: parseProjectName(project, names), role }]
    } catch (error) {
      if (!(error instanceof NameRejected)) throw error
      refuse(`groups.${index}.project: ${String(error.facts['rule'])}`)
      return []
    }
  })
}
