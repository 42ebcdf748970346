// The feed of revocations as it is heard on one connection after another: each event is chained to the one before of its issuer, and
// signed checkpoints say that nothing is missing. What does not fit is a gap: then everything begins anew, behind CRLs that cover it.
//
// What revokes counts when it comes. What takes back waits for a checkpoint, which alone is signed. What an earlier beginning said is
// looked at again only when a checkpoint stands behind the new one, so that no revocation is unknown for a moment.
import { type IssuerId, IssuerIdRejected, parseIssuerId } from '../../domain/issuer-id.ts'
import { parseRevocationReason } from '../../domain/revocation-reason.ts'
import { linked } from '../../domain/revocation-event.ts'
import { parseSerialNumber } from '../../domain/serial-number.ts'
import type { FeedEvent } from '../revocation/feed-events.ts'
import type { EvidenceSink } from './evidence-sink.ts'
import type { FeedCheckpoint } from './feed-checkpoint.ts'
import { dateIn, membersOf, numberIn, textIn } from './json-members.ts'

/** The feed and what is known do not fit together. */
export class FeedGap extends Error {}

export interface FeedPlace {
  readonly epoch: string
  readonly seq: number
}

export interface FeedReset extends FeedPlace {
  /** The feed goes on behind CRLs of these numbers. */
  readonly crls: ReadonlyMap<IssuerId, bigint>
}

type FeedSink = Pick<EvidenceSink, 'tell' | 'vouchForFeed' | 'restartFeed'>

interface Told {
  readonly issuer: IssuerId
  readonly event: FeedEvent
}

/** Processes of one service sign by clocks of their own, which differ by less. */
const CLOCKS_DIFFER_MILLISECONDS = 60_000

/** Most events between two checkpoints, which are ten seconds apart. More of them are a matter for CRLs. */
const MAX_UNVOUCHED_EVENTS = 100_000

/** Most issuers whose chains are followed. */
const MAX_ISSUERS = 10_000

export class HeardFeed {
  readonly #sink: FeedSink
  readonly #maxUnvouched: number
  #place: FeedPlace | undefined
  /** Where it began: heads of issuers up to here are not known. */
  #beganAt = 0
  readonly #heads = new Map<string, string>()
  /** Time of the latest checkpoint, in milliseconds: one that is much older is told again to hide what came since. */
  #signedAt = -Infinity
  /** Events that no checkpoint stands behind yet. */
  #unvouched: Told[] = []
  /** Whether a checkpoint stands behind the beginning. */
  #beginning: 'vouched' | 'unvouched' = 'unvouched'

  constructor(sink: FeedSink, maxUnvouched: number = MAX_UNVOUCHED_EVENTS) {
    this.#sink = sink
    this.#maxUnvouched = maxUnvouched
  }

  /** Where to go on; undefined: with a reset. */
  get place(): FeedPlace | undefined {
    return this.#place
  }

  /** Once CRLs of the numbers in the reset are held. */
  begin({ epoch, seq }: FeedPlace): void {
    this.#place = { epoch, seq }
    this.#beganAt = seq
    this.#heads.clear()
    this.#unvouched = []
    this.#beginning = 'unvouched'
  }

  forget(): void {
    this.#place = undefined
  }

