// CAs and CRLs from a Signet service. Its index of CRLs says what there is; each CRL is fetched when its number has risen, a large one by
// its delta where that is enough. While the feed of revocations is heard, large CRLs are left for later: what they would say is known
// already. What cannot be had of one CA keeps nothing of the others back.
import type { IssuerId } from '../../domain/issuer-id.ts'
import { MAX_CRL_BYTES } from '../../x509/crl.ts'
import type { ServiceLine } from './ask-service.ts'
import { type CrlIndex, type DeltaRow, type FullRow, readCrlIndex } from './crl-index.ts'
import { EvidenceUnreadable } from './evidence-file.ts'
import type { EvidenceSink } from './evidence-sink.ts'

const INDEX = '/pki/crl'
const MAX_INDEX_BYTES = 16 * 1024 * 1024
const MAX_CERTIFICATE_BYTES = 64 * 1024

/** Smaller CRLs cost nothing to fetch whenever they change. */
const SMALL_CRL_BYTES = 1024 * 1024

/** `due`: what must be fetched; `all`: everything whose number has risen. */
export type Extent = 'due' | 'all'

export class ServiceSource {
  readonly #line: Pick<ServiceLine, 'get'>
  readonly #sink: EvidenceSink
  readonly #now: () => Date
  /** By issuer, the CA certificates that were fetched: they never change. Of those that the index lists. */
  readonly #authorities = new Map<IssuerId, Uint8Array>()
  /** When the complete CRL that is held of an issuer is to be replaced, news or not. */
  readonly #dueAt = new Map<IssuerId, number>()
  /** Of these something is known to be new, however large it is. */
  #newsOf: ReadonlySet<IssuerId> | 'none' = 'none'

  constructor(line: Pick<ServiceLine, 'get'>, sink: EvidenceSink, now: () => Date) {
    this.#line = line
    this.#sink = sink
    this.#now = now
  }

  /** Throws `EvidenceUnreadable`, and what the first CA that does not hold is refused with, when all else was taken. */
  async refresh(extent: Extent, signal: AbortSignal): Promise<void> {
    const index = readCrlIndex(await this.#line.get(INDEX, MAX_INDEX_BYTES, signal), INDEX)
    const faults: unknown[] = [...index.faults, ...(await this.#takeAuthorities(index, signal))]
    for (const row of index.full) {
      try {
        await this.#fetch(row, index.deltas.get(row.issuer), extent, signal)
      } catch (fault) {
        faults.push(fault)
      }
    }
    if (faults.length > 0) throw faults[0]
  }

  /** Every CRL is fetched when its number has risen, however large it is. */
  allDue(): void {
    this.#newsOf = new Set(this.#authorities.keys())
  }

  /** What could not be had. */
  async #takeAuthorities({ full }: CrlIndex, signal: AbortSignal): Promise<readonly unknown[]> {
    const listed = new Set(full.map(({ issuer }) => issuer))
    for (const kept of this.#authorities.keys()) if (!listed.has(kept)) this.#authorities.delete(kept)
    const faults: unknown[] = []
    for (const issuer of listed) {
      try {
        await this.#fetchAuthority(issuer, signal)
      } catch (fault) {
        faults.push(fault)
      }
    }
    const given = [...this.#authorities].map(([id, der]) => ({ der, id }))
    for (const { given: refused, fault } of this.#sink.takeAuthorities(given)) {
      // Another answer may be better.
      for (const [id, der] of this.#authorities) if (der === refused.der) this.#authorities.delete(id)
      faults.push(fault)
    }
    return faults
  }

  async #fetchAuthority(issuer: IssuerId, signal: AbortSignal): Promise<void> {
    if (this.#authorities.has(issuer)) return
    this.#authorities.set(issuer, await this.#line.get(`/pki/ca/${issuer}.cer`, MAX_CERTIFICATE_BYTES, signal))
  }

  async #fetch(row: FullRow, delta: DeltaRow | undefined, extent: Extent, signal: AbortSignal): Promise<void> {
    const wanted = this.#wanted(row, delta, extent)
    if (wanted === 'nothing') return
    const { issuer } = row
    const isEnough = wanted === 'delta' && delta !== undefined && (await this.#isToldBy(delta, signal))
    if (!isEnough && (await this.#take(`/pki/crl/${issuer}.crl`, signal)) === 'taken') this.#plan(row)
    if (this.#newsOf !== 'none') this.#newsOf = new Set([...this.#newsOf].filter((each) => each !== issuer))
  }

  /** A delta that is not what the index says, or cannot be had, hides no news: the complete CRL has them too. */
  async #isToldBy({ issuer, number }: DeltaRow, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#take(`/pki/crl/${issuer}/delta.crl`, signal)
    } catch (error) {
      if (!(error instanceof EvidenceUnreadable)) throw error
    }
    return (this.#sink.numbersOf(issuer)?.newest ?? -1n) >= number
  }

  async #take(path: string, signal: AbortSignal): Promise<'taken' | 'of-others'> {
    const taken = this.#sink.takeCrl(await this.#line.get(path, MAX_CRL_BYTES, signal))
    // Of a root that is not pinned here nothing is believed, and nothing missed.
    if (taken.kind === 'refused' && taken.fault === 'crl-issuer-other') return 'of-others'
    if (taken.kind === 'refused') throw new EvidenceUnreadable(path, taken.fault)
    return 'taken'
  }

  /** At half of its life, give or take a quarter, so that many consumers do not come at once. */
  #plan({ issuer, thisUpdate, nextUpdate }: FullRow): void {
    const life = nextUpdate.getTime() - thisUpdate.getTime()
    this.#dueAt.set(issuer, thisUpdate.getTime() + life * (0.25 + Math.random() / 2))
  }

  #wanted(row: FullRow, delta: DeltaRow | undefined, extent: Extent): 'complete' | 'delta' | 'nothing' {
    const { issuer, number, bytes } = row
    const held = this.#sink.numbersOf(issuer)
    if (held === undefined) return 'complete'
    const isDue = this.#now().getTime() >= (this.#dueAt.get(issuer) ?? 0)
    if (number > held.complete && (isDue || bytes <= SMALL_CRL_BYTES)) return 'complete'
    if (number <= held.newest || (extent === 'due' && !this.#hasNews(issuer))) return 'nothing'
    return delta !== undefined && delta.base <= held.complete && delta.number >= number ? 'delta' : 'complete'
  }

  /** Of one whose own certificate does not say what it is called nobody vouches that the feed speaks of it. */
  #hasNews(issuer: IssuerId): boolean {
    return (this.#newsOf !== 'none' && this.#newsOf.has(issuer)) || !this.#sink.isNamed(issuer)
  }
}
