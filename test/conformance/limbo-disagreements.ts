// Cases of x509-limbo on which the verifier and the suite disagree, and why. The test fails when one is missing here, and
// when one here has come to agree.

export const LIMBO_DISAGREEMENTS: ReadonlyMap<string, string> = new Map([])
