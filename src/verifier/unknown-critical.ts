// What in a certificate must not be ignored and is not understood (RFC 5280 §4.2): a critical extension that the verifier does not process,
// or policies that are critical and qualified by what it cannot interpret (§4.2.1.4).
import { DerRejected } from '../x509/der-rejected.ts'
import { type Extension, ExtensionRejected, unknownCriticals } from '../x509/extension.ts'
import { policyQualifiers } from '../x509/extensions/certificate-policies.ts'
import { OID } from '../x509/oid.ts'

/** Where the policy is to be read, and what it says to people: neither changes what a certificate is good for. */
const UNDERSTOOD_QUALIFIERS: ReadonlySet<string> = new Set([OID.cpsQualifier, OID.userNoticeQualifier])

/** OID of the first; undefined when there is none. `processed`: what the verifier that asks looks at itself. */
export function unknownCritical(
  { extensions }: { readonly extensions: ReadonlyMap<string, Extension> },
  processed: ReadonlySet<string>,
): string | undefined {
  const [unknown] = unknownCriticals(extensions, processed)
  if (unknown !== undefined) return unknown
  const policies = extensions.get(OID.certificatePolicies)
  return policies?.critical === true && !isUnderstood(policies) ? OID.certificatePolicies : undefined
}

function isUnderstood({ value }: Extension): boolean {
  try {
    return policyQualifiers(value).every((qualifier) => UNDERSTOOD_QUALIFIERS.has(qualifier))
  } catch (error) {
    if (error instanceof DerRejected || error instanceof ExtensionRejected) return false
    throw error
  }
}
