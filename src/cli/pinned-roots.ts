// Roots by their fingerprint, over a connection that nobody vouches for yet. This file alone speaks TLS without verifying
// the server, and believes nothing of what it hears: a root counts by the SHA-256 of its bytes. Then it connects again with
// only these roots as trust, so that a server that merely repeats somebody else's root is found out.
//
// Other roots that the server offers are left out: the fingerprint does not vouch for them, and whoever sits in between
// could have added them.
import { Agent } from 'node:https'
import { createSecureContext } from 'node:tls'
import { parseCertificate } from '../x509/certificate.ts'
import { encodePem, parsePemBundle } from '../x509/pem.ts'
import { ServiceClient } from './client.ts'
import { exchange } from './exchange.ts'
import { Refused, refusedBecause } from './refused.ts'
import { parseTrustBundle, type Root } from './trust-bundle.ts'

const PATH = '/pki/trust-bundle.pem'

/** Largest trust bundle, in bytes: a root with an ML-DSA-87 key is under 16 KiB in PEM. */
const MAX_BUNDLE_BYTES = 1024 * 1024

export interface PinnedRoots {
  readonly roots: readonly Root[]
  /** SHA-256 of what the server offers beside them. */
  readonly leftOut: readonly string[]
}

/** Throws `Refused`. */
export async function fetchPinnedRoots(
  url: URL,
  fingerprints: readonly string[],
  timeoutSeconds: number,
): Promise<PinnedRoots> {
  const offered = parseOffer(await fetchUnverified(url, timeoutSeconds))
  const pinned = [...new Set(fingerprints)].map((fingerprint) => find(offered, fingerprint))
  const roots = parseTrustBundle(pinned.map(({ pem }) => pem).join(''))
  await verifyServer(url, roots, timeoutSeconds)
  const leftOut = offered.flatMap(({ sha256 }) => (fingerprints.includes(sha256) ? [] : [sha256]))
  return { roots, leftOut }
}

interface Offered {
  readonly sha256: string
  readonly pem: string
}

async function fetchUnverified(url: URL, timeoutSeconds: number): Promise<Uint8Array> {
  const agent = new Agent({ keepAlive: false, rejectUnauthorized: false, minVersion: 'TLSv1.2' })
  const answer = await exchange({
    url: new URL(PATH, url),
    method: 'GET',
    headers: {},
    agent,
    timeoutSeconds,
    maxBytes: MAX_BUNDLE_BYTES,
  })
  if (answer.status === 200) return answer.body
  throw new Refused('answer_unreadable', { url: url.origin, status: answer.status })
}

function parseOffer(bundle: Uint8Array): readonly Offered[] {
  try {
    return parsePemBundle(Buffer.from(bundle).toString('latin1'), 'CERTIFICATE').map((der) => {
      return { sha256: parseCertificate(der).fingerprint, pem: encodePem('CERTIFICATE', der) }
    })
  } catch (cause) {
    throw refusedBecause(cause, 'answer_unreadable')
  }
}

function find(offered: readonly Offered[], expected: string): Offered {
  const found = offered.find(({ sha256 }) => sha256 === expected)
  if (found !== undefined) return found
  // What it offers instead is not told: it would only be copied into the next attempt.
  throw new Refused('fingerprint_mismatch', { expected, rootsOffered: offered.length })
}

async function verifyServer(url: URL, roots: readonly Root[], timeoutSeconds: number): Promise<void> {
  const secureContext = createSecureContext({ ca: roots.map(({ pem }) => pem), minVersion: 'TLSv1.2' })
  const client = new ServiceClient({ url, secureContext, timeoutSeconds })
  try {
    await client.getBytes(PATH, MAX_BUNDLE_BYTES)
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'server_untrusted') throw error
    throw new Refused('server_not_below_root', error.facts, { cause: error })
  }
}
