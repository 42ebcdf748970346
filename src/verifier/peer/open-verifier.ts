// Opens a verifier: pins the roots, loads what is trusted and revoked from where the options say, and keeps it fresh from then on.
import { readFile } from 'node:fs/promises'
import { systemClock } from '../../domain/clock.ts'
import { parseTrustDomain } from '../../domain/spiffe-id.ts'
import { ServiceLine } from './ask-service.ts'
import { EvidenceUnreadable, readEvidence } from './evidence-file.ts'
import type { EvidenceSink } from './evidence-sink.ts'
import { followFiles } from './file-source.ts'
import { followService } from './follow-service.ts'
import type { HeldCrl } from './held-crl.ts'
import type { PeerSocket } from './peer-certificate.ts'
import { fetchPinnedRoots } from './pinned-root.ts'
import type { AcceptedPeers, PeerQuestion } from './question.ts'
import type { Repeating } from './repeating.ts'
import type { PeerVerdict } from './verdict.ts'
import { type PeerTlsOptions, peerTlsOptions } from './tls-options.ts'
import { PeerJudge } from './verifier.ts'

/** Whom everything hangs on: the installation's root certificates, pinned by the operator. */
export type PinnedRoots =
  | { readonly pem: string }
  | { readonly file: string }
  /** Hexadecimal, as `signet init` prints it; the certificate itself comes from the service. */
  | { readonly sha256: string | readonly string[] }

export type EvidenceFrom =
  /** A Signet service: `https://signet.internal:8443`. */
  | { readonly url: string | { readonly href: string } }
  /** Files and folders with the certificates of the issuing CAs and the CRLs of all CAs, PEM or DER. They are read again when they change. */
  | { readonly files: readonly string[] }

export interface VerifierOptions {
  readonly roots: PinnedRoots
  readonly from: EvidenceFrom
  /** Of the installation, as its SPIFFE IDs have it: `example.internal`. */
  readonly trustDomain: string
  /** Whose certificates are let in. */
  readonly accept: AcceptedPeers
  /** How often files are looked at, and the service while its feed is not heard. Default 5. */
  readonly pollSeconds?: number
  /** For one question to the service. Default 10. */
  readonly timeoutSeconds?: number
  /** Certificates whose verification is remembered; about 2 KB each. Default 20,000. */
  readonly capacity?: number
  /** Told of what could not be had and is tried again. By default nobody is; `status()` has the last one. */
  readonly onFault?: (fault: Error) => void
  /** Default: the system's. */
  readonly now?: () => Date
}

export interface VerifierStatus {
  /** Every issuing CA is known, and its CRL is in force. */
  readonly ready: boolean
  /** `heard`: revocations come by the feed as they happen; `polling`: by CRLs; `files`: by files. */
  readonly news: 'heard' | 'polling' | 'files'
  readonly crls: readonly HeldCrl[]
  /** The last thing that failed since all was well. */
  readonly fault: string | undefined
}

export interface Verifier {
  /** Who is on the other end of this connection, by its certificate. It never throws, and never waits. */
  verifyPeer(socket: PeerSocket | null | undefined, question: PeerQuestion): PeerVerdict
  /** The same of a certificate in DER whose key the peer has proved to have. Undefined: it showed none. */
  verifyCertificate(der: Uint8Array | undefined, question: PeerQuestion): PeerVerdict
  /** For `https.createServer` and the like: asks for a client certificate, and leaves judging it to `verifyPeer`. */
  tlsOptions(): PeerTlsOptions
  status(): VerifierStatus
  /** Stops following. What is held goes on judging, until its CRLs end. */
  close(): Promise<void>
}

