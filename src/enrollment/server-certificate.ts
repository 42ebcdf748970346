// Signet's own TLS certificate: issued by the process to itself before it listens, also after a long downtime.
import type { KeyStore } from '../ca/keystore/key-store.ts'
import { generalNamesOf, sanOf } from '../ca/alternative-names.ts'
import type { DnsName } from '../domain/dns-name.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { Validity } from '../domain/validity.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { GeneralName } from '../x509/general-name.ts'
import { encodePem } from '../x509/pem.ts'
import type { ActContext } from './act-context.ts'
import { currentOwnKey } from './own-key.ts'
import { serverKeyContext } from './sealed-keys.ts'

export interface ServerNames {
  readonly commonName: DnsName
  readonly dnsNames: readonly DnsName[]
  readonly ipAddresses: readonly string[]
}

export interface ServerCertificate {
  readonly validity: Validity
  /** PEM, leaf first, with the issuing CA. */
  readonly chain: string
  /** PKCS#8, PEM. */
  readonly privateKey: string
  /** From this instant on a new one is due. */
  readonly renewAt: Date
}

export interface ServerCertificateMeans {
  readonly keyStore: KeyStore
  readonly installation: string
  readonly names: ServerNames
  readonly algorithm: KeyAlgorithmName
}

const PROFILE = 'signet-server'

/** The certificate in use when it is good, names what it should and has life left, else a new one, recorded before it is shown. */
export async function currentServerCertificate(
  context: ActContext,
  { keyStore, installation, names, algorithm }: ServerCertificateMeans,
): Promise<ServerCertificate> {
  const { certificate, issuer, sealedKey, place, validity, renewAt } = await currentOwnKey(context, {
    identity: PROFILE,
    algorithm,
    issuedBy: () => context.issuingKeyFor(PROFILE),
    requestFor: (publicKey) => ({ profile: PROFILE, ...names, publicKey, lifetimeSeconds: 'default' }),
    placeOf: (keyFingerprint) => serverKeyContext(installation, keyFingerprint),
    latest: (tx) => tx.latestServerKey(),
    insert: (tx, record) => tx.insertServerKey(record),
    saysWhatItShould: (certified) => namesAre(certified, context, names),
  })
  return {
    validity,
    chain: encodePem('CERTIFICATE', certificate.der) + encodePem('CERTIFICATE', issuer.certificate.der),
    privateKey: keyStore.openTlsKey(sealedKey, place),
    renewAt,
  }
}

/** Whether the certificate names exactly what it would name if it were made now. */
function namesAre({ tbs }: Certificate, context: ActContext, names: ServerNames): boolean {
  const found = tbs.subjectAlternativeName ?? []
  const wanted = generalNamesOf(sanOf({ profile: PROFILE, ...names }, context.trustDomain))
  return found.map(textOf).sort().join() === wanted.map(textOf).sort().join()
}

function textOf(name: GeneralName): string {
  if (name.kind === 'ip') return `ip:${Buffer.from(name.octets).toString('hex')}`
  return name.kind === 'dns' ? `dns:${name.value}` : name.kind
}
