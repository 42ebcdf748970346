// Runs of PKITS on which the verifier and the suite disagree, and why. The test fails when one is missing here, and when
// one here has come to agree. All are valid runs that are refused: no invalid one is accepted.

const DSA = 'signed with DSA, which is no algorithm of ours: FIPS 186-5 has withdrawn it for signing'

export const PKITS_DISAGREEMENTS: ReadonlyMap<string, string> = new Map([
  ['Section1ValidDSASignaturesTest4', DSA],
  ['Section1ValidDSAParameterInheritanceTest5', DSA],
  [
    'Section14ValidcRLIssuerTest30',
    'the certificate of the CRL issuer is spoken for by no CRL but the one that its own key signed: nobody else says that it was not revoked',
  ],
])
