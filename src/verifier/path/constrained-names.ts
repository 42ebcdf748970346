// The names of a certificate to which name constraints apply (RFC 5280 §4.2.1.10): the alternative names, the subject, and
// mail addresses within the subject, where older certificates have them, or in a form of their own (RFC 9598). The common name
// is no name of a host here: whoever reads one out of it must find it among the DNS names too.
import { CodedError } from '../../domain/coded-error.ts'
import { contextConstructed, DerReader } from '../../x509/der-reader.ts'
import { STRING_TAG } from '../../x509/der-string.ts'
import type { DistinguishedName } from '../../x509/distinguished-name.ts'
import type { GeneralName } from '../../x509/general-name.ts'
import { OID } from '../../x509/oid.ts'

export function constrainedNames(
  subject: DistinguishedName,
  alternativeNames: readonly GeneralName[],
): readonly GeneralName[] {
  const directory: readonly GeneralName[] = subject.length === 0 ? [] : [{ kind: 'directory', name: subject }]
  const mails = subject.flat().flatMap(({ type, value }) => (type === OID.emailAddress ? [value] : []))
  const internationalMails = alternativeNames.flatMap(mailboxIn)
  const emails = [...mails, ...internationalMails].map((value) => ({ kind: 'email', value }) as const)
  return [...alternativeNames, ...directory, ...emails]
}

const OTHER_NAME = contextConstructed(0)

/** No mailbox: it lies in no subtree of mail addresses, and is refused where there is one. */
const UNREADABLE = ''

/** otherName: SmtpUTF8Mailbox, whose host is in ASCII (RFC 9598 §3). Constraints on mail addresses are on it too (§6). */
function mailboxIn(name: GeneralName): readonly string[] {
  if (name.kind !== 'other' || name.tag !== OTHER_NAME) return []
  try {
    return DerReader.whole(name.encoded, (reader) => {
      const fields = reader.readConstructed(OTHER_NAME)
      return fields.readOid() === OID.smtpUtf8Mailbox ? [mailboxOf(fields)] : []
    })
  } catch (error) {
    if (error instanceof CodedError) return [UNREADABLE]
    throw error
  }
}

function mailboxOf(fields: DerReader): string {
  const mailbox = fields.readExplicit(0, (value) => value.readString(STRING_TAG.utf8))
  fields.end()
  return mailbox
}
