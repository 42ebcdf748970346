// What `signet service watch` does each time it looks: gets the first certificate, renews or rekeys when it is time or when a
// rotation was asked for, puts the files in place, and runs the hook. It decides nothing about when: the caller does.
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { Certificate } from '../x509/certificate.ts'
import type { Answer } from './answer.ts'
import { nextKey } from './cert-renew.ts'
import type { ServiceClient } from './client.ts'
import { connect } from './connect.ts'
import { Hook, HOOK_SECONDS } from './hook.ts'
import type { Host } from './host.ts'
import { type FileRights, type IdentityFolder, NAMES } from './identity-folder.ts'
import { readBytesIfThere, readText } from './read-file.ts'
import { Refused } from './refused.ts'
import { segment } from './segment.ts'
import type { ClientPair } from './service-options.ts'
import type { WatchFigures } from './watch-report.ts'
import { parsePem } from '../x509/pem.ts'
import { parseCertificate } from '../x509/certificate.ts'

const MAX_TOKEN_BYTES = 4096

export interface WatchSettings {
  readonly service: string
  readonly folder: IdentityFolder
  readonly url: URL
  readonly trustFile: string
  readonly timeoutSeconds: number
  readonly tokenFile: string | undefined
  /** To begin with, where there is neither a certificate in the folder nor a token. */
  readonly firstPair: ClientPair | undefined
  readonly algorithm: string
  readonly key: 'new' | 'same'
  readonly lifetimeSeconds: number | undefined
  readonly rights: FileRights
  readonly hook: string | undefined
}

export class WatchedService {
  readonly #settings: WatchSettings
  readonly #hook: Hook
  readonly #host: Host
  #notAfter: Date | undefined
  #lastContact: Date | undefined
  #lastGood: Date | undefined
  #failures = 0
  /** A token is spent once: the same one is not tried again for ever. */
  #triedToken = ''

  constructor(settings: WatchSettings, host: Host) {
    this.#settings = settings
    this.#hook = new Hook({ command: settings.hook, mark: settings.folder.at('.hook-due'), seconds: HOOK_SECONDS })
    this.#host = host
  }

  figures(): WatchFigures {
    return {
      service: this.#settings.service,
      notAfter: this.#notAfter,
      lastContact: this.#lastContact,
      lastGood: this.#lastGood,
      failures: this.#failures,
      isHookDue: this.#hook.isDue,
    }
  }

