// The entry of the published package `signet/verifier`: what a server that others call with certificates of Signet needs to know who
// they are. It has no dependencies, and runs on Node 20 and later.
export { guardExpress } from './peer/express-guard.ts'
export { guardFastify } from './peer/fastify-guard.ts'
export { guardHono } from './peer/hono-guard.ts'
export { guardRequests, guardStreams } from './peer/node-guard.ts'
export { refusalResponse, type RefusalResponse } from './peer/refusal-response.ts'
export {
  type ActingUserFrom,
  identityOf,
  type NodeRequest,
  type PeerGuard,
  verifyRequest,
} from './peer/verify-request.ts'
export { EvidenceUnreadable } from './peer/evidence-file.ts'
export {
  type EvidenceFrom,
  openVerifier,
  type PinnedRoots,
  type Verifier,
  type VerifierOptions,
  type VerifierStatus,
} from './peer/open-verifier.ts'
export type { PeerSocket } from './peer/peer-certificate.ts'
export type { AcceptedPeers, PeerActingUser, PeerQuestion, RevocationDemand } from './peer/question.ts'
export type { PeerIdentity, PeerKind, PeerRefusal, PeerRefusalCode, PeerVerdict } from './peer/verdict.ts'
export type { HeldCrl } from './peer/held-crl.ts'
export type { PeerTlsOptions } from './peer/tls-options.ts'

// Paths and revocation for hierarchies of any kind (RFC 5280 §6, RFC 6960), by whoever brings certificates and evidence.
export { IssuerPool } from './path/issuer-pool.ts'
export { type PathCertificate, readPathCertificate } from './path/path-certificate.ts'
export { certifiesName, type PeerName } from './path/peer-name.ts'
export { ACCEPTED_SIGNATURES, type PathSettings } from './path/path-settings.ts'
export type { CandidatePath, PathVerdict } from './path/path-verdict.ts'
export { PATH_LIMITS } from './path/path-work.ts'
export type { CheckRevocation, RevocationQuestion } from './path/revocation-check.ts'
export { verifyPath } from './path/verify-path.ts'
export { type RevocationEvidence, revocationCheck } from './revocation/check-revocation.ts'
export { CrlCache, type PutFault, type PutOutcome } from './revocation/crl-cache.ts'
export type { FeedEvent } from './revocation/feed-events.ts'
export { judgeByOcsp, type OcspQuestion } from './revocation/judge-by-ocsp.ts'
export { RFC5280_REVOCATION, type RevocationPolicy, STRICT_REVOCATION } from './revocation/revocation-policy.ts'
export type { RevocationFault, RevocationStatus } from './revocation/revocation-status.ts'
export { type Crl, parseCrl } from '../x509/crl.ts'
export { type OcspResponse, parseOcspResponse } from '../x509/ocsp-response.ts'
export { type ChainEvidence, type ChainQuestion, type ChainVerdict, judgeChain } from './path/judge-chain.ts'
export type { PathFault } from './path/path-fault.ts'
export { ANY_POLICY, type PolicySettings } from './path/policy-settings.ts'
