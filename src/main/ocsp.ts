// Joins the OCSP responder: the CAs whose key is here, the responders that they certify, the inventory and the memory of this
// process.
import type { BookedIssuer, IssuerBook } from '../enrollment/issuer-book.ts'
import type { ActContext } from '../enrollment/act-context.ts'
import { currentOcspSigner } from '../enrollment/ocsp-signer.ts'
import { addSeconds } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { parseSerialNumber } from '../domain/serial-number.ts'
import type { OcspSigner } from '../revocation/make-ocsp-response.ts'
import { type OcspIssuer, OcspIssuers } from '../revocation/ocsp-issuers.ts'
import { OcspResponder } from '../revocation/ocsp-responder.ts'
import { parseCertificate } from '../x509/certificate.ts'
import type { OpenInstallation } from './installation.ts'
import type { LiveState } from './live-state.ts'
import type { Monitoring } from './monitoring.ts'

/** A look at responders at least this often, for what no change tells of. */
const LOOK_SECONDS = 3600

export interface OcspMeans {
  readonly opened: OpenInstallation
  readonly live: LiveState
  readonly context: ActContext
  readonly monitoring: Monitoring
}

/** The responders of this process, one for each CA whose key is here. */
export class OcspSigners {
  readonly #means: OcspMeans
  readonly #current = new Map<IssuerId, OcspSigner>()
  readonly #asking = new Map<IssuerId, Promise<OcspSigner>>()
  #onTouched: () => void = () => undefined
  #issuers = new OcspIssuers([])
  #booked = 0

  constructor(means: OcspMeans) {
    this.#means = means
  }

  /** The issuers as they are now, with their responders. */
  issuers(): OcspIssuers {
    const { book } = this.#means.opened
    const all = book.all()
    if (all.length !== this.#booked) {
      this.#booked = all.length
      this.#issuers = new OcspIssuers(online(book).map((booked) => this.#issuerOf(booked)))
      this.#watch()
    }
    return this.#issuers
  }

  /** Called when a CA or a responder was revoked or held: another responder is due. */
  listen(onTouched: () => void): void {
    this.#onTouched = onTouched
    this.#watch()
  }

  /** Looks at each of them in the database, makes what is due, and tells when to look again. */
  async keepUp(): Promise<Date> {
    const now = this.#means.context.clock.now()
    this.issuers()
    const signers: OcspSigner[] = []
    for (const booked of online(this.#means.opened.book)) {
      if (booked.issuer.validity.notAfter > now) signers.push(await this.#ask(booked))
    }
    const due = signers.map(({ renewAt }) => renewAt.getTime())
    return new Date(Math.min(...due, addSeconds(now, LOOK_SECONDS).getTime()))
  }

  #issuerOf(booked: BookedIssuer): OcspIssuer {
    const { issuer } = booked
    return {
      id: issuer.id,
      name: issuer.subject,
      keyBytes: issuer.publicKey.keyBytes,
      serial: serialOf(issuer.certificate.der),
      notAfter: issuer.validity.notAfter,
      signer: async () => {
        const current = this.#current.get(issuer.id)
        return current !== undefined && this.#means.context.clock.now() < current.renewAt ? current : this.#ask(booked)
      },
    }
  }

  /** One question at a time for each. */
  #ask(booked: BookedIssuer): Promise<OcspSigner> {
    const { id } = booked.issuer
    const asking =
      this.#asking.get(id) ??
      this.#lookUp(booked).finally(() => {
        this.#asking.delete(id)
      })
    this.#asking.set(id, asking)
    return asking
  }

  async #lookUp({ issuer, certificateSigner: signer }: BookedIssuer): Promise<OcspSigner> {
    if (signer === undefined) throw new Error(`the key of ${issuer.id} is not here`)
    const { context, monitoring } = this.#means
    const found = await currentOcspSigner(context, { issuer, signer })
    const before = this.#current.get(issuer.id)
    if (before !== undefined && Buffer.compare(before.certificate, found.certificate) === 0) return before
    this.#current.set(issuer.id, found)
    // Not for its age: it was revoked, and what it has signed since is not given again.
    if (before !== undefined && context.clock.now() < before.renewAt) this.#means.live.ocspAnswers.purgeAll()
    this.#watch()
    monitoring.ocspResponder(issuer.id, parseCertificate(found.certificate).tbs.validity)
    return found
  }

  /** A CA or a responder that is revoked takes every answer with it. */
  #watch(): void {
    const authorities = online(this.#means.opened.book).map(({ issuer }) => serialOf(issuer.certificate.der))
    const responders = [...this.#current.values()].map(({ certificate }) => serialOf(certificate))
    this.#means.live.ocspAnswers.watchBroadly([...authorities, ...responders], this.#onTouched)
  }
}

export function ocspResponder({ opened, live, context, monitoring }: OcspMeans, signers: OcspSigners): OcspResponder {
  const { clock } = context
  const { snapshot } = live
  return new OcspResponder({
    clock,
    policy: opened.policy.revocation.ocsp,
    answers: live.ocspAnswers,
    issuers: () => signers.issuers(),
    readRecord: (serial) => opened.storage.read((view) => view.certificate(serial, 'none')),
    remembered: (issuer, serial) => snapshot.revocation(issuer, serial),
    standing: () => {
      const age = clock.monotonicMilliseconds() - snapshot.confirmedAtMilliseconds
      if (age >= snapshot.staleAfterMilliseconds) return 'stale'
      return snapshot.quarantine.kind === 'quarantined' ? 'quarantined' : 'current'
    },
    maxRunning: opened.configuration.limits.signingQueue,
    onFailure: (error) => monitoring.failed(error, 'ocsp'),
  })
}

function online(book: IssuerBook): readonly BookedIssuer[] {
  return book.all().filter(({ certificateSigner }) => certificateSigner !== undefined)
}

function serialOf(der: Uint8Array) {
  return parseSerialNumber(parseCertificate(der).tbs.serialHex)
}
