// Signet's own TLS certificate: issued by the process to itself before it listens, also after a long downtime, and again
// when a third of its life is left. Replicas share one through the database; its key is sealed there like every other.
import type { KeyStore } from '../ca/keystore/key-store.ts'
import { generalNamesOf, sanOf } from '../ca/alternative-names.ts'
import { prepareCertificate, signPermit } from '../ca/issue.ts'
import type { ServerKeyRecord } from '../ca/issuer-store.ts'
import { addSeconds } from '../domain/clock.ts'
import type { DnsName } from '../domain/dns-name.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { parseSerialNumber } from '../domain/serial-number.ts'
import type { Validity } from '../domain/validity.ts'
import { parseCertificate } from '../x509/certificate.ts'
import type { GeneralName } from '../x509/general-name.ts'
import { encodePem } from '../x509/pem.ts'
import { parsePublicKey } from '../x509/public-key.ts'
import type { ActContext } from './act-context.ts'
import { recordCertificate } from './issue-certificate.ts'
import { serverKeyContext } from './sealed-keys.ts'
import type { UnitOfWork } from './unit-of-work.ts'

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
  means: ServerCertificateMeans,
): Promise<ServerCertificate> {
  const latest = await context.acts.run(latestThatIsGood)
  const found = latest === undefined ? undefined : served(context, means, latest)
  if (latest !== undefined && found !== undefined && isStillRight(context, means, latest, found)) return found
  const made = served(context, means, await issueServerCertificate(context, means))
  if (made === undefined) throw new Error('the issuer of a new server certificate is not the one in use')
  return made
}

/** One that was revoked or held is not shown again: clients that look at the CRL would refuse it. */
async function latestThatIsGood(tx: UnitOfWork): Promise<ServerKeyRecord | undefined> {
  const latest = await tx.latestServerKey()
  const record = latest === undefined ? undefined : await tx.certificate(parseSerialNumber(latest.serial), 'none')
  return record?.status === 'good' ? latest : undefined
}

function isStillRight(
  context: ActContext,
  means: ServerCertificateMeans,
  { certificate }: ServerKeyRecord,
  { renewAt }: ServerCertificate,
): boolean {
  return context.clock.now() < renewAt && namesAre(certificate, context, means.names)
}

async function issueServerCertificate(
  context: ActContext,
  { keyStore, installation, names, algorithm }: ServerCertificateMeans,
): Promise<ServerKeyRecord> {
  const key = await keyStore.generate(algorithm)
  const publicKey = parsePublicKey(key.publicKey)
  const { issuer, signer } = context.issuingKeyFor(PROFILE)
  const request = { profile: PROFILE, ...names, publicKey, lifetimeSeconds: 'default' } as const
  const issued = await signPermit(prepareCertificate(request, issuer, context), signer)
  const place = serverKeyContext(installation, publicKey.fingerprint)
  return context.acts.run(async (tx) => {
    const record: ServerKeyRecord = {
      serial: issued.serial,
      sealedKey: keyStore.seal(key, place, await tx.sealingKey('share')),
      certificate: issued.der,
      createdAt: issued.issuedAt,
    }
    const own = {
      identity: 'signet-server',
      requester: 'system',
      obtainedWith: 'installation',
      status: 'good',
    } as const
    await recordCertificate(tx, { ...issued, ...own }, { requestId: '' })
    await tx.insertServerKey(record)
    return record
  })
}

/** Undefined when its issuer is not the one in use any more. */
function served(
  context: ActContext,
  { keyStore, installation }: ServerCertificateMeans,
  { certificate, sealedKey }: ServerKeyRecord,
): ServerCertificate | undefined {
  const { tbs } = parseCertificate(certificate)
  const { issuer } = context.issuingKeyFor(PROFILE)
  if (Buffer.compare(tbs.issuerEncoded, issuer.subject) !== 0) return undefined
  const { validity } = tbs
  const lifeSeconds = (validity.notAfter.getTime() - validity.notBefore.getTime()) / 1000
  return {
    validity,
    chain: encodePem('CERTIFICATE', certificate) + encodePem('CERTIFICATE', issuer.certificate.der),
    privateKey: keyStore.openTlsKey(sealedKey, serverKeyContext(installation, tbs.publicKey.fingerprint)),
    renewAt: addSeconds(validity.notAfter, -lifeSeconds / 3),
  }
}

/** Whether the certificate names exactly what it would name if it were made now. */
function namesAre(der: Uint8Array, context: ActContext, names: ServerNames): boolean {
  const found = parseCertificate(der).tbs.subjectAlternativeName ?? []
  const wanted = generalNamesOf(sanOf({ profile: PROFILE, ...names }, context.trustDomain))
  return found.map(textOf).sort().join() === wanted.map(textOf).sort().join()
}

function textOf(name: GeneralName): string {
  if (name.kind === 'ip') return `ip:${Buffer.from(name.octets).toString('hex')}`
  return name.kind === 'dns' ? `dns:${name.value}` : name.kind
}
