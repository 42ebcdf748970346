// `signet init`: from nothing to a hierarchy, its first CRLs and the first administrator. Files come first and the database
// last, in one transaction: a run that was cut short left nothing that counts, and is simply run again.
import { hash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { refuseOutsideZones } from '../ca/alternative-names.ts'
import { makeMasterKeyFile } from '../ca/keystore/master-key.ts'
import { makeRootKey, readRootKey, ROOT_KEY_FILE, type RootKey } from '../ca/keystore/root-key-file.ts'
import type { CertificateRecord } from '../ca/inventory.ts'
import type { Policy } from '../ca/policy/policy.ts'
import { commonNameOf } from '../ca/subject.ts'
import { CodedError } from '../domain/coded-error.ts'
import { type Clock, systemClock, systemRandom } from '../domain/clock.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { parseDnsName } from '../domain/dns-name.ts'
import { parseUserName, type UserName } from '../domain/user-name.ts'
import {
  type AuthorityNaming,
  makeAuthorityCrl,
  makeIssuingAuthority,
  makeRootCertificate,
  type NewAuthority,
} from '../enrollment/authorities.ts'
import { recordFounding } from '../enrollment/installation.ts'
import { currentServerCertificate } from '../enrollment/server-certificate.ts'
import {
  actContext,
  NOBODY,
  type OpenInstallation,
  openInstallation,
  serverMeans,
  withFacts,
} from '../main/installation.ts'
import type { Configuration } from '../ops/configuration.ts'
import type { CrlRecord } from '../revocation/crl-store.ts'
import { type AdministratorFiles, makeAdministratorCertificate, writeAdministratorFiles } from './administrator.ts'
import { RootFolder, RootFolderRefused } from './root-folder.ts'

export type InitErrorCode = 'already_initialised' | 'root_inside_data_folder' | 'hierarchy_unsupported'

export class InitRefused extends CodedError<InitErrorCode> {}

export interface InitRequest {
  readonly configuration: Configuration
  readonly rootFolder: string
  readonly rootPassphrase: string
  readonly algorithm: KeyAlgorithmName
  readonly administrator: string
  /** Where the administrator's key, certificate and PKCS#12 go. */
  readonly adminFolder: string
  readonly adminPassphrase: string
}

export interface InitResult {
  readonly installation: string
  readonly rootSha256: string
  readonly authorities: readonly string[]
  readonly rootFolder: string
  readonly files: AdministratorFiles
}

/** Throws `InitRefused`, `RootFolderRefused` and what the parts throw; what it made before can be made again. */
export async function initialise(
  request: InitRequest,
  progress: (step: string) => void,
  clock: Clock = systemClock,
): Promise<InitResult> {
  const { configuration } = request
  refuseRootInside(configuration, request.rootFolder)
  makeMasterKey(configuration)
  mkdirSync(configuration.dataFolder, { recursive: true, mode: 0o700 })
  const opened = await openInstallation(configuration, NOBODY, clock)
  try {
    if (opened.facts !== undefined) throw new InitRefused('already_initialised', { data: configuration.dataFolder })
    refuseUnfitNames(opened, request)
    const result = await found(opened, request, progress)
    progress('server certificate')
    await makeServerCertificate(opened)
    return result
  } finally {
    await opened.storage.close()
  }
}

/** Every name that goes into a certificate, before anything is made: also those that only the service would use. */
function refuseUnfitNames({ policy, configuration }: OpenInstallation, { administrator }: InitRequest): void {
  const { organization } = configuration
  parseUserName(administrator, policy.names)
  commonNameOf({ profile: 'root', authority: rootAuthority(policy), generation: 1, organization }, policy)
  const names = configuration.serverNames.dnsNames.map((name) => parseDnsName(name, policy.names))
  const authority = [...policy.hierarchy.authorities.values()].find(({ issues }) => issues.includes('signet-server'))
  if (authority !== undefined) refuseOutsideZones(names, authority)
}

/** The service would make it at its first start; made now, what is wrong with it is said now. */
async function makeServerCertificate(opened: OpenInstallation): Promise<void> {
  const founded = await withFacts(opened)
  if (founded.facts === undefined) throw new Error('the founding transaction was not kept')
  await currentServerCertificate(actContext(founded), serverMeans(founded, founded.facts))
}

async function found(
  opened: OpenInstallation,
  request: InitRequest,
  progress: (step: string) => void,
): Promise<InitResult> {
  const { configuration, algorithm } = request
  const folder = new RootFolder(request.rootFolder)
  const installation = beginLedger(folder, opened, request)
  progress('root key')
  const rootKey = await openOrMakeRoot(request, opened)
  progress('root certificate')
  const root = await makeRoot(folder, opened, request, rootKey)
  const authorities: NewAuthority[] = [root]
  for (const authority of onlineAuthorities(opened.policy)) {
    progress(`${authority} CA`)
    authorities.push(await makeBelow(folder, opened, { algorithm, authority, configuration }, root, rootKey))
  }
  progress('first CRLs')
  const crls = await firstCrls(opened, authorities, rootKey)
  progress('administrator')
  const admin = await makeAdministrator(opened, request, authorities)
  progress('database')
  await opened.storage.run((tx) =>
    recordFounding(tx, {
      keyStore: opened.keyStore,
      installation,
      demo: configuration.demo,
      organization: configuration.organization,
      algorithm,
      userId: randomUUID(),
      administrator: admin.name,
      authorities,
      crls,
      administratorCertificate: admin.record,
      at: opened.means.clock.now(),
    }),
  )
  folder.note({ kind: 'complete', at: opened.means.clock.now().toISOString() })
  return {
    installation,
    rootSha256: hash('sha256', root.issued.der, 'hex'),
    authorities: authorities.map(({ issuer }) => issuer.id),
    rootFolder: folder.path,
    files: admin.files,
  }
}

/** A root beside the database would be stolen with it; only the demonstration may. */
function refuseRootInside({ dataFolder, demo }: Configuration, rootFolder: string): void {
  const inside = relative(resolve(dataFolder), resolve(rootFolder))
  const isInside = !inside.startsWith('..') && !isAbsolute(inside)
  if (isInside && !demo) throw new InitRefused('root_inside_data_folder', { root: rootFolder, data: dataFolder })
}

function makeMasterKey({ masterKey }: Configuration): void {
  if (masterKey.kind !== 'file' || existsSync(masterKey.path)) return
  mkdirSync(join(masterKey.path, '..'), { recursive: true, mode: 0o700 })
  makeMasterKeyFile(masterKey.path, systemRandom)
}

/** The id of the installation: a fresh one, or that of the run that was cut short here with the same answers. */
function beginLedger(folder: RootFolder, opened: OpenInstallation, request: InitRequest): string {
  const entries = folder.ledger()
  if (entries.some(({ kind }) => kind === 'complete')) {
    throw new RootFolderRefused('root_folder_in_use', { path: folder.path, why: 'it belongs to an installation' })
  }
  const { organization } = request.configuration
  const begun = entries.find((entry) => entry.kind === 'begun')
  if (begun !== undefined) {
    if (begun.organization === organization && begun.algorithm === request.algorithm) return begun.installation
    throw new RootFolderRefused('root_folder_in_use', {
      path: folder.path,
      why: 'a run with another organization or algorithm was cut short here',
    })
  }
  if (existsSync(join(folder.path, ROOT_KEY_FILE))) {
    throw new RootFolderRefused('root_folder_in_use', { path: folder.path, why: 'a root key without a ledger' })
  }
  const installation = randomUUID()
  const at = opened.means.clock.now().toISOString()
  folder.note({ kind: 'begun', at, installation, organization, algorithm: request.algorithm })
  return installation
}

async function openOrMakeRoot(request: InitRequest, { means }: OpenInstallation): Promise<RootKey> {
  const { rootFolder, algorithm, rootPassphrase } = request
  return existsSync(join(rootFolder, ROOT_KEY_FILE))
    ? readRootKey(rootFolder, rootPassphrase)
    : makeRootKey(rootFolder, algorithm, rootPassphrase, means.random)
}

async function makeRoot(
  folder: RootFolder,
  { means, policy }: OpenInstallation,
  { configuration }: InitRequest,
  key: RootKey,
): Promise<NewAuthority> {
  const at = means.clock.now().toISOString()
  folder.note({ kind: 'intent', at, what: 'root certificate' })
  const naming = namingOf(configuration, rootAuthority(policy))
  const made = await makeRootCertificate(means, naming, key.signer('certificate'))
  folder.noteSigned('root certificate', made.issued)
  folder.keepCertificate(made.issued.der)
  return made
}

async function makeBelow(
  folder: RootFolder,
  { means, keyStore }: OpenInstallation,
  asked: {
    readonly algorithm: KeyAlgorithmName
    readonly authority: string
    readonly configuration: Configuration
  },
  root: NewAuthority,
  rootKey: RootKey,
): Promise<NewAuthority> {
  const what = `${asked.authority} CA certificate`
  folder.note({ kind: 'intent', at: means.clock.now().toISOString(), what })
  const parent = { issuer: root.issuer, signer: rootKey.signer('certificate') }
  const naming = namingOf(asked.configuration, asked.authority)
  const made = await makeIssuingAuthority(means, naming, { keyStore, ...asked }, parent)
  folder.noteSigned(what, made.issued)
  return made
}

async function firstCrls(
  { means, keyStore, policy }: OpenInstallation,
  authorities: readonly NewAuthority[],
  rootKey: RootKey,
): Promise<readonly CrlRecord[]> {
  const { crl, rootCrl } = policy.revocation
  const given = { before: undefined, revoked: [], coversRevision: 0, now: means.clock.now() }
  const rootLife = { backdateSeconds: crl.backdateSeconds, nextUpdateSeconds: rootCrl.nextUpdateSeconds }
  return Promise.all(
    authorities.map(({ issuer, key }) =>
      key === undefined
        ? makeAuthorityCrl(issuer, rootKey.signer('crl'), { ...given, life: rootLife })
        : makeAuthorityCrl(issuer, keyStore.signerOf('crl', key), { ...given, life: crl }),
    ),
  )
}

interface Administrator {
  readonly name: UserName
  readonly record: CertificateRecord
  readonly files: AdministratorFiles
}

/** Key, certificate and PKCS#12 of the first administrator, written before the database knows the certificate. */
async function makeAdministrator(
  opened: OpenInstallation,
  request: InitRequest,
  authorities: readonly NewAuthority[],
): Promise<Administrator> {
  const name = parseUserName(request.administrator, opened.policy.names)
  const [root] = authorities
  const parent = authorities.find(({ issuer }) => issuer.authority.issues.includes('admin'))
  if (root === undefined || parent?.key === undefined) throw new InitRefused('hierarchy_unsupported')
  const signer = opened.keyStore.signerOf('certificate', parent.key)
  const made = await makeAdministratorCertificate(opened.means, name, request.algorithm, {
    issuer: parent.issuer,
    signer,
  })
  const files = await writeAdministratorFiles(request.adminFolder, request.adminPassphrase, {
    ...made,
    chain: [parent.issuer.certificate.der],
    root: root.issued.der,
  })
  return { name, record: made.record, files }
}

function rootAuthority({ hierarchy }: Policy): string {
  const roots = [...hierarchy.authorities.values()].filter(({ parent }) => parent === null)
  const [root] = roots
  if (root === undefined || roots.length > 1) throw new InitRefused('hierarchy_unsupported', { roots: roots.length })
  return root.name
}

/** CAs under the root whose keys the service holds. */
function onlineAuthorities({ hierarchy }: Policy): readonly string[] {
  return [...hierarchy.authorities.values()].filter(({ key }) => key === 'online').map(({ name }) => name)
}

function namingOf({ organization, publicHttpUrl }: Configuration, authority: string): AuthorityNaming {
  return { authority, generation: 1, organization, publicHttpUrl }
}
