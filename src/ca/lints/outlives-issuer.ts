// Past the end of its issuer a certificate verifies nowhere, and its holder learns of it in the night.
import type { Lint } from '../lint.ts'

export const outlivesIssuer: Lint = {
  name: 'outlives_issuer',
  cites: 'CP §5.6; RFC 5280 §6.1.3',
  passes: ({ tbs, signatory }) => tbs.validity.notAfter.getTime() <= signatory.validity.notAfter.getTime(),
}
