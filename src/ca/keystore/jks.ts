// JKS, the key store of Java before PKCS#12: version 2 of the format that `sun.security.provider.JavaKeyStore` reads, with its
// key protection (1.3.6.1.4.1.42.2.17.1.1). No standard describes it. It is weak: a key lies under a stream of SHA-1 blocks
// of the passphrase with no rounds to slow a guess down, and the whole under one SHA-1. It is there for Java that reads nothing
// else; everybody else takes PKCS#12. It makes no JCEKS, and reads nothing.
import { createHash } from 'node:crypto'
import type { Random } from '../../domain/clock.ts'
import { nullValue, octetString, oid, sequence } from '../../x509/der-writer.ts'

export interface JksKeyEntry {
  readonly alias: string
  readonly privateKeyPkcs8: Uint8Array
  /** Leaf first, DER. */
  readonly chain: readonly Uint8Array[]
}

export interface JksTrustEntry {
  readonly alias: string
  /** DER. */
  readonly certificate: Uint8Array
}

const MAGIC = 0xfeedfeed
const VERSION = 2
const KEY_TAG = 1
const TRUST_TAG = 2
const SALT_BYTES = 20
const KEY_PROTECTION = '1.3.6.1.4.1.42.2.17.1.1'

/** What the format puts between passphrase and contents before it is hashed. */
const WHITENER = Buffer.from('Mighty Aphrodite')

/** The passphrase is printable ASCII (`checkPassphrase`); it opens the store and the key in it. */
export function encodeJks(entry: JksKeyEntry, passphrase: string, at: Date, random: Random): Uint8Array {
  const protectedKey = protectKey(entry.privateKeyPkcs8, passphraseOctets(passphrase), random(SALT_BYTES))
  const chain = entry.chain.map(certificateField)
  const contents = [u32(KEY_TAG), nameAndDate(entry.alias, at), counted(protectedKey), u32(chain.length), ...chain]
  return sealStore(1, contents, passphrase)
}

/** For given entries, date and passphrase always the same bytes. */
export function encodeJksTrustStore(entries: readonly JksTrustEntry[], passphrase: string, at: Date): Uint8Array {
  const contents = entries.flatMap(({ alias, certificate }) => [
    u32(TRUST_TAG),
    nameAndDate(alias, at),
    certificateField(certificate),
  ])
  return sealStore(entries.length, contents, passphrase)
}

function sealStore(entries: number, contents: readonly Uint8Array[], passphrase: string): Uint8Array {
  const store = Buffer.concat([u32(MAGIC), u32(VERSION), u32(entries), ...contents])
  const digest = sha1(passphraseOctets(passphrase), WHITENER, store)
  return Buffer.concat([store, digest])
}

/** EncryptedPrivateKeyInfo (RFC 5958 §3): salt, the key under the stream, and a hash by which a wrong passphrase shows. */
function protectKey(pkcs8: Uint8Array, passphrase: Uint8Array, salt: Uint8Array): Uint8Array {
  const hidden = Buffer.alloc(pkcs8.length)
  let block: Uint8Array = salt
  for (let at = 0; at < pkcs8.length; at += block.length) {
    block = sha1(passphrase, block)
    for (let i = 0; i < block.length && at + i < pkcs8.length; i += 1) {
      hidden[at + i] = (pkcs8[at + i] ?? 0) ^ (block[i] ?? 0)
    }
  }
  const bytes = Buffer.concat([salt, hidden, sha1(passphrase, pkcs8)])
  return sequence(sequence(oid(KEY_PROTECTION), nullValue()), octetString(bytes))
}

/** Two octets a character, high one first. */
function passphraseOctets(passphrase: string): Uint8Array {
  return Buffer.from(passphrase, 'utf16le').swap16()
}

/** Java looks aliases up in lower case, and finds none that was written otherwise. */
function nameAndDate(alias: string, at: Date): Uint8Array {
  const date = Buffer.alloc(8)
  date.writeBigInt64BE(BigInt(at.getTime()))
  return Buffer.concat([text(alias.toLowerCase()), date])
}

function certificateField(der: Uint8Array): Uint8Array {
  return Buffer.concat([text('X.509'), counted(der)])
}

/** ASCII, which modified UTF-8 leaves as it is. */
function text(ascii: string): Uint8Array {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(ascii.length)
  return Buffer.concat([length, Buffer.from(ascii, 'latin1')])
}

function counted(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([u32(bytes.length), bytes])
}

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
