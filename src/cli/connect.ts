// A client from files: the trust bundle, and the certificate to ask with if there is one.
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { ServiceClient } from './client.ts'
import { readText, reasonOf } from './read-file.ts'
import { Refused } from './refused.ts'
import type { ClientPair } from './service-options.ts'
import { readTrustBundle } from './trust-bundle.ts'

/** Throws `Refused`. */
export async function connect(
  url: URL,
  trustFile: string,
  pair: ClientPair | undefined,
  timeoutSeconds: number,
  stop?: AbortSignal,
): Promise<ServiceClient> {
  const roots = await readTrustBundle(trustFile)
  const secureContext = contextOf({ ca: roots.map(({ pem }) => pem), ...(await readPair(pair)) })
  return new ServiceClient({ url, secureContext, timeoutSeconds, stop })
}

async function readPair(pair: ClientPair | undefined): Promise<SecureContextOptions> {
  if (pair === undefined) return {}
  return { cert: await readText(pair.certificate), key: await readText(pair.key) }
}

/** Made here, so that a key that does not belong to its certificate is found before anything is sent. */
function contextOf(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext({ ...options, minVersion: 'TLSv1.2' })
  } catch (cause) {
    throw new Refused('client_certificate_unusable', { reason: reasonOf(cause) }, { cause })
  }
}