  /** Brings everything up to date, and gives the instant at which the certificate is to be renewed. Throws `Refused`. */
  async look(): Promise<Date> {
    this.#failures += 1
    this.#settings.folder.make()
    const certificate = await this.#fresh()
    this.#notAfter = certificate.tbs.validity.notAfter
    await this.#hook.runIfDue(this.#variables)
    if (renewAt(certificate) <= this.#now())
      throw new Refused('renewal_due_at_once', { notAfter: this.#notAfter.toISOString() })
    this.#failures = 0
    this.#lastGood = this.#now()
    return renewAt(certificate)
  }

  async #fresh(): Promise<Certificate> {
    const { folder } = this.#settings
    const before = await folder.current()
    this.#notAfter = before?.tbs.validity.notAfter
    if (before === undefined || before.tbs.validity.notAfter <= this.#now()) return this.#begin(before)
    try {
      return await this.#follow(before)
    } catch (error) {
      // Revoked, or unknown by now: only a new enrolment helps, if there is a token for one.
      if (!isRefusedCertificate(error) || !(await this.#hasNewToken())) throw error
      return this.#begin(before)
    }
  }

  async #follow(before: Certificate): Promise<Certificate> {
    const { service, folder, key } = this.#settings
    const pair = { certificate: folder.at(`current/${NAMES.certificate}`), key: folder.at(`current/${NAMES.key}`) }
    const client = await this.#client(pair)
    const shown = await client.get(`/v1/services/${segment(service)}`)
    this.#lastContact = this.#now()
    const own = shown.list('certificates').find((row) => row.text('serial') === before.tbs.serialHex)
    const isRotationDue = own?.document['isDue'] === true || own?.document['replacedBy'] !== undefined
    if (!isRotationDue && this.#now() < renewAt(before)) return before
    const lifetimeSeconds = this.#settings.lifetimeSeconds
    if (key === 'same' && !isRotationDue) {
      const issued = await client.write('POST', '/v1/certificates/renew', { lifetimeSeconds })
      return this.#install(issued, await readText(pair.key), before.tbs.spki)
    }
    return this.#withNextKey((csr) => client.write('POST', '/v1/certificates/rekey', { csr, lifetimeSeconds }))
  }

  /** The first certificate, or one after the last has ended. */
  async #begin(before: Certificate | undefined): Promise<Certificate> {
    const { service, firstPair, lifetimeSeconds } = this.#settings
    const path = `/v1/services/${segment(service)}/certificates`
    const enrolmentToken = await this.#takeToken()
    if (enrolmentToken === undefined && (firstPair === undefined || before !== undefined)) {
      throw new Refused('enrolment_needed', { service })
    }
    const client = await this.#client(enrolmentToken === undefined ? firstPair : undefined)
    return this.#withNextKey((csr) => client.write('POST', path, { csr, enrolmentToken, lifetimeSeconds }))
  }

  /** The key lies in the folder before it is asked for, and is taken again when the answer is lost. */
  async #withNextKey(ask: (csr: string) => Promise<Answer>): Promise<Certificate> {
    const { service, folder, algorithm } = this.#settings
    const file = folder.at('.next.key')
    const { csr, publicKey } = await nextKey(file, algorithm, service)
    try {
      const certificate = await this.#install(await ask(csr), await readText(file), publicKey)
      rmSync(file, { force: true })
      return certificate
    } catch (error) {
      if (isRefusedKey(error)) rmSync(file, { force: true })
      throw error
    }
  }

  async #install(issued: Answer, key: string, publicKey: Uint8Array): Promise<Certificate> {
    const certificate = parseCertificate(parsePem(issued.text('certificate'), 'CERTIFICATE'))
    if (Buffer.compare(certificate.tbs.spki, publicKey) !== 0) throw new Refused('answer_unfit', { why: 'another key' })
    this.#lastContact = this.#now()
    const { folder, trustFile, rights } = this.#settings
    this.#hook.fallDue()
    const chain = issued.text('chain')
    const texts = { certificate: issued.text('certificate') + chain, key, chain, trust: await readText(trustFile) }
    folder.install(texts, rights)
    this.#host.stderr(`${this.#settings.service}: certificate ${issued.text('serial')} is in place\n`)
    return certificate
  }

  async #readToken(): Promise<string | undefined> {
    const { tokenFile } = this.#settings
    const bytes = tokenFile === undefined ? undefined : await readBytesIfThere(tokenFile, MAX_TOKEN_BYTES)
    const text = bytes === undefined ? '' : Buffer.from(bytes).toString('utf8').trim()
    return text === '' ? undefined : text
  }

  async #hasNewToken(): Promise<boolean> {
    const token = await this.#readToken()
    return token !== undefined && digestOf(token) !== this.#triedToken
  }

  async #takeToken(): Promise<string | undefined> {
    if (!(await this.#hasNewToken())) return undefined
    return this.#readToken()
  }

  #client(pair: ClientPair | undefined): Promise<ServiceClient> {
    const { url, trustFile, timeoutSeconds } = this.#settings
    return connect(url, trustFile, pair, timeoutSeconds)
  }

  /** Refused tokens are not tried again: whoever mends it writes another. */
  async forgetRefusedToken(code: string): Promise<void> {
    if (code !== 'enrolment_token_invalid') return
    const token = await this.#readToken()
    if (token !== undefined) this.#triedToken = digestOf(token)
  }

  /** What the command of the operator is told. */
  get #variables(): Readonly<Record<string, string>> {
    const { folder, service } = this.#settings
    return {
      SIGNET_SERVICE: service,
      SIGNET_CERT: folder.at(NAMES.certificate),
      SIGNET_KEY: folder.at(NAMES.key),
      SIGNET_CA: folder.at(NAMES.trust),
    }
  }

  #now(): Date {
    return this.#host.clock.now()
  }
}

/** Two thirds of its life. */
function renewAt({ tbs: { validity } }: Certificate): Date {
  const [start, end] = [validity.notBefore.getTime(), validity.notAfter.getTime()]
  return new Date(start + ((end - start) * 2) / 3)
}

function isRefusedCertificate(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'client_certificate_refused'
}

/** Asked for again it would be refused again: the key is in use already, since this was killed right after it was put in place. */
function isRefusedKey(error: unknown): boolean {
  return error instanceof Error && 'code' in error && REFUSED_KEY.has(error.code)
}

const REFUSED_KEY: ReadonlySet<unknown> = new Set(['key_not_new', 'key_compromised', 'key_of_another_identity'])

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
