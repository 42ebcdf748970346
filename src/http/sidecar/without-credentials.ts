// What proved who calls stays with the sidecar, wherever it stood: a model server has no use for somebody's key but a bad one.
// `Authorization` and the headers of a deployment are left out whole (passed-on.ts); of a query and of cookies one part is, and
// the rest goes on byte for byte.
import type { CredentialPlace } from '../../domain/access-policy.ts'
import { decodedForm } from '../../proxies/form-decoding.ts'
import type { RawHeader } from '../../proxies/told-headers.ts'

type Places = readonly CredentialPlace[]

/** By the decoded name, as credentials are looked for: no spelling hides one. */
export function targetWithout(places: Places, target: string): string {
  const names = namesIn(places, 'query')
  const at = target.indexOf('?')
  if (names.size === 0 || at < 0) return target
  const pairs = target.slice(at + 1).split('&')
  const kept = pairs.filter((pair) => !names.has(decodedForm(pair.split('=', 1)[0] ?? '') ?? ''))
  if (kept.length === pairs.length) return target
  const path = target.slice(0, at)
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}

/** A header of cookies of which none is left is left out. */
export function cookiesWithout(places: Places, headers: readonly RawHeader[]): readonly RawHeader[] {
  const names = namesIn(places, 'cookie')
  if (names.size === 0) return headers
  return headers.flatMap(([name, value]): RawHeader[] => {
    if (name.toLowerCase() !== 'cookie') return [[name, value]]
    const kept = value.split(';').filter((pair) => !names.has((pair.split('=', 1)[0] ?? '').trim()))
    return kept.length === 0 ? [] : [[name, kept.join(';').trim()]]
  })
}

function namesIn(places: Places, where: CredentialPlace['in']): ReadonlySet<string> {
  return new Set(places.flatMap((place) => (place.in === where ? [place.name] : [])))
}