  /** Throws `FeedGap`, and `TypeError` for what is no event. Gives what happened. */
  takeEvent(data: string): FeedEvent['event'] {
    const place = this.#placeOr('an event before a beginning')
    const { issuer, event, previous, hash } = parseEvent(data)
    const head = this.#heads.get(issuer)
    if (head !== undefined && head !== previous) throw new FeedGap('an event is missing')
    if (event.seq <= place.seq) throw new FeedGap('numbers go back')
    if (this.#unvouched.length >= this.#maxUnvouched) throw new FeedGap('too many events without a checkpoint')
    this.#follow(issuer, hash)
    this.#place = { ...place, seq: event.seq }
    this.#unvouched.push({ issuer, event })
    if (event.event !== 'released') this.#sink.tell(issuer, event)
    return event.event
  }

  /** Throws `FeedGap`. `now`: by our own clock. */
  takeCheckpoint({ epoch, seq, heads, time }: FeedCheckpoint, now: Date): void {
    const place = this.#placeOr('a checkpoint before a beginning')
    if (Math.abs(now.getTime() - time.getTime()) > CLOCKS_DIFFER_MILLISECONDS)
      throw new FeedGap('a checkpoint of another time than the clock here says')
    if (time.getTime() < this.#signedAt - CLOCKS_DIFFER_MILLISECONDS)
      throw new FeedGap('a checkpoint that is told again')
    if (epoch !== place.epoch) throw new FeedGap('another epoch')
    if (seq < place.seq) throw new FeedGap('a checkpoint of before')
    for (const [issuer, head] of heads) {
      const own = this.#heads.get(issuer)
      if (own === undefined ? head.seq > this.#beganAt : own !== head.hash)
        throw new FeedGap('the last event is another')
      this.#follow(issuer, head.hash)
    }
    this.#place = { epoch, seq }
    this.#signedAt = Math.max(this.#signedAt, time.getTime())
    this.#settle()
  }

  #settle(): void {
    const told = this.#unvouched
    const isNew = this.#beginning === 'unvouched'
    this.#unvouched = []
    this.#beginning = 'vouched'
    if (isNew) this.#sink.restartFeed(this.#beganAt)
    for (const { issuer, event } of told) {
      if (isNew || event.event === 'released') this.#sink.tell(issuer, event)
    }
    this.#sink.vouchForFeed()
  }

  #follow(issuer: string, hash: string): void {
    if (this.#heads.size >= MAX_ISSUERS && !this.#heads.has(issuer)) throw new FeedGap('too many issuers')
    this.#heads.set(issuer, hash)
  }

  #placeOr(why: string): FeedPlace {
    if (this.#place === undefined) throw new FeedGap(why)
    return this.#place
  }
}

interface ParsedEvent extends Told {
  readonly previous: string
  readonly hash: string
}

const KINDS = ['revoked', 'held', 'released', 'reason-changed'] as const

function parseEvent(data: string): ParsedEvent {
  const members = membersOf(JSON.parse(data))
  const kind = KINDS.find((each) => each === members.get('event'))
  if (kind === undefined) throw new TypeError('an event of another kind')
  const fact = {
    seq: numberIn(members, 'seq'),
    issuer: parseIssuerId(textIn(members, 'issuer')),
    serial: parseSerialNumber(textIn(members, 'serial')),
    event: kind,
    reason: parseRevocationReason(textIn(members, 'reason')),
    date: dateIn(members, 'date'),
    notAfter: dateIn(members, 'notAfter'),
  }
  const { previous, hash } = linked(fact, textIn(members, 'previous'))
  if (hash !== textIn(members, 'hash')) throw new FeedGap('an event is not what its hash says')
  const { seq, issuer, serial, reason, date } = fact
  return { issuer, previous, hash, event: { seq, serialHex: serial, event: kind, reason, date } }
}

/** Throws `TypeError`. */
export function parseReset(data: string): FeedReset {
  const members = membersOf(JSON.parse(data))
  const rows = members.get('crls')
  if (!Array.isArray(rows)) throw new TypeError('no CRLs')
  const crls = new Map<IssuerId, bigint>()
  for (const row of rows.map(membersOf)) {
    const issuer = issuerIn(row)
    if (issuer !== undefined) crls.set(issuer, BigInt(numberIn(row, 'number')))
  }
  return { epoch: textIn(members, 'epoch'), seq: numberIn(members, 'seq'), crls }
}

function issuerIn(row: ReadonlyMap<string, unknown>): IssuerId | undefined {
  try {
    return parseIssuerId(textIn(row, 'issuer'))
  } catch (error) {
    if (error instanceof IssuerIdRejected) return undefined
    throw error
  }
}
