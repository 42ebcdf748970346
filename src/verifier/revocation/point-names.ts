// Names of distribution points, as texts that are equal exactly for names that match, so that ten thousand of them are
// compared with ten thousand others in as many steps. URIs match byte for byte (RFC 5280 §5.2.5: the identical encoding).
import { canonicalName, type DistinguishedName } from '../../x509/distinguished-name.ts'
import type { DistributionPointName } from '../../x509/extensions/distribution-point-name.ts'
import type { GeneralName } from '../../x509/general-name.ts'
import { hexOf } from '../../x509/hex.ts'

/** `relativeTo`: whose name nameRelativeToCRLIssuer goes on from. */
export function pointNameKeys(name: DistributionPointName, relativeTo: DistinguishedName): readonly string[] {
  if (name.kind === 'full') return name.names.map(generalNameKey)
  return [directoryKey(canonicalName([...relativeTo, name.name]))]
}

/** Of a name that is canonical already. */
export function directoryKey(canonical: string): string {
  return `directory:${canonical}`
}

export function generalNameKey(name: GeneralName): string {
  switch (name.kind) {
    case 'uri':
    case 'dns':
    case 'email':
      return `${name.kind}:${name.value}`
    case 'ip':
      return `ip:${hexOf(name.octets)}`
    case 'directory':
      return directoryKey(canonicalName(name.name))
    case 'registered-id':
      return `registered-id:${name.oid}`
    case 'other':
      return `other:${hexOf(name.encoded)}`
    default:
      name satisfies never
      return ''
  }
}
