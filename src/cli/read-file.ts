// Files that a command is given, read whole and bounded. Certificates, requests and CRLs come in PEM or DER.
import { open } from 'node:fs/promises'
import { parsePemBundle } from '../x509/pem.ts'
import { Refused } from './refused.ts'

/** Certificates, chains, keys, tokens: none is near this size, in bytes. */
const MAX_SMALL_BYTES = 1024 * 1024

/** Throws `Refused` (`file_unreadable`, `input_too_large`). */
export async function readBytes(file: string, maxBytes: number = MAX_SMALL_BYTES): Promise<Uint8Array> {
  try {
    await using handle = await open(file, 'r')
    const { size } = await handle.stat()
    if (size > maxBytes) throw new Refused('input_too_large', { file, maxBytes })
    return await handle.readFile()
  } catch (error) {
    if (error instanceof Refused) throw error
    throw new Refused('file_unreadable', { file, reason: reasonOf(error) }, { cause: error })
  }
}

/** Undefined when there is no such file. Throws `Refused`. */
export async function readBytesIfThere(file: string, maxBytes?: number): Promise<Uint8Array | undefined> {
  try {
    return await readBytes(file, maxBytes)
  } catch (error) {
    if (error instanceof Refused && error.facts['reason'] === 'ENOENT') return undefined
    throw error
  }
}

export async function readText(file: string): Promise<string> {
  return Buffer.from(await readBytes(file)).toString('utf8')
}

/** Every block of `label`, or the bytes as they are when they are no PEM. Throws `Refused`, `PemRejected`. */
export async function readPemOrDer(file: string, label: string, maxBytes?: number): Promise<Uint8Array[]> {
  return splitPemOrDer(await readBytes(file, maxBytes), label)
}

export function splitPemOrDer(bytes: Uint8Array, label: string): Uint8Array[] {
  // 0x30 is the tag of SEQUENCE, with which all of these begin in DER. How much is read is bounded by whoever read it.
  return bytes[0] === 0x30 ? [bytes] : parsePemBundle(Buffer.from(bytes).toString('latin1'), label, bytes.length)
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) throw error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
