import { describe, expect, test } from 'vitest'
import { encodeCheckResponse } from '../../src/grpc/encode-check-response.ts'
import { AUTHORIZATION, type CheckResponse, type HeaderValueOption } from '../../src/grpc/protocol.ts'

const header = (key: string, value: string): HeaderValueOption => ({
  header: { key, value },
  append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
})
const REASON = { fields: [{ key: 'reason', value: { string_value: 'ALLOWED' } }] }
const LONG = Array.from({ length: 300 }, (_, at) => `x-name-${at}`)

const ANSWERS: readonly (readonly [string, CheckResponse])[] = [
  ['nothing set, nothing removed', allowed([], [])],
  ['one name', allowed([], ['x-a'])],
  ['headers and no names', allowed([header('a', 'b')], [])],
  ['both', allowed([header('a', 'b'), header('c', 'x'.repeat(700))], ['x-a', 'x-ä'])],
  ['more than two bytes of length', allowed([header('a', 'x'.repeat(20_000))], LONG)],
  [
    'a refusal',
    {
      status: { code: 7, message: 'NOT_A_MEMBER' },
      denied_response: { status: { code: 403 }, headers: [header('a', 'b')], body: '{}' },
      dynamic_metadata: REASON,
    },
  ],
]

function allowed(headers: readonly HeaderValueOption[], headers_to_remove: readonly string[]): CheckResponse {
  return {
    status: { code: 0, message: 'ALLOWED' },
    ok_response: { headers, headers_to_remove },
    dynamic_metadata: REASON,
  }
}

describe('an encoded answer', () => {
  test.each(ANSWERS)('is the message that the library writes: %s', (_, answer) => {
    const { Check } = AUTHORIZATION
    const byLibrary: unknown = Check?.responseDeserialize(Check.responseSerialize(answer))
    expect(byLibrary).toMatchObject({ status: { message: answer.status.message } })
    // Twice: a list is encoded once.
    for (let time = 0; time < 2; time += 1) {
      expect(Check?.responseDeserialize(encodeCheckResponse(answer))).toEqual(byLibrary)
    }
  })
})
