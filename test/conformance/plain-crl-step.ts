// The plainest revocation check there is: a complete, fresh CRL that the issuer's own key signed, or no answer.
import type { RevocationQuestion, RevocationVerdict } from '../../src/verifier/path/revocation-check.ts'
import { type Crl, verifyCrlSignature } from '../../src/x509/crl.ts'
import { canonicalName } from '../../src/x509/distinguished-name.ts'

export function plainCrlStep(crls: readonly Crl[]): (question: RevocationQuestion) => RevocationVerdict {
  return (question) => {
    const crl = crls.find((each) => speaksFor(each, question))
    if (crl === undefined) return { kind: 'unknown', code: 'no-crl' }
    const entry = crl.entries.get(question.certificate.certificate.tbs.serialHex)
    if (entry === undefined) return { kind: 'good' }
    return entry.reason === 'removeFromCRL'
      ? { kind: 'unknown', code: 'delta' }
      : { kind: 'revoked', at: entry.date, reason: entry.reason }
  }
}

function speaksFor(crl: Crl, { certificate, issuer, at }: RevocationQuestion): boolean {
  const isPlain =
    [...crl.extensions.values()].every(({ critical }) => !critical) && crl.entries.unknownCritical.size === 0
  const isNumbered = crl.number !== undefined
  const isFresh = crl.thisUpdate <= at && crl.nextUpdate !== undefined && at <= crl.nextUpdate
  const mayBeSigned = issuer.keyUsage?.has('cRLSign') !== false
  const isOfIssuer = canonicalName(crl.issuer) === certificate.issuer
  return (
    isPlain &&
    isNumbered &&
    isFresh &&
    mayBeSigned &&
    isOfIssuer &&
    verifyCrlSignature(crl, issuer.certificate.tbs.publicKey)
  )
}
