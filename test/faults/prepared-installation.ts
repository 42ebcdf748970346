// An installation that is made in this process and then run by another: `init`, and people with certificates, entered by
// the acts themselves instead of over HTTP, because a fault test needs many of them and its fault comes later.
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { initialise, type InitResult } from '../../src/cli/init.ts'
import type { Caller } from '../../src/domain/caller.ts'
import { parseProjectName, type ProjectName } from '../../src/domain/project-name.ts'
import { parseUserName } from '../../src/domain/user-name.ts'
import type { ActContext } from '../../src/enrollment/act-context.ts'
import { addMember, addProject, addUser } from '../../src/enrollment/directory-acts.ts'
import { enrolMember } from '../../src/enrollment/enrolment-token.ts'
import { issueForMember } from '../../src/enrollment/issue-for-member.ts'
import { actContext, NOBODY, openInstallation, type OpenInstallation } from '../../src/main/installation.ts'
import { type Configuration, readConfiguration } from '../../src/ops/configuration.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { makeCsr } from '../support/csr.ts'
import type { ClientIdentity } from '../support/https-client.ts'
import { freePorts } from '../support/test-service.ts'

/** A member with a certificate, and a request for the next one with the same key. */
export interface Member extends ClientIdentity {
  readonly name: string
  readonly serial: string
  readonly csr: string
}

export interface Preparation {
  /** `postgres://…`; default SQLite in the folder. */
  readonly database?: string
  readonly members?: number
  /** Default: below the folder. */
  readonly dataFolder?: string
  readonly settings?: Readonly<Record<string, unknown>>
}

export const PROJECT = 'vision'
export const ROOT_PASSPHRASE = 'correct horse battery staple'

export class PreparedInstallation {
  readonly folder: string
  readonly configFile: string
  readonly configuration: Configuration
  readonly ca: string
  readonly admin: ClientIdentity
  readonly owner: Member
  readonly members: readonly Member[]

  private constructor(folder: string, configFile: string, init: InitResult, people: readonly Member[]) {
    this.folder = folder
    this.configFile = configFile
    this.configuration = configurationIn(folder, configFile)
    this.ca = readFileSync(init.files.trust, 'utf8')
    this.admin = {
      certificate: readFileSync(init.files.certificate, 'utf8'),
      key: readFileSync(init.files.key, 'utf8'),
    }
    const [owner, ...members] = people
    if (owner === undefined) throw new Error('a project has an owner')
    this.owner = owner
    this.members = members
  }

  static async make(preparation: Preparation = {}): Promise<PreparedInstallation> {
    const folder = mkdtempSync(join(tmpdir(), 'signet-fault-'))
    const configFile = join(folder, 'signet.yaml')
    writeFileSync(configFile, stringify(await settings(folder, preparation)))
    const configuration = configurationIn(folder, configFile)
    const init = await initialise(initRequest(folder, configuration), () => undefined)
    const opened = await openInstallation(configuration, NOBODY)
    try {
      return new PreparedInstallation(folder, configFile, init, await enterPeople(opened, preparation.members ?? 1))
    } finally {
      await opened.storage.close()
    }
  }

  get rootFolder(): string {
    return join(this.folder, 'root')
  }

  /** The root's passphrase, in a file as `signet ceremony` takes it. */
  get rootPassphraseFile(): string {
    const path = join(this.folder, 'root-passphrase')
    writeFileSync(path, `${ROOT_PASSPHRASE}\n`, { mode: 0o600 })
    return path
  }

  /** Opens it beside a running service, as an offline command does. */
  async beside<Result>(work: (context: ActContext, opened: OpenInstallation) => Promise<Result>): Promise<Result> {
    const opened = await openInstallation(this.configuration, NOBODY)
    try {
      return await work(actContext(opened), opened)
    } finally {
      await opened.storage.close()
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

async function settings(folder: string, { database, dataFolder, settings: more }: Preparation) {
  const [https, http, operations] = await freePorts(3)
  return {
    dataFolder: dataFolder ?? join(folder, 'data'),
    ...(database === undefined ? {} : { database }),
    publicUrl: `https://localhost:${String(https)}`,
    publicHttpUrl: `http://localhost:${String(http)}`,
    trustDomain: 'test.internal',
    masterKey: { file: join(folder, 'master.key') },
    listeners: {
      https: `127.0.0.1:${String(https)}`,
      http: `127.0.0.1:${String(http)}`,
      operations: `127.0.0.1:${String(operations)}`,
      browser: 'off',
      grpc: 'off',
    },
    logLevel: 'error',
    ...more,
  }
}

function configurationIn(folder: string, configFile: string): Configuration {
  return readConfiguration({ flags: {}, environment: {}, configFile, workingFolder: folder })
}

function initRequest(folder: string, configuration: Configuration) {
  mkdirSync(configuration.dataFolder, { recursive: true, mode: 0o700 })
  return {
    configuration,
    rootFolder: join(folder, 'root'),
    rootPassphrase: ROOT_PASSPHRASE,
    algorithm: 'ec-p256' as const,
    administrator: 'root-admin',
    adminFolder: join(folder, 'admin'),
    adminPassphrase: randomBytes(12).toString('hex'),
  }
}

const OPERATOR = { caller: { kind: 'offline' }, origin: { requestId: '' } } as const

/** The owner first. Acts that arrive together share a commit. */
async function enterPeople(opened: OpenInstallation, count: number): Promise<Member[]> {
  const context = actContext(opened)
  const { names } = opened.policy
  const project = parseProjectName(PROJECT, names)
  const ownerName = parseUserName('owner', names)
  await addUser(context, { ...OPERATOR, name: ownerName, platformRole: 'user' })
  await addProject(context, { ...OPERATOR, name: project, owner: ownerName })
  const owner = await certify(context, OPERATOR.caller, project, 'owner')
  const others = Array.from({ length: count }, async (_, index) => {
    const name = `member${String(index)}`
    const user = parseUserName(name, names)
    await addUser(context, { ...OPERATOR, name: user, platformRole: 'user' })
    const by = { caller: owner.caller, origin: OPERATOR.origin }
    await addMember(context, { ...by, project, user, role: 'scientist' })
    return (await certify(context, owner.caller, project, name)).member
  })
  return [owner.member, ...(await Promise.all(others))]
}

async function certify(
  context: ActContext,
  by: Caller,
  project: ProjectName,
  name: string,
): Promise<{ readonly member: Member; readonly caller: Caller }> {
  const user = parseUserName(name, context.policy.names)
  const { origin } = OPERATOR
  const { token } = await enrolMember(context, { caller: by, project, user, origin })
  const { pem: csr, key } = await makeCsr()
  const caller: Caller = { kind: 'anonymous' }
  const issued = await issueForMember(context, { caller, project, user, csr, enrolmentToken: token, origin })
  const { issuer } = context.issuingKeyFor('project-user')
  const certificate = encodePem('CERTIFICATE', issued.der) + encodePem('CERTIFICATE', issuer.certificate.der)
  const fingerprint = new X509Certificate(issued.der).fingerprint256.replaceAll(':', '').toLowerCase()
  const { serial, validity } = issued
  const own = { issuer: issued.issuer, serial, notAfter: validity.notAfter, fingerprint }
  return {
    member: { name, serial, csr, certificate, key },
    caller: { kind: 'member', project, user, certificate: own },
  }
}
