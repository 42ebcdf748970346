// The longest and the oddest names that the policy allows: what a parser that guesses would stumble over.

/** Members: each project has one owner, named here. */
export const ODD_MEMBERS: readonly { readonly what: string; readonly project: string; readonly user: string }[] = [
  { what: 'a common name of 64 characters', project: 'p'.repeat(14), user: 'u'.repeat(48) },
  { what: '64 characters, the longest project', project: `P${'_9'.repeat(11)}z`, user: `a${'-b'.repeat(18)}z` },
  { what: 'a user of one letter', project: 'ab', user: 'x' },
  { what: 'dashes and underscores in a row', project: 'a_b', user: 'C-_-_--9' },
  { what: 'a user that looks like a host', project: 'q1', user: 'localhost' },
  { what: 'capitals alone', project: 'FRAUD', user: 'SA' },
]

/** Services: DNS names in the zones of the hierarchy. */
export const ODD_SERVICES: readonly { readonly what: string; readonly name: string; readonly systemUser: string }[] = [
  { what: 'a service of 64 characters', name: `${'s'.repeat(55)}.internal`, systemUser: `_${'a'.repeat(31)}` },
  { what: 'a service with dashes and digits', name: '0--0.a-1.svc.cluster.local', systemUser: '_' },
]