/** Throws what is wrong with the options, or `EvidenceUnreadable` where nothing can be loaded: there is no verifier that knows nothing. */
export async function openVerifier(options: VerifierOptions): Promise<Verifier> {
  const { from, accept, pollSeconds = 5, timeoutSeconds = 10, capacity = 20_000 } = options
  const now = options.now ?? (() => systemClock.now())
  const url = 'url' in from ? serviceUrl(from.url) : undefined
  const roots = await loadRoots(options.roots, url, timeoutSeconds)
  const trustDomain = parseTrustDomain(options.trustDomain)
  const judge = new PeerJudge({ roots, trustDomain, accept, capacity, clock: { now } })
  const faults = new Faults(options.onFault)
  const sink = sinkOf(judge, faults)
  if ('files' in from) {
    const following = await followFiles({ paths: from.files, pollSeconds, sink, now })
    return new OpenVerifier(judge, faults, following, () => 'files')
  }
  const line = new ServiceLine(serviceUrl(from.url), roots, timeoutSeconds, (der) => judge.isKnownRevoked(der))
  const following = await followService({ line, sink, now, pollSeconds, roots, checkRevocation: judge.checkRevocation })
  return new OpenVerifier(judge, faults, following, () => following.news)
}

class OpenVerifier implements Verifier {
  readonly #judge: PeerJudge
  readonly #faults: Faults
  readonly #following: Repeating
  readonly #news: () => VerifierStatus['news']

  constructor(judge: PeerJudge, faults: Faults, following: Repeating, news: () => VerifierStatus['news']) {
    this.#judge = judge
    this.#faults = faults
    this.#following = following
    this.#news = news
  }

  verifyPeer(socket: PeerSocket | null | undefined, question: PeerQuestion): PeerVerdict {
    return this.#judge.verifyPeer(socket, question)
  }

  verifyCertificate(der: Uint8Array | undefined, question: PeerQuestion): PeerVerdict {
    return this.#judge.verifyCertificate(der, question)
  }

  tlsOptions(): PeerTlsOptions {
    return peerTlsOptions(this.#judge.roots)
  }

  status(): VerifierStatus {
    return { ready: this.#judge.isReady(), news: this.#news(), crls: this.#judge.heldCrls(), fault: this.#faults.last }
  }

  close(): Promise<void> {
    return this.#following.stop()
  }
}

/** What fails in the background is told, and never thrown at anyone. */
class Faults {
  readonly #tell: (fault: Error) => void
  last: string | undefined

  constructor(tell: ((fault: Error) => void) | undefined) {
    this.#tell = tell ?? (() => undefined)
  }

  failed(error: unknown): void {
    const fault = error instanceof Error ? error : new Error(String(error))
    this.last = fault.message
    try {
      this.#tell(fault)
    } catch {
      // Whoever is told may fail too: what is followed goes on.
    }
  }

  settled(): void {
    this.last = undefined
  }
}

function sinkOf(judge: PeerJudge, faults: Faults): EvidenceSink {
  return {
    takeAuthorities: (given) => judge.trust(given),
    takeCrl: (der) => judge.takeCrl(der),
    tell: (issuer, event) => judge.tell(issuer, event),
    vouchForFeed: () => judge.vouchForFeed(),
    restartFeed: (seq) => judge.restartFeed(seq),
    knows: (issuer) => judge.authorities.byId.has(issuer),
    numbersOf: (issuer) => judge.numbersOf(issuer),
    isNamed: (issuer) => judge.authorities.byId.get(issuer)?.named === 'certificate',
    failed: (error) => faults.failed(error),
    settled: () => faults.settled(),
  }
}

async function loadRoots(
  pinned: PinnedRoots,
  url: URL | undefined,
  timeoutSeconds: number,
): Promise<readonly Uint8Array[]> {
  if ('sha256' in pinned) {
    if (url === undefined) throw new EvidenceUnreadable('roots', 'a fingerprint needs a service to fetch the root from')
    const fingerprints = typeof pinned.sha256 === 'string' ? [pinned.sha256] : pinned.sha256
    if (fingerprints.length === 0) throw new EvidenceUnreadable('roots', 'no fingerprint')
    return fetchPinnedRoots(url, fingerprints, timeoutSeconds, new AbortController().signal)
  }
  const bytes = 'pem' in pinned ? Buffer.from(pinned.pem, 'latin1') : await readFile(pinned.file)
  const { certificates } = readEvidence(bytes, 'file' in pinned ? pinned.file : 'roots')
  if (certificates.length === 0) throw new EvidenceUnreadable('roots', 'no certificate')
  return certificates
}

function serviceUrl(url: string | { readonly href: string }): URL {
  const parsed = new URL(typeof url === 'string' ? url : url.href)
  if (parsed.protocol !== 'https:') throw new EvidenceUnreadable(parsed.origin, 'not https')
  return parsed
}
