// PKCS#12 (RFC 7292): a certificate with its key and chain, and trust
// stores, made with pkijs. Keys and certificates lie under PBES2 (PBKDF2 with HMAC-SHA-256, AES-256-CBC), the whole under a
// SHA-256 MAC: what OpenSSL 3, Java and NSS read without their legacy switches.
import { createHash } from 'node:crypto'
import { BmpString, ObjectIdentifier, OctetString } from 'asn1js'
import {
  Attribute,
  AuthenticatedSafe,
  CertBag,
  Certificate,
  PFX,
  PKCS8ShroudedKeyBag,
  PrivateKeyInfo,
  SafeBag,
  SafeContents,
} from 'pkijs'
import { PassphraseRejected, PrivateKeyRejected } from './errors.ts'
import { pkcs12Engine } from './pkcs12-engine.ts'
import { MIN_PASSPHRASE_CHARACTERS } from './passphrase.ts'
import { algorithmOf, importPkcs8 } from './private-key.ts'

export interface Pkcs12Contents {
  /** DER. */
  readonly certificate: Uint8Array
  /** The CAs above it, nearest first, DER. */
  readonly chain: readonly Uint8Array[]
  readonly privateKeyPkcs8: Uint8Array
  readonly passphrase: string
  /** The name that key store tools show: Java's alias. */
  readonly friendlyName: string
}

export interface TrustedCertificate {
  /** DER. */
  readonly certificate: Uint8Array
  readonly friendlyName: string
}

const BAG = {
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
} as const

const ATTRIBUTE = {
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  /** Oracle's trustedKeyUsage: without it Java reads a store of certificates alone as empty. */
  javaTrustedKeyUsage: '2.16.840.1.113894.746875.1.1',
} as const

const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0'

/** OWASP's figure for PBKDF2 with HMAC-SHA-256. Java refuses more than five million. */
const PBKDF2_ROUNDS = 600_000

/**
 * Rounds of the MAC's own derivation (RFC 7292 appendix B), one SHA-256 each where PBKDF2 has four compressions a round.
 * It guards no secret by itself, but a guess at the passphrase can be tried on it, so it costs about as much.
 */
const MAC_ROUNDS = 600_000

/** A trust store holds nothing secret; keytool refuses passwords under six characters. */
const MIN_TRUST_STORE_CHARACTERS = 6

/** In privacy mode 1 pkijs encrypts the contents under the password. */
const ENCRYPTED = 1
/** In integrity mode 0 pkijs makes a MAC from the password. */
const PASSWORD_INTEGRITY = 0

/**
 * Throws `PassphraseRejected`, and `PrivateKeyRejected` for what is no key or is an ML-DSA one, which no reader of this
 * format takes.
 */
export async function encodePkcs12(contents: Pkcs12Contents): Promise<Uint8Array> {
  const password = passwordBytes(contents.passphrase, MIN_PASSPHRASE_CHARACTERS)
  refuseUnreadable(contents.privateKeyPkcs8)
  const localKeyId = createHash('sha256').update(contents.certificate).digest().subarray(0, 20)
  const own = [friendlyNameAttribute(contents.friendlyName), localKeyIdAttribute(localKeyId)]
  const certificates = [
    certificateBag(contents.certificate, own),
    ...contents.chain.map((each) => certificateBag(each, [])),
  ]
  const key = await keyBag(contents.privateKeyPkcs8, password, own)
  return encodePfx([encrypted(certificates), clear([key])], password)
}

/** A trust store for Java and others. Throws `PassphraseRejected`. */
export async function encodePkcs12TrustStore(
  certificates: readonly TrustedCertificate[],
  passphrase: string,
): Promise<Uint8Array> {
  const bags = certificates.map(({ certificate, friendlyName }) =>
    certificateBag(certificate, [friendlyNameAttribute(friendlyName), trustedKeyUsageAttribute()]),
  )
  return encodePfx([encrypted(bags)], passwordBytes(passphrase, MIN_TRUST_STORE_CHARACTERS))
}

