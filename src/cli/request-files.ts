// The files of a command that gets a certificate: where the key comes from, where key and certificate go. Everything that
// can be refused is refused before the request is sent, since an enrolment token is spent once; the new key is on the disk
// before the request too, since a certificate without its key is worth nothing.
import { access, constants, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Certificate, parseCertificate } from '../x509/certificate.ts'
import { MAX_CSR_BYTES, parseCertificationRequest, verifyProofOfPossession } from '../x509/certification-request.ts'
import { encodePem, parsePem, parsePemBundle } from '../x509/pem.ts'
import type { Answer } from './answer.ts'
import { PUBLIC, SECRET, writeAtomically, writeNewAtomically } from './atomic-file.ts'
import { makeCertificationRequest } from './certification-request.ts'
import type { Host } from './host.ts'
import { makeKeyPair, privateKeyPem, publicKeyInfo, readKeyPair } from './key-pair.ts'
import { withProgress } from './progress.ts'
import { readBytes, reasonOf } from './read-file.ts'
import { Refused, refusedBecause } from './refused.ts'
import type { RequestOptions } from './request-options.ts'

export interface PreparedRequest {
  /** PEM */
  readonly csr: string
  /** SubjectPublicKeyInfo that the certificate must hold. */
  readonly publicKey: Uint8Array
  /** The key file that was made for this request. */
  readonly newKey: string | undefined
  /** Where the certificate goes. */
  readonly out: string
}

/** Throws `Refused`, or the refusal of a CSR that does not hold. */
export async function prepareRequest(
  options: RequestOptions,
  commonName: string,
  host: Host,
): Promise<PreparedRequest> {
  const out = options.out ?? `${commonName}.pem`
  if (options.force !== true) await refuseExisting(out)
  await requireWritableFolder(out)
  if (options.csr !== undefined) return { ...(await readRequest(options.csr)), newKey: undefined, out }
  if (options.key !== undefined) {
    const keys = await readKeyPair(options.key)
    const csr = await makeCertificationRequest(keys, commonName)
    return { csr, publicKey: publicKeyInfo(keys), newKey: undefined, out }
  }
  return withNewKey(options, commonName, out, host)
}

async function withNewKey(
  { keyOut, algorithm }: RequestOptions,
  commonName: string,
  out: string,
  host: Host,
): Promise<PreparedRequest> {
  const newKey = keyOut ?? `${out.replace(/\.pem$/, '')}.key`
  await refuseExisting(newKey)
  const keys = await withProgress(host, `making a key (${algorithm})`, () => makeKeyPair(algorithm))
  const csr = await makeCertificationRequest(keys, commonName)
  writeNewAtomically(newKey, privateKeyPem(keys), SECRET)
  return { csr, publicKey: publicKeyInfo(keys), newKey, out }
}

async function readRequest(file: string): Promise<Pick<PreparedRequest, 'csr' | 'publicKey'>> {
  const request = parseCertificationRequest(await readBytes(file, MAX_CSR_BYTES))
  verifyProofOfPossession(request)
  return { csr: encodePem('CERTIFICATE REQUEST', request.der), publicKey: request.publicKey.spki }
}

async function refuseExisting(file: string): Promise<void> {
  if ((await faultOfAccess(file, constants.F_OK)) === undefined) throw new Refused('file_exists', { file })
}

async function requireWritableFolder(file: string): Promise<void> {
  const reason = await faultOfAccess(dirname(file), constants.W_OK)
  if (reason !== undefined) throw new Refused('file_unwritable', { file, reason })
}

async function faultOfAccess(path: string, mode: number): Promise<string | undefined> {
  try {
    await access(path, mode)
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

/** Asks with the prepared request. When that fails nothing stays behind: the key that was made for it is removed. */
export async function askWith(
  prepared: PreparedRequest,
  host: Host,
  ask: (csr: string) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await withProgress(host, 'waiting for the certificate', () => ask(prepared.csr))
  } catch (error) {
    if (prepared.newKey !== undefined) await rm(prepared.newKey)
    throw error
  }
}

/** Writes certificate and chain, after a look whether it is ours. Throws `Refused`. */
export function keepCertificate(
  { out, publicKey }: PreparedRequest,
  issued: Answer,
  ifExists: 'refuse' | 'replace',
): void {
  const { certificate, chain } = readIssued(issued)
  if (Buffer.compare(certificate.tbs.spki, publicKey) !== 0) throw new Refused('answer_unfit', { why: 'another key' })
  const text = [certificate.der, ...chain].map((der) => encodePem('CERTIFICATE', der)).join('')
  if (ifExists === 'replace') writeAtomically(out, text, PUBLIC)
  else writeNewAtomically(out, text, PUBLIC)
}

function readIssued(issued: Answer): { readonly certificate: Certificate; readonly chain: readonly Uint8Array[] } {
  try {
    const certificate = parseCertificate(parsePem(issued.text('certificate'), 'CERTIFICATE'))
    const chain = issued.text('chain')
    return { certificate, chain: chain === '' ? [] : parsePemBundle(chain, 'CERTIFICATE') }
  } catch (cause) {
    throw refusedBecause(cause, 'answer_unreadable')
  }
}
