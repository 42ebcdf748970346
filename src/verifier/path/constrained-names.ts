// The names of a certificate to which name constraints apply (RFC 5280 §4.2.1.10): the alternative names, the subject, and
// mail addresses within the subject, where older certificates have them. The common name is no name of a host here:
// whoever reads one out of it must find it among the DNS names too.
import type { DistinguishedName } from '../../x509/distinguished-name.ts'
import type { GeneralName } from '../../x509/general-name.ts'
import { OID } from '../../x509/oid.ts'

export function constrainedNames(
  subject: DistinguishedName,
  alternativeNames: readonly GeneralName[],
): readonly GeneralName[] {
  const directory: readonly GeneralName[] = subject.length === 0 ? [] : [{ kind: 'directory', name: subject }]
  const mails = subject.flat().filter(({ type }) => type === OID.emailAddress)
  return [...alternativeNames, ...directory, ...mails.map(({ value }) => ({ kind: 'email', value }) as const)]
}
