// The beginning of a body, read so far as it may name the model, and then passed on with the rest: a stream is never held in memory.
import type { IncomingMessage } from 'node:http'
import { type BodyModel, MAX_BODY_BYTES, readBodyModel } from '../../proxies/body-model.ts'

export interface BegunBody {
  readonly model: BodyModel | 'untold'
  /** What was read; the rest comes from the request itself. */
  readonly begun: readonly Buffer[]
}

/** Methods whose bodies mean nothing (RFC 9110 §9.3.1). */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** Whether a body means nothing, and is passed on as it comes. */
export function isWithoutBody({ method = '' }: IncomingMessage): boolean {
  return WITHOUT_BODY.has(method)
}

/** A body that must be whole may come over a slow line. */
const PATIENCE = 6

/**
 * `required`: a body that is too long to read names nothing that we could trust, and is refused. `optional`: it goes on unread.
 * The same for one that is not there in time: what is streamed may wait for the answer to what came first.
 * Rejects with what reading rejects with: the client has gone.
 */
export async function readBegun(
  request: IncomingMessage,
  selector: 'optional' | 'required',
  seconds: number,
): Promise<BegunBody> {
  if (isWithoutBody(request)) return { model: isAlone(request) ? NO_BODY : 'untold', begun: [] }
  const { begun, isWhole } = await readUpTo(
    request,
    MAX_BODY_BYTES,
    selector === 'required' ? PATIENCE * seconds : seconds,
  )
  if (!isWhole && selector === 'optional') return { model: 'untold', begun }
  const { 'content-type': contentType, 'content-encoding': contentEncoding } = request.headers
  const model = isWhole
    ? readBodyModel({ bytes: Buffer.concat(begun), contentType, contentEncoding })
    : ({ kind: 'refused', fault: 'too-large' } as const)
  // What we do not read may still be what the model server takes; only where a name is asked for is it missing.
  return {
    model: model.kind === 'refused' && selector === 'optional' && !isAmbiguous(model.fault) ? 'untold' : model,
    begun,
  }
}

const NO_BODY: BodyModel = Object.freeze({ kind: 'absent', why: 'no-body' })

/** Whether nothing comes behind the headers (RFC 9112 §6.3). */
function isAlone({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
}

/** Whether two readers could read another model in it, which is refused everywhere. */
function isAmbiguous(fault: Extract<BodyModel, { readonly kind: 'refused' }>['fault']): boolean {
  return fault === 'repeated' || fault === 'spelling' || fault === 'malformed' || fault === 'not-text'
}

async function readUpTo(
  request: IncomingMessage,
  maxBytes: number,
  maxSeconds: number,
): Promise<{ readonly begun: readonly Buffer[]; readonly isWhole: boolean }> {
  const begun: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => stop(false), maxSeconds * 1000)
    const stop = (isWhole: boolean): void => {
      clearTimeout(timer)
      request.pause()
      request.off('data', take).off('end', whole).off('error', gone).off('close', gone)
      resolve({ begun, isWhole })
    }
    const take = (chunk: Buffer): void => {
      begun.push(chunk)
      bytes += chunk.length
      if (bytes > maxBytes) stop(false)
    }
    const whole = (): void => stop(true)
    const gone = (): void => {
      clearTimeout(timer)
      reject(new Error('the client has gone'))
    }
    request.on('data', take).on('end', whole).on('error', gone).on('close', gone)
  })
}
