// Files of the BoringSSL suites: blocks of several labels with text between them, which our own PEM reader takes for no PEM.
import { readFileSync } from 'node:fs'
import { verifyBytes } from '../../src/x509/signature.ts'
import { verify } from 'node:crypto'
import type { VerifyEvidence } from '../../src/verifier/revocation/evidence-signature.ts'
import { OID } from '../../src/x509/oid.ts'

/** Contents by label. */
export function readBlocks(file: string): ReadonlyMap<string, Uint8Array> {
  const blocks = readFileSync(file, 'utf8').matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END \1-----/g)
  return new Map([...blocks].map(([, label = '', body = '']) => [label, new Uint8Array(Buffer.from(body, 'base64'))]))
}

export function blockOf(blocks: ReadonlyMap<string, Uint8Array>, label: string): Uint8Array {
  const block = blocks.get(label)
  if (block === undefined) throw new Error(`the file has no ${label}`)
  return block
}

/** As the suites are signed: RSA of 1024 bits, and SHA-1. No setting of the verifier takes either. */
export const verifyAsIn2017: VerifyEvidence = ({ tbs, signatureAlgorithm, signature }, signer) => {
  const { publicKey } = signer.certificate.tbs
  if (signatureAlgorithm.oid !== OID.sha1WithRsa)
    return verifyBytes(tbs.encoded, signatureAlgorithm, signature, publicKey)
  return verify('sha1', tbs.encoded, publicKey.keyObject(), signature)
}

export const ONE_WEEK_SECONDS = 7 * 24 * 3600
