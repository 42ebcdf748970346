// Makes and signs one OCSP answer (RFC 6960 §4.2), with the certificate of the responder. What it says is the caller's.
import { addSeconds } from '../domain/clock.ts'
import type { Signer } from '../domain/signer.ts'
import { ocspNonce } from '../x509/extensions/ocsp-nonce.ts'
import { assembleOcspResponse } from '../x509/ocsp-response.ts'
import { encodeResponseData, type StatedCertStatus } from '../x509/ocsp-response-data.ts'

/** A delegated responder of one issuer (§4.2.2.2). */
export interface OcspSigner {
  readonly signer: Signer<'ocsp'>
  /** DER. */
  readonly certificate: Uint8Array
  /** SHA-1 of its key, by which answers name it: no name of ours changes with a renewal, and the key does. */
  readonly keyHash: Uint8Array
  readonly endsAt: Date
  /** From this instant on another one signs. */
  readonly renewAt: Date
}

export interface OcspDates {
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  readonly producedAt: Date
}

export interface OcspContents extends OcspDates {
  /** CertIDs, encoded as they were asked, with what is said of each. */
  readonly statuses: readonly { readonly certId: Uint8Array; readonly status: StatedCertStatus }[]
  readonly nonce: Uint8Array | undefined
}

export interface OcspTimes {
  readonly backdateSeconds: number
  readonly nextUpdateSeconds: number
}

/**
 * thisUpdate lies before the moment of signing, as in CRLs, for those whose clock is slow; it rises with every answer that
 * follows a change, so that of two the later one shows. An answer ends with its responder at the latest.
 */
export function ocspDates(now: Date, after: Date | undefined, endsAt: Date, times: OcspTimes): OcspDates {
  const producedAt = new Date(Math.floor(now.getTime() / 1000) * 1000)
  const backdated = addSeconds(producedAt, -times.backdateSeconds).getTime()
  const thisUpdate = after === undefined ? backdated : Math.max(backdated, after.getTime() + 1000)
  const nextUpdate = Math.min(addSeconds(producedAt, times.nextUpdateSeconds).getTime(), endsAt.getTime())
  return { thisUpdate: new Date(thisUpdate), nextUpdate: new Date(nextUpdate), producedAt }
}

/** The answer in DER. */
export async function makeOcspResponse(contents: OcspContents, responder: OcspSigner): Promise<Uint8Array> {
  const { statuses, nonce, thisUpdate, nextUpdate, producedAt } = contents
  const data = encodeResponseData({
    responderKeyHash: responder.keyHash,
    producedAt,
    responses: statuses.map((single) => ({ ...single, thisUpdate, nextUpdate })),
    extensions: nonce === undefined ? [] : [ocspNonce(nonce)],
  })
  const { signer, certificate } = responder
  return assembleOcspResponse(data, signer.algorithm, await signer.sign(data), [certificate])
}
