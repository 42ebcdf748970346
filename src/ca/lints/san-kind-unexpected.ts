// Mail addresses, directory names and others are read by programs that we did not think of.
import type { Lint } from '../lint.ts'

export const sanKindUnexpected: Lint = {
  name: 'san_kind_unexpected',
  cites: 'CP §7.1.4; RFC 5280 §4.2.1.6',
  passes: ({ alternativeNames }) =>
    alternativeNames.every(({ kind }) => kind === 'uri' || kind === 'dns' || kind === 'ip'),
}
