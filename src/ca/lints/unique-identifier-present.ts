// Unique identifiers let a name be used again, which this policy forbids; conforming CAs never write them.
import type { Lint } from '../lint.ts'

export const uniqueIdentifierPresent: Lint = {
  name: 'unique_identifier_present',
  cites: 'CP §7.1.1; RFC 5280 §4.1.2.8',
  passes: ({ tbs }) => !tbs.hasUniqueIdentifier,
}
