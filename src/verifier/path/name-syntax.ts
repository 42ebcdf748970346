// The syntax of hosts, mail addresses and URIs as far as certificates use it (RFC 5280 §4.2.1.6; RFC 1034 §3.5 with
// RFC 1123 §2.1). What it refuses is compared with no constraint.

/** Longest name in letters (RFC 1035 §2.3.4). */
const MAX_HOST_CHARACTERS = 253

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$|^_[A-Za-z0-9_-]{0,62}$/

/** Dotted labels, with the underscore that private names use; no wildcard, no dot at either end, and no IPv4 address. */
export function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > MAX_HOST_CHARACTERS) return false
  const labels = text.split('.')
  return labels.every((label) => LABEL.test(label)) && !isNumeric(labels.at(-1) ?? '')
}

/** RFC 1123 §2.1: the last label of a name is not all digits, which tells it from an address. */
function isNumeric(label: string): boolean {
  return /^[0-9]+$/.test(label)
}

/** As `isHostName`, in the preferred syntax alone. */
export function isPreferredHostName(text: string): boolean {
  return isHostName(text) && !text.includes('_')
}

/** Undefined unless there is one `@`, something before it and a host behind. Quoted local parts may hold no other. */
export function mailParts(text: string): { readonly local: string; readonly host: string } | undefined {
  const [local = '', host = '', ...more] = text.split('@')
  return more.length > 0 || local === '' || !isHostName(host) ? undefined : { local, host }
}

/** Host of a URI with an authority; undefined without one, and for an address: §4.2.1.10 has no constraint on those. */
export function uriHost(text: string): string | undefined {
  const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/.exec(text)?.[1]
  // Some readers take a backslash for a slash, and see another host.
  if (authority === undefined || authority.includes('\\')) return undefined
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:[0-9]*$/, '')
  return isHostName(host) ? host : undefined
}
