import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES, readBodyModel } from '../../src/proxies/body-model.ts'

function outcomeOf(body: string | Uint8Array, contentType = 'application/json', contentEncoding?: string): string {
  const read = readBodyModel({ bytes: Buffer.from(body), contentType, contentEncoding })
  switch (read.kind) {
    case 'named':
      return `named ${read.model}`
    case 'absent':
      return read.why
    case 'refused':
      return read.fault
  }
}

describe('the model of a body', () => {
  it.each([
    ['{"model":"org/llm-7b","messages":[]}', 'named org/llm-7b'],
    ['{"messages":[{"model":"b"}],"model":"a"}', 'named a'],
    ['{"a":"\\"model\\":","model":"a","b":"}{"}', 'named a'],
    ['{"mod\\u0065l":"a"}', 'named a'],
    [' {\n"model" :\t"a" }', 'named a'],
    ['', 'no-body'],
    ['{}', 'no-member'],
    ['{"messages":[{"model":"b"}]}', 'no-member'],
    ['{"a":"model"}', 'no-member'],
    ['["model","a"]', 'no-member'],
    ['"model"', 'no-member'],
    ['null', 'no-member'],
    ['{"model":"a","model":"b"}', 'repeated'],
    ['{"model":"a","model":"a"}', 'repeated'],
    ['{"model":"a","mod\\u0065l":"b"}', 'repeated'],
    ['{"model":{"x":{"model":1}},"x":[1,{"a":2}],"model":"b"}', 'repeated'],
    ['{"model":"a","MODEL":"b"}', 'spelling'],
    ['{"Model":"a"}', 'spelling'],
    ['{"model":null}', 'not-text'],
    ['{"model":["a"]}', 'not-text'],
    ['{"model":{"name":"a"}}', 'not-text'],
    ['{"model":7}', 'not-text'],
    ['{"model":""}', 'malformed'],
    ['{"model":"a\\u0000"}', 'malformed'],
    ['{"model":"a\\nb"}', 'malformed'],
    ['{"model":"\\ud800"}', 'malformed'],
    [`{"model":"${'a'.repeat(257)}"}`, 'malformed'],
    ['{"model":"a"', 'not-json'],
    ['{"model":"a"}{"model":"b"}', 'not-json'],
    ['{"model":"a"}\n{"model":"b"}', 'not-json'],
    ["{'model':'a'}", 'not-json'],
    ['{model:"a"}', 'not-json'],
    ['{"model":"a",}', 'not-json'],
    ['{"model":"a"/*,"model":"b"*/}', 'not-json'],
    ['\ufeff{"model":"a"}', 'not-json'],
    ['\u0000{"model":"a"}', 'not-json'],
    ['model=a', 'not-json'],
  ])('%j', (body, outcome) => {
    expect(outcomeOf(body)).toBe(outcome)
  })

  it.each<[string, string | Uint8Array, string, string | undefined, string]>([
    ['JSON that says it is text', '{"model":"a"}', 'text/plain', undefined, 'named a'],
    ['JSON of a more exact type', '{"model":"a"', 'application/cloudevents+json; charset=utf-8', undefined, 'not-json'],
    ['a form', 'model=a', 'application/x-www-form-urlencoded', undefined, 'unread'],
    ['parts', '--x\r\n', 'multipart/form-data; boundary=x', undefined, 'unread'],
    ['compressed', '{"model":"a"}', 'application/json', 'gzip', 'encoded'],
    ['not compressed, and says so', '{"model":"a"}', 'application/json', 'Identity', 'named a'],
    ['another charset', '{"model":"a"}', 'application/json; charset=utf-7', undefined, 'encoded'],
    ['UTF-8 and another charset', '{"model":"a"}', 'application/json; charset=utf-8x', undefined, 'encoded'],
    ['UTF-8', '{"model":"a"}', 'application/json;charset="UTF-8"', undefined, 'named a'],
    ['UTF-16', Buffer.from('{"model":"a"}', 'utf16le'), 'application/json', undefined, 'not-json'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'application/json', undefined, 'not-json'],
  ])('%s', (_what, body, type, encoding, outcome) => {
    expect(outcomeOf(body, type, encoding)).toBe(outcome)
  })

  it.each([
    [MAX_BODY_BYTES, 'named a'],
    [MAX_BODY_BYTES + 1, 'too-large'],
  ])('%d bytes', (bytes, outcome) => {
    const rest = '{"model":"a","b":""}'
    expect(outcomeOf(`{"model":"a","b":"${'\\"'.repeat((bytes - rest.length) / 2)}${bytes % 2 ? ' ' : ''}"}`)).toBe(
      outcome,
    )
  })

  it('stands deep nesting', () => {
    const depth = 100_000
    expect(outcomeOf(`{"a":${'['.repeat(depth)}${']'.repeat(depth)},"model":"a"}`)).toBe('named a')
  })

  it('is what JSON.parse says of any object that names it once', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string({ minLength: 1 }), (rest, model) => {
        fc.pre(!Object.keys(rest).some((name) => name.toLowerCase() === 'model') && !/\p{Cc}/u.test(model))
        expect(outcomeOf(JSON.stringify({ ...rest, model }))).toBe(`named ${model}`)
        expect(outcomeOf(JSON.stringify(rest))).toBe('no-member')
        expect(outcomeOf(`{"model":"x",${JSON.stringify({ ...rest, model }).slice(1)}`)).toBe('repeated')
      }),
    )
  })
})
