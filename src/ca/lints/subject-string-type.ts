// One string type everywhere makes equal names equal bytes.
import { STRING_TAG } from '../../x509/der-string.ts'
import type { Lint } from '../lint.ts'

export const subjectStringType: Lint = {
  name: 'subject_string_type',
  cites: 'CP §7.1.4; RFC 5280 §4.1.2.4',
  passes: ({ attributes }) => attributes.every(({ tag }) => tag === STRING_TAG.utf8),
}
