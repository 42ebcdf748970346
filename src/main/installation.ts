// Opens an installation: its policy, its master key, its database and the CAs in it. What `serve` and every offline command
// begin with; it starts nothing and listens nowhere.
import { existsSync } from 'node:fs'
import { CrlPartitions } from '../ca/crl-partitions.ts'
import { FileKeyStore } from '../ca/keystore/file-key-store.ts'
import { MasterKeyRejected } from '../ca/keystore/errors.ts'
import type { KeyStore } from '../ca/keystore/key-store.ts'
import { type MasterKey, readMasterKey } from '../ca/keystore/master-key.ts'
import type { IssuingMeans } from '../ca/issue.ts'
import { makeIssuer } from '../ca/issuer.ts'
import type { IssuerRecord } from '../ca/issuer-store.ts'
import { loadPolicy } from '../ca/policy/load-policy.ts'
import type { Policy } from '../ca/policy/policy.ts'
import type { NumberedChange } from '../domain/change.ts'
import { type Clock, systemClock, systemRandom } from '../domain/clock.ts'
import { CodedError } from '../domain/coded-error.ts'
import { parseDnsName } from '../domain/dns-name.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { KEY_ALGORITHMS, type KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { parseSerialNumber } from '../domain/serial-number.ts'
import { NO_QUARANTINE, parseQuarantine, type Quarantine, requireMayCertify } from '../domain/quarantine.ts'
import type { ActContext } from '../enrollment/act-context.ts'
import { openPartitions } from '../enrollment/crl-partitions.ts'
import { type BookedIssuer, IssuerBook } from '../enrollment/issuer-book.ts'
import type { ServerCertificateMeans, ServerNames } from '../enrollment/server-certificate.ts'
import { issuerKeyContext } from '../enrollment/sealed-keys.ts'
import { type Configuration, describeDatabase } from '../ops/configuration.ts'
import { StorageUnavailable } from '../storage/errors.ts'
import { DEFAULT_POLLING, openStorage } from '../storage/open-storage.ts'
import type { Storage } from '../storage/storage.ts'

/** The policy that comes with Signet; an installation may bring its own. */
export const OWN_POLICY_FOLDER = new URL('../../ca', import.meta.url).pathname

/** What the database says of itself, once `init` has committed. */
export interface InstallationFacts {
  readonly installation: string
  readonly demo: boolean
  readonly epoch: string
  readonly organization: string
  readonly algorithm: KeyAlgorithmName
  /** As it was when the installation was opened. */
  readonly quarantine: Quarantine
}

export interface OpenInstallation {
  readonly configuration: Configuration
  readonly policy: Policy
  readonly keyStore: KeyStore
  readonly storage: Storage
  readonly means: IssuingMeans
  readonly book: IssuerBook
  /** Undefined before `init`. */
  readonly facts: InstallationFacts | undefined
}

export class NotInitialised extends CodedError<'not_initialised'> {
  constructor(dataFolder: string) {
    super('not_initialised', { data: dataFolder, fix: 'signet init' })
  }
}

/** The database or the journal cannot be opened. The cause is the system's or the server's own words. */
export class StorageUnopened extends CodedError<'storage_unopened'> {
  constructor({ database }: Configuration, cause: Error) {
    const place = describeDatabase(database)
    const fix =
      database.kind === 'postgres'
        ? 'let the server answer, or correct the settings database and journal'
        : 'make database and journal files that can be written, or correct the settings database and journal'
    super('storage_unopened', { database: place, cause: wordsOf(cause), fix }, { cause })
  }
}

/** Before anything is made in a folder that `init` has never seen. Throws `NotInitialised`. */
export function refuseEmpty({ database, dataFolder }: Configuration): void {
  if (database.kind === 'sqlite' && !existsSync(database.path)) throw new NotInitialised(dataFolder)
}

export interface StorageWatch {
  readonly onCommitted: (changes: readonly NumberedChange[]) => void
  readonly onConfirmed: (askedAtMonotonicMilliseconds: number) => void
  readonly onUnshown: (seq: number) => void
  readonly onBatch?: (batch: { readonly acts: number; readonly seconds: number }) => void
  /** Failures that no caller hears of; after a gap the state is to be loaded anew (`Reload`). */
  readonly onFault: (error: unknown) => void
}

