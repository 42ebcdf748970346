// Which model a path names, where the host of a gateway is shared by several: `/publishers/NAMESPACE/models/MODEL/…` and
// `/NAMESPACE/NAME/…`, as Open Data Hub's gateways route them. The second cannot be told from any other path, so a gateway's
// registration says which form is meant.
import type { CanonicalTarget } from './canonical-path.ts'

export type PathForm = 'publisher' | 'instance'

export type PathModel =
  | { readonly kind: 'named'; readonly namespace: string; readonly name: string; readonly rest: readonly string[] }
  | { readonly kind: 'absent' }
  /** It begins like one and does not end so: read on, it would be another gateway's path. */
  | { readonly kind: 'refused'; readonly fault: 'incomplete' | 'malformed' }

export function readPathModel({ segments }: CanonicalTarget, form: PathForm): PathModel {
  const [first, second, third, fourth] = segments
  switch (form) {
    case 'publisher':
      if (first?.toLowerCase() !== 'publishers') return { kind: 'absent' }
      if (first !== 'publishers' || third !== 'models') return { kind: 'refused', fault: 'malformed' }
      return named(second, fourth, segments.slice(4))
    case 'instance':
      return first === undefined ? { kind: 'absent' } : named(first, second, segments.slice(2))
    default:
      return form satisfies never
  }
}

/** Names as Kubernetes has them, and the organisations and repositories of model hubs: no white space, no `%`, no quotes. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,252}[A-Za-z0-9])?$/

function named(namespace: string | undefined, name: string | undefined, rest: readonly string[]): PathModel {
  if (!namespace || !name) return { kind: 'refused', fault: 'incomplete' }
  if (!NAME.test(namespace) || !NAME.test(name)) return { kind: 'refused', fault: 'malformed' }
  return { kind: 'named', namespace, name, rest }
}
