// Our subset of ext_authz against Envoy's own files: every field that we name has Envoy's number, type and cardinality, in the
// message that stands at the same place. What Envoy has besides is none of our business.
import { loadSync, type PackageDefinition } from '@grpc/proto-loader'
import { describe, expect, test } from 'vitest'
import { AUTHORIZATION, AUTHORIZATION_NAME } from '../../src/grpc/protocol.ts'
import { loadEnvoy, serviceOf } from './envoy-protos.ts'

interface Field {
  readonly name: string
  readonly number: number
  readonly label: string
  readonly type: string
  readonly typeName: string
}

interface Described {
  readonly name: string
  readonly field?: readonly Field[]
  readonly nestedType?: readonly Described[]
  readonly enumType?: readonly Described[]
  readonly value?: readonly { readonly name: string; readonly number: number }[]
}

const OURS = indexOf(loadSync(new URL('../../src/grpc/ext-authz.proto', import.meta.url).pathname, { keepCase: true }))
const ENVOY = loadEnvoy()
const ENVOYS = indexOf(ENVOY)

type Index = ReadonlyMap<string, Described>

/** Every message and enum by its full name. */
function indexOf(definition: PackageDefinition): Index {
  const index = new Map<string, Described>()
  const add = (name: string, described: Described): void => {
    index.set(name, described)
    for (const inner of [...(described.nestedType ?? []), ...(described.enumType ?? [])])
      add(`${name}.${inner.name}`, inner)
  }
  for (const [name, found] of Object.entries(definition)) if ('type' in found) add(name, found.type as Described)
  return index
}

/** The full name that a reference in `from` means: the innermost scope that has it (protobuf's own rule). */
function resolve(index: Index, from: string, typeName: string): string {
  const scopes = from.split('.')
  for (let depth = scopes.length; depth >= 0; depth--) {
    const name = [...scopes.slice(0, depth), typeName].join('.').replace(/^\./, '')
    if (index.has(name)) return name
  }
  throw new Error(`${typeName} in ${from} is not found`)
}

/** What the wire tells apart: an entry of a map is a message of key and value. */
function wireOf({ number, label, type }: Field): object {
  return { number, label, type }
}

/** The loader brings a Struct of its own, with names as JavaScript has them. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

interface Compared {
  readonly fields: string[]
  readonly values: string[]
}

function compare(ours: string, envoys: string, compared: Compared, seen = new Set<string>()): void {
  if (seen.has(ours)) return
  seen.add(ours)
  for (const field of OURS.get(ours)?.field ?? []) {
    const match = ENVOYS.get(envoys)?.field?.find(({ name }) => snakeCase(name) === field.name)
    expect(match && wireOf(match), `${ours}.${field.name}`).toEqual(wireOf(field))
    compared.fields.push(`${ours.split('.').at(-1) ?? ''}.${field.name}`)
    if (match === undefined || field.typeName === '') continue
    const [own, theirs] = [resolve(OURS, ours, field.typeName), resolve(ENVOYS, envoys, match.typeName)]
    compare(own, theirs, compared, seen)
    compareValues(own, theirs, compared)
  }
}

function compareValues(ours: string, envoys: string, compared: Compared): void {
  const own = OURS.get(ours)?.value ?? []
  const theirs = new Map(ENVOYS.get(envoys)?.value?.map(({ name, number }) => [name, number]))
  for (const { name, number } of own) {
    expect(theirs.get(name), `${ours}.${name}`).toBe(number)
    compared.values.push(name)
  }
}

describe('the subset of ext_authz that Signet speaks', () => {
  test('is Envoy’s, field by field', () => {
    const compared: Compared = { fields: [], values: [] }
    for (const message of ['CheckRequest', 'CheckResponse']) {
      const name = `envoy.service.auth.v3.${message}`
      compare(name, name, compared)
    }
    // A walk that stops early would find nothing to compare.
    expect(compared.fields).toEqual(
      expect.arrayContaining(['HeaderValue.raw_value', 'Value.string_value', 'SocketAddress.address']),
    )
    expect(new Set(compared.fields).size).toBe([...OURS.values()].flatMap(({ field = [] }) => field).length)
    expect(compared.values).toEqual(expect.arrayContaining(['OVERWRITE_IF_EXISTS_OR_ADD', 'TooManyRequests']))
  })

  test('has Envoy’s method', () => {
    const { Check } = serviceOf(ENVOY, AUTHORIZATION_NAME)
    expect(AUTHORIZATION['Check']).toMatchObject({
      path: Check?.path,
      requestStream: false,
      responseStream: false,
    })
    expect(Object.keys(AUTHORIZATION)).toEqual(['Check'])
  })

  test('reads what Envoy writes', () => {
    const request = {
      attributes: {
        source: {
          address: { socket_address: { address: '192.0.2.7', port_value: 4711 } },
          principal: 'p',
          certificate: 'c',
        },
        request: {
          time: { seconds: 1 },
          http: {
            id: '1',
            method: 'POST',
            headers: { ':authority': 'h', __proto__x: 'a', 'x-a': 'ä' },
            path: '/p?q',
            host: 'h',
            size: -1,
            raw_body: Buffer.from([0, 255]),
          },
        },
        context_extensions: { deployment: 'd' },
        tls_session: { sni: 's' },
      },
    }
    const bytes = serviceOf(ENVOY, AUTHORIZATION_NAME)['Check']?.requestSerialize(request) ?? Buffer.alloc(0)
    expect(AUTHORIZATION['Check']?.requestDeserialize(bytes)).toEqual({
      attributes: {
        source: { address: { socket_address: { address: '192.0.2.7' } }, certificate: 'c' },
        request: {
          http: {
            method: 'POST',
            headers: [
              { key: ':authority', value: 'h' },
              { key: '__proto__x', value: 'a' },
              { key: 'x-a', value: 'ä' },
            ],
            path: '/p?q',
            host: 'h',
            raw_body: Buffer.from([0, 255]),
          },
        },
        context_extensions: [{ key: 'deployment', value: 'd' }],
      },
    })
  })
})
