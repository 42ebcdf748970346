// One entry of the public feed in the form in which it goes out: encoded once, for however many follow (HTML Living Standard,
// server-sent events).
import type { IssuerId } from '../domain/issuer-id.ts'
import type { RevocationEvent } from '../domain/revocation-event.ts'

/** As JSON tells it. */
export interface RevocationEventDocument {
  readonly seq: number
  readonly issuer: string
  readonly serial: string
  readonly event: RevocationEvent['event']
  readonly reason: string
  readonly date: string
  readonly notAfter: string
  readonly previous: string
  readonly hash: string
}

export type FeedEntry =
  | {
      readonly kind: 'event'
      readonly seq: number
      readonly issuer: IssuerId
      readonly document: RevocationEventDocument
      readonly text: Uint8Array
    }
  /** Signed: nothing up to `seq` is missing before it. */
  | { readonly kind: 'checkpoint'; readonly seq: number; readonly jws: string; readonly text: Uint8Array }
  /** A CRL that may be fetched now. */
  | { readonly kind: 'crl'; readonly seq: number; readonly issuer: IssuerId; readonly text: Uint8Array }
  /** That the connection lives, when there is nothing to sign. */
  | { readonly kind: 'pulse'; readonly seq: number; readonly text: Uint8Array }

export const PULSE_TEXT: Uint8Array = Buffer.from(': alive\n\n')

/** `epoch` stands in each id, so that a consumer that comes back after a restore is told so. */
export function eventEntry(event: RevocationEvent, epoch: string): FeedEntry {
  const document: RevocationEventDocument = {
    seq: event.seq,
    issuer: event.issuer,
    serial: event.serial,
    event: event.event,
    reason: event.reason,
    date: event.date.toISOString(),
    notAfter: event.notAfter.toISOString(),
    previous: event.previous,
    hash: event.hash,
  }
  const text = serverSent('revocation', JSON.stringify(document), `${epoch}.${String(event.seq)}`)
  return { kind: 'event', seq: event.seq, issuer: event.issuer, document, text }
}

export type CheckpointEntry = FeedEntry & { readonly kind: 'checkpoint' }

export function checkpointEntry(jws: string, seq: number, epoch: string): CheckpointEntry {
  return { kind: 'checkpoint', seq, jws, text: serverSent('checkpoint', jws, `${epoch}.${String(seq)}`) }
}

export function crlEntry(
  { issuer, number }: { readonly issuer: IssuerId; readonly number: number },
  seq: number,
): FeedEntry {
  return { kind: 'crl', seq, issuer, text: serverSent('crl', JSON.stringify({ issuer, number })) }
}

/** `data` holds no line end. */
export function serverSent(name: string, data: string, id?: string): Uint8Array {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`)
}
