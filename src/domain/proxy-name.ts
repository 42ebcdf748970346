// The name of a registered proxy: what administrators call it.
import { NameRejected } from './name-rules.ts'

export type ProxyName = string & { readonly __brand: 'ProxyName' }

/** The only way to a ProxyName. Throws `NameRejected`. */
export function parseProxyName(input: string): ProxyName {
  if (/^[a-z](?:-?[a-z0-9]){0,62}$/.test(input)) return input as ProxyName
  throw new NameRejected('proxy', 'lower case letters and digits with single dashes between, at most 63', input)
}
