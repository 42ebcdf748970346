// What the listeners over TLS show, and the protocol that they speak: 1.2 and 1.3 (RFC 9325 §3.1.1), without renegotiation. Who may
// be listened to, and for how long, stands with each listener.
import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

/** What a TLS listener shows and asks for; all of it may be replaced while it listens. */
export interface TlsMaterial {
  /** The server certificate with its chain, PEM, leaf first. */
  readonly certificateChain: string
  /** PKCS#8, PEM. */
  readonly privateKey: string
  /** CA certificates, PEM: whose certificates the client is told to choose from. What it shows is judged elsewhere. */
  readonly clientAuthorities: readonly string[]
}

/** All that a TLS context is made of: `setSecureContext` forgets what it is not told again. */
export function secureContext(
  { certificateChain, privateKey, clientAuthorities }: TlsMaterial,
  sessionTimeout: number,
) {
  return {
    cert: certificateChain,
    key: privateKey,
    ca: [...clientAuthorities],
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    sessionTimeout,
    // A certificate shown in a renegotiation would be one that was not looked at.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  } satisfies SecureContextOptions
}
