// Headers in which a model server reads who is calling: those that we write, and those that other gateways write and back ends
// trust. A client's own copy never gets through, whatever was decided: each is removed, in every spelling, before ours is added.
// Nothing here is read from a call except the two in which a caller says for whom it acts, and those are removed as well.

/** What we write after a decision. The signed form is `signet-identity`; the others say the same in clear. */
export const EMITTED_IDENTITY_HEADERS = [
  'signet-subject',
  'signet-subject-kind',
  'signet-project',
  'signet-acting-user',
  'signet-deployment',
  'signet-identity',
  'signet-policy-revision',
  'signet-groups-as-of',
] as const

export type EmittedIdentityHeader = (typeof EMITTED_IDENTITY_HEADERS)[number]

/** Read from the client, at most once: the name it acts as. What is passed on is the decided one, in `signet-acting-user`. */
export const ACT_AS_HEADER = 'signet-act-as'

/** Read from the client, at most once: the user a delegate asks for. */
export const DELEGATE_FOR_HEADER = 'x-signet-delegate-for'

/** Written by oauth2-proxy, Open Data Hub, Authorino, Traefik, CGI and Kubernetes' front proxy: never ours, always removed. */
export const FOREIGN_IDENTITY_HEADERS = [
  'x-forwarded-user',
  'x-forwarded-groups',
  'x-forwarded-email',
  'x-forwarded-preferred-username',
  'x-forwarded-access-token',
  'x-auth-request-user',
  'x-auth-request-groups',
  'x-auth-request-email',
  'x-auth-request-preferred-username',
  'x-auth-request-access-token',
  'x-maas-user',
  'x-maas-username',
  'x-maas-group',
  'x-maas-groups',
  'x-remote-user',
  'x-remote-group',
  'remote-user',
  'remote-group',
  'remote-groups',
  'x-authz-reason',
  'x-authz-status',
  'x-authz-subject',
  'x-authz-user',
  'x-authz-valid-until',
  'x-ext-auth-reason',
  'x-ext-auth-user',
] as const

/** Families: whatever else begins so is removed too. */
const FAMILIES = ['signet-', 'x-signet-', 'x-auth-request-', 'x-authz-', 'x-ext-auth-', 'x-remote-'] as const

/** Told to us by a proxy, in our own family, and not about who calls. */
const TOLD_BY_PROXIES: ReadonlySet<string> = new Set(['x-signet-normalized-uri'])

const KNOWN: ReadonlySet<string> = new Set([
  ...EMITTED_IDENTITY_HEADERS,
  ...FOREIGN_IDENTITY_HEADERS,
  ACT_AS_HEADER,
  DELEGATE_FOR_HEADER,
])

/**
 * One spelling for all that some server takes for the same name: lower case, and a dash for whatever is neither letter nor
 * digit. CGI, WSGI and PHP all turn such characters into one (RFC 3875 §4.1.18 of the dash alone).
 */
export function foldedName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** `name` in any spelling. */
export function isIdentityHeader(name: string): boolean {
  const folded = foldedName(name)
  if (KNOWN.has(folded)) return true
  return !TOLD_BY_PROXIES.has(folded) && FAMILIES.some((family) => folded.startsWith(family))
}

/**
 * For a proxy that wants names and no patterns: every known one with dashes and with underscores, and those of `present` (the
 * names in this very call) that belong to a family. Lower case, none twice.
 */
export function identityHeadersToRemove(present: Iterable<string>): readonly string[] {
  const names = new Set(BOTH_SPELLINGS)
  for (const name of present) if (isIdentityHeader(name)) names.add(name.toLowerCase())
  return [...names]
}

const BOTH_SPELLINGS: readonly string[] = [...KNOWN].flatMap((name) => [name, name.replaceAll('-', '_')])
