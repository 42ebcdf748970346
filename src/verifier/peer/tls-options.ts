// How a server asks for client certificates when a verifier judges them: for `tls.createServer`, `https`, `http2`, Fastify and others.
import { encodePem } from '../../x509/pem.ts'

export interface PeerTlsOptions {
  readonly requestCert: true
  /** What TLS thinks of the certificate is stale on a resumed session, and refuses without a reason. */
  readonly rejectUnauthorized: false
  /** PEM of the pinned roots: names that the server sends as those it accepts. */
  readonly ca: string[]
  readonly minVersion: 'TLSv1.2'
  /** In seconds: a ticket is worth nothing after an hour (SECURITY.md rule 36). */
  readonly sessionTimeout: 3600
}

/** `roots`: DER. */
export function peerTlsOptions(roots: readonly Uint8Array[]): PeerTlsOptions {
  return {
    requestCert: true,
    rejectUnauthorized: false,
    ca: roots.map((der) => encodePem('CERTIFICATE', der)),
    minVersion: 'TLSv1.2',
    sessionTimeout: 3600,
  }
}