/** For commands that act and end: what others commit meanwhile is nothing to them. */
export const NOBODY: StorageWatch = {
  onCommitted: () => undefined,
  onConfirmed: () => undefined,
  onUnshown: () => undefined,
  onFault: (error) => {
    throw error
  },
}

/** The caller closes `storage`. Throws what reading policy, key and database throws. */
export async function openInstallation(
  configuration: Configuration,
  watch: StorageWatch = NOBODY,
  clock: Clock = systemClock,
): Promise<OpenInstallation> {
  const policy = loadPolicy(configuration.policyFolder ?? OWN_POLICY_FOLDER)
  const keyStore = new FileKeyStore(readMasterKeys(configuration), systemRandom)
  const book = new IssuerBook(policy, clock)
  const { database, journal, trustDomain } = configuration
  const url = database.kind === 'sqlite' ? `sqlite:${database.path}` : database.url
  const storage = await openStorage({ url, journal, clock, polling: DEFAULT_POLLING, ...watch }).catch(
    (error: unknown) => {
      throw unopened(configuration, error)
    },
  )
  try {
    const means: IssuingMeans = {
      policy,
      trustDomain,
      clock,
      random: systemRandom,
      caKeyFingerprints: book.caKeyFingerprints,
      partitions: new CrlPartitions(),
    }
    return await withFacts({ configuration, policy, keyStore, storage, means, book, facts: undefined })
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** The one of the installation and, while it is rotated, the one that takes over. */
export function readMasterKeys({ masterKey, nextMasterKeyFile }: Configuration): readonly [MasterKey, ...MasterKey[]] {
  const first = readMasterKey(masterKey, process.env)
  if (nextMasterKeyFile === undefined) return [first]
  return [first, readMasterKey({ kind: 'file', path: nextMasterKeyFile }, process.env)]
}

/** What the system, SQLite or PostgreSQL said becomes a refusal; ours, and defects of the program, stay what they are. */
function unopened(configuration: Configuration, error: unknown): unknown {
  const cause = error instanceof StorageUnavailable ? error.cause : error
  const isDefect = cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError
  if (!(cause instanceof Error) || cause instanceof CodedError || isDefect) return error
  return new StorageUnopened(configuration, cause)
}

/** Where a name has several addresses and none answers, Node puts its words into the parts. */
function wordsOf(cause: Error): string {
  const errors: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause]
  return errors.map((error) => (error instanceof Error ? error.message : String(error))).join('; ')
}

/** The same installation with what its database says now: `init` opens one that says nothing yet. */
export async function withFacts(opened: OpenInstallation): Promise<OpenInstallation> {
  const facts = await opened.storage.run(readFacts)
  const found = { ...opened, facts }
  if (facts === undefined) return found
  const sealing = await opened.storage.run((tx) => tx.sealingKey('none'))
  if (sealing !== '') requireSealingKey(opened, sealing)
  await bookIssuers(found)
  if (sealing === '') await adoptSealingKey(opened)
  return found
}

/** Without the key that seals, a process would open the old rows and not the new ones. */
function requireSealingKey({ keyStore }: OpenInstallation, sealing: string): void {
  if (keyStore.masterKeys.includes(sealing)) return
  throw new MasterKeyRejected('master_key_not_held', { masterKey: sealing, held: keyStore.masterKeys, fix: KEY_FIX })
}

/** What to do about a process without the master key that seals. */
export const KEY_FIX =
  'name the file of that master key: masterKey.file, or masterKey.nextFile until the rotation is done'

/** An installation from before it was written down: its issuers opened, so the key is the right one. */
async function adoptSealingKey({ storage, keyStore }: OpenInstallation): Promise<void> {
  await storage.run(async (tx) => {
    if ((await tx.sealingKey('update')) === '') await tx.setSealingKey(keyStore.masterKeys[0])
  })
}

/** Takes up the CAs that are in the database and not yet in the book; gives those. Partitions are read anew. */
export async function bookIssuers({
  storage,
  book,
  keyStore,
  policy,
  configuration,
  facts,
  means,
}: OpenInstallation): Promise<readonly BookedIssuer[]> {
  const { records, partitions } = await storage.run(async (tx) => ({
    records: await tx.issuers(),
    partitions: await tx.crlPartitions(),
  }))
  means.partitions.load(partitions)
  const fresh = records.filter(({ id }) => !book.has(id))
  const booked = fresh.map((record) => bookedIssuer(record, keyStore, policy, configuration, facts?.installation ?? ''))
  for (const issuer of booked) book.add(issuer)
  await retireRevoked(storage, book)
  return booked
}

function bookedIssuer(
  record: IssuerRecord,
  keyStore: KeyStore,
  policy: Policy,
  { publicHttpUrl }: Configuration,
  installation: string,
): BookedIssuer {
  const issuer = makeIssuer(record, policy, publicHttpUrl)
  if (record.sealedKey === undefined) return { issuer }
  const place = issuerKeyContext(installation, record.id)
  return {
    issuer,
    certificateSigner: keyStore.openSigner('certificate', record.sealedKey, place),
    crlSigner: keyStore.openSigner('crl', record.sealedKey, place),
  }
}

async function readFacts(tx: Parameters<Parameters<Storage['run']>[0]>[0]): Promise<InstallationFacts | undefined> {
  const installation = await tx.metadata('installation')
  const algorithm = KEY_ALGORITHMS.get((await tx.metadata('algorithm')) ?? '')?.name
  if (installation === undefined || algorithm === undefined) return undefined
  return {
    installation,
    algorithm,
    demo: (await tx.metadata('demo')) === 'yes',
    epoch: (await tx.metadata('epoch')) ?? installation,
    organization: (await tx.metadata('organization')) ?? '',
    quarantine: parseQuarantine(await tx.metadata('quarantine')),
  }
}

/** By the certificates themselves, which a ceremony revokes. */
async function retireRevoked(storage: Storage, book: IssuerBook): Promise<void> {
  const issuers = book.all().map(({ issuer }) => issuer)
  const revoked = await storage.run(async (tx) => {
    const found: IssuerId[] = []
    for (const { id, certificate } of issuers) {
      const standing = await tx.certificateStanding(parseSerialNumber(certificate.tbs.serialHex), 'none')
      if (standing !== undefined && standing.status !== 'good') found.push(id)
    }
    return found
  })
  for (const id of revoked) book.retire(id)
}

/** Opens what the policy asks for and the database does not have yet. */
export async function openDuePartitions({
  storage,
  book,
  policy,
  means,
  configuration,
}: OpenInstallation): Promise<void> {
  const count = policy.revocation.crl.partitionsPerIssuer
  const online = book.all().flatMap(({ issuer, crlSigner }) => (crlSigner === undefined ? [] : [issuer]))
  const { publicHttpUrl } = configuration
  const partitions = await storage.run(async (tx) => {
    await openPartitions(tx, online, { count, publicHttpUrl }, means.clock.now())
    return tx.crlPartitions()
  })
  means.partitions.load(partitions)
}

/** What the acts of an installation work with. `quarantine` is asked before each certificate: a running service follows it. */
export function actContext(
  { storage, means, book, configuration, keyStore, facts }: OpenInstallation,
  quarantine: () => Quarantine = () => facts?.quarantine ?? NO_QUARANTINE,
): ActContext {
  const { publicUrl, publicHttpUrl, serverNames } = configuration
  const own = [...serverNames.dnsNames, new URL(publicUrl).hostname, new URL(publicHttpUrl).hostname]
  return {
    ...means,
    reservedDnsNames: [...means.policy.names.reservedDnsNames, ...own],
    projectsPerUser: configuration.directory.projectsPerUser,
    acts: storage,
    issuingKeyFor: (profile) => {
      requireMayCertify(quarantine(), profile)
      return book.issuingKeyFor(profile)
    },
    caSubjects: book.caSubjects,
    caCertificates: book,
    vault: { keyStore, installation: facts?.installation ?? '' },
  }
}

/** What Signet's own TLS certificate is made of and for. */
export function serverMeans(
  { keyStore, configuration, policy }: OpenInstallation,
  facts: InstallationFacts,
): ServerCertificateMeans {
  const { dnsNames, ipAddresses } = configuration.serverNames
  const [first, ...others] = dnsNames.map((name) => parseDnsName(name, policy.names))
  if (first === undefined) throw new Error('the public URL names no host')
  const names: ServerNames = { commonName: first, dnsNames: others, ipAddresses }
  return { keyStore, installation: facts.installation, names, algorithm: facts.algorithm }
}
