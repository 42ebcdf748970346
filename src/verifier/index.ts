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
