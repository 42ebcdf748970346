// Writes an answer as bytes. The names that are to be removed are the same eighty for nearly every call, and are most of the answer:
// they are encoded once for each list (Protocol Buffers encoding, "Length-Delimited Records": an embedded message is its tag, its
// length and its fields, in any order).
import { AUTHORIZATION, type CheckResponse } from './protocol.ts'

/** Field 3 of CheckResponse, `ok_response`, as a length-delimited record. */
const OK_RESPONSE_TAG = 0x1a

/** By the very list: the desk gives the same one for the same names. */
const LISTS = new WeakMap<readonly string[], Buffer>()

/** Other bytes than the library's, and the same message. */
export function encodeCheckResponse(response: CheckResponse): Buffer {
  const { ok_response: ok, ...rest } = response
  if (ok === undefined) return encode(response)
  const headers = fieldsOfOkResponse(encode({ ok_response: { ...ok, headers_to_remove: [] } }))
  const list = encodedList(ok.headers_to_remove)
  return Buffer.concat([encode(rest), tagged(headers.length + list.length), headers, list])
}

function encode(response: Partial<CheckResponse>): Buffer {
  const { Check } = AUTHORIZATION
  if (Check === undefined) throw new TypeError('no such method')
  return Check.responseSerialize(response)
}

function encodedList(names: readonly string[]): Buffer {
  const known = LISTS.get(names)
  if (known !== undefined) return known
  const list = fieldsOfOkResponse(encode({ ok_response: { headers: [], headers_to_remove: names } }))
  LISTS.set(names, list)
  return list
}

/** Of bytes that are this one record and nothing else. */
function fieldsOfOkResponse(record: Buffer): Buffer {
  if (record[0] !== OK_RESPONSE_TAG) throw new TypeError('not one ok_response')
  let at = 1
  while ((record[at] ?? 0) >= 0x80) at += 1
  return record.subarray(at + 1)
}

function tagged(length: number): Buffer {
  const bytes = [OK_RESPONSE_TAG]
  let left = length
  for (; left >= 0x80; left >>>= 7) bytes.push((left & 0x7f) | 0x80)
  bytes.push(left)
  return Buffer.from(bytes)
}