/** Java takes printable ASCII alone for a key store password, and the encodings of others differ between MAC and PBES2. */
function passwordBytes(passphrase: string, minCharacters: number): ArrayBuffer {
  if (!/^[\x20-\x7e]*$/.test(passphrase)) throw new PassphraseRejected('passphrase_not_ascii')
  if (passphrase.length < minCharacters) throw new PassphraseRejected('passphrase_too_short', { minCharacters })
  return arrayBuffer(Buffer.from(passphrase))
}

function refuseUnreadable(pkcs8: Uint8Array): void {
  const { kind, name } = algorithmOf(importPkcs8(pkcs8))
  if (kind === 'ml-dsa') throw new PrivateKeyRejected('key_algorithm_unsupported', { algorithm: name })
}

interface Safe {
  readonly privacyMode: 0 | typeof ENCRYPTED
  readonly value: SafeContents
}

const encrypted = (safeBags: SafeBag[]): Safe => ({
  privacyMode: ENCRYPTED,
  value: new SafeContents({ safeBags }),
})

/** For bags that are encrypted themselves. */
const clear = (safeBags: SafeBag[]): Safe => ({ privacyMode: 0, value: new SafeContents({ safeBags }) })

async function encodePfx(safes: readonly Safe[], password: ArrayBuffer): Promise<Uint8Array> {
  const authenticatedSafe = new AuthenticatedSafe({ parsedValue: { safeContents: safes } })
  await authenticatedSafe.makeInternalValues(
    { safeContents: safes.map(({ privacyMode }) => (privacyMode === ENCRYPTED ? encryption(password) : {})) },
    pkcs12Engine,
  )
  const pfx = new PFX({ parsedValue: { integrityMode: PASSWORD_INTEGRITY, authenticatedSafe } })
  await pfx.makeInternalValues(
    { password, iterations: MAC_ROUNDS, pbkdf2HashAlgorithm: { name: 'SHA-256' }, hmacHashAlgorithm: 'SHA-256' },
    pkcs12Engine,
  )
  return new Uint8Array(pfx.toSchema().toBER())
}

function encryption(password: ArrayBuffer): Parameters<PKCS8ShroudedKeyBag['makeInternalValues']>[0] {
  return {
    password,
    contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256, iv: new Uint8Array(0) },
    hmacHashAlgorithm: 'SHA-256',
    iterationCount: PBKDF2_ROUNDS,
  }
}

async function keyBag(pkcs8: Uint8Array, password: ArrayBuffer, bagAttributes: Attribute[]): Promise<SafeBag> {
  const bagValue = new PKCS8ShroudedKeyBag({ parsedValue: PrivateKeyInfo.fromBER(arrayBuffer(pkcs8)) })
  await bagValue.makeInternalValues(encryption(password), pkcs12Engine)
  return new SafeBag({ bagId: BAG.shroudedKey, bagValue, bagAttributes })
}

function certificateBag(der: Uint8Array, bagAttributes: Attribute[]): SafeBag {
  const bagValue = new CertBag({ parsedValue: Certificate.fromBER(arrayBuffer(der)) })
  // An empty SET OF is no attribute list (RFC 7292 §4.2: OPTIONAL), and Java stumbles over one.
  return new SafeBag({ bagId: BAG.certificate, bagValue, ...(bagAttributes.length === 0 ? {} : { bagAttributes }) })
}

function friendlyNameAttribute(name: string): Attribute {
  return new Attribute({ type: ATTRIBUTE.friendlyName, values: [new BmpString({ value: name })] })
}

/** Tells readers which certificate the key goes with. */
function localKeyIdAttribute(id: Uint8Array): Attribute {
  return new Attribute({ type: ATTRIBUTE.localKeyId, values: [new OctetString({ valueHex: arrayBuffer(id) })] })
}

function trustedKeyUsageAttribute(): Attribute {
  const any = new ObjectIdentifier({ value: ANY_EXTENDED_KEY_USAGE })
  return new Attribute({ type: ATTRIBUTE.javaTrustedKeyUsage, values: [any] })
}

/** A copy: a view into a larger buffer would hand that over whole. */
function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
