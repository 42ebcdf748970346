// An administrator's key and certificate, made on this machine with the issuing key at hand: the first one by `init`, one
// after a lock-out by `signet cert issue --profile admin --offline`.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeHandOverKey } from '../ca/keystore/hand-over-key.ts'
import { encodePkcs12 } from '../ca/keystore/pkcs12.ts'
import { generateKey } from '../ca/keystore/private-key.ts'
import type { CertificateRecord } from '../ca/inventory.ts'
import { type IssuingMeans, prepareCertificate, signPermit } from '../ca/issue.ts'
import { KEY_ALGORITHMS, type KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { UserName } from '../domain/user-name.ts'
import type { IssuingKey } from '../enrollment/act-context.ts'
import { encodePem } from '../x509/pem.ts'
import { parsePublicKey } from '../x509/public-key.ts'
import { PUBLIC, SECRET, writeAtomically } from './atomic-file.ts'

export interface AdministratorFiles {
  readonly key: string
  /** The certificate with its issuing CA. */
  readonly certificate: string
  /** With its passphrase beside it; neither for ML-DSA, whose keys no reader of PKCS#12 takes. */
  readonly pkcs12?: string
  readonly passphrase?: string
  /** The root: what a client trusts. */
  readonly trust: string
}

interface MadeAdministrator {
  readonly algorithm: KeyAlgorithmName
  readonly pkcs8: Uint8Array
  readonly record: CertificateRecord
}

/** Nothing is recorded yet: the caller writes the record down before the files are used. */
export async function makeAdministratorCertificate(
  means: IssuingMeans,
  name: UserName,
  algorithm: KeyAlgorithmName,
  { issuer, signer }: IssuingKey,
): Promise<MadeAdministrator> {
  const key = isForKeyStores(algorithm) ? await makeHandOverKey(algorithm) : await generateKey(algorithm)
  const request = {
    profile: 'admin',
    user: name,
    publicKey: parsePublicKey(key.publicKey),
    lifetimeSeconds: 'default',
  } as const
  const issued = await signPermit(prepareCertificate(request, issuer, means), signer)
  const own = {
    identity: `admin:${name}`,
    requester: 'offline:admin',
    obtainedWith: 'offline',
    status: 'good',
  } as const
  return { algorithm, pkcs8: key.pkcs8, record: { ...issued, ...own } }
}

export async function writeAdministratorFiles(
  folder: string,
  passphrase: string,
  made: MadeAdministrator & { readonly chain: readonly Uint8Array[]; readonly root: Uint8Array },
): Promise<AdministratorFiles> {
  const { algorithm, pkcs8, record, chain, root } = made
  const path = (name: string): string => join(folder, name)
  const files = { key: path('admin.key'), certificate: path('admin.pem'), trust: path('ca.pem') }
  const keyStore = { pkcs12: path('admin.p12'), passphrase: path('admin.p12.passphrase') }
  const contents = {
    certificate: record.der,
    chain,
    privateKeyPkcs8: pkcs8,
    passphrase,
    friendlyName: record.commonName,
  }
  const pkcs12 = isForKeyStores(algorithm) ? await encodePkcs12(contents) : undefined
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeAtomically(files.key, Buffer.from(encodePem('PRIVATE KEY', pkcs8)), SECRET)
  if (pkcs12 !== undefined) {
    writeAtomically(keyStore.pkcs12, pkcs12, SECRET)
    writeAtomically(keyStore.passphrase, Buffer.from(`${passphrase}\n`), SECRET)
  }
  const certificates = [record.der, ...chain].map((der) => encodePem('CERTIFICATE', der)).join('')
  writeAtomically(files.certificate, Buffer.from(certificates), PUBLIC)
  writeAtomically(files.trust, Buffer.from(encodePem('CERTIFICATE', root)), PUBLIC)
  return pkcs12 === undefined ? files : { ...files, ...keyStore }
}

function isForKeyStores(algorithm: KeyAlgorithmName): boolean {
  return KEY_ALGORITHMS.get(algorithm)?.kind !== 'ml-dsa'
}
