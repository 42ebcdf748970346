// A body in parts on a real connection: whole, in order, made no sooner than the reader takes it, and given up with its reader.
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { writeParts } from '../../src/http/write-parts.ts'

const PART_OCTETS = 50_000
const PARTS = 1000
/** What the system, and the two ends of the connection, may hold of a body that nobody reads. */
const HELD_AT_MOST = 400
/** A batch of `writeParts`, 512 KiB, with the part that fills it. */
const BATCH_PARTS = 11

const servers = new Set<() => void>()
afterEach(() => {
  for (const close of servers) close()
  servers.clear()
})

interface Serving {
  readonly url: string
  readonly port: number
  readonly taken: () => number
  readonly closed: Promise<undefined>
}

/** In shared memory, as pieces of a CRL are. */
function* partsTaken(count: { taken: number }): Generator<Uint8Array> {
  for (let number = 0; number < PARTS; number += 1) {
    count.taken += 1
    yield new Uint8Array(new SharedArrayBuffer(PART_OCTETS)).fill(number % 251)
  }
}

async function serve(): Promise<Serving> {
  const count = { taken: 0 }
  const closed = Promise.withResolvers<undefined>()
  const server = createServer((_, outgoing: ServerResponse) => {
    outgoing.once('close', () => closed.resolve(undefined))
    outgoing.writeHead(200, { 'content-length': String(PARTS * PART_OCTETS) })
    writeParts(outgoing, partsTaken(count))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  servers.add(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${String(port)}/`, port, taken: () => count.taken, closed: closed.promise }
}

test('every part arrives, in its place', async () => {
  const { url } = await serve()
  const body = Buffer.from(await (await fetch(url)).arrayBuffer())
  expect(body).toHaveLength(PARTS * PART_OCTETS)
  const wrong = Array.from({ length: PARTS }, (_, number) => number).filter((number) => {
    const part = body.subarray(number * PART_OCTETS, (number + 1) * PART_OCTETS)
    return part[0] !== number % 251 || part.at(-1) !== number % 251
  })
  expect(wrong).toEqual([])
})

test('for one who does not read, parts wait unmade; when it goes, the rest is not made', async () => {
  const { port, taken, closed } = await serve()
  const reader = connect(port, '127.0.0.1')
  reader.write('GET / HTTP/1.1\r\nhost: test\r\n\r\n')
  await new Promise((readable) => reader.once('readable', readable))
  let before = -1
  while (taken() !== before) {
    before = taken()
    await new Promise((look) => setTimeout(look, 50))
  }
  expect(before).toBeLessThan(HELD_AT_MOST)
  reader.destroy()
  await closed
  expect(taken()).toBeLessThan(HELD_AT_MOST)
})

test('others have their turn while a fast reader is served', async () => {
  const { url, taken } = await serve()
  let isReading = true
  let [before, most] = [0, 0]
  const look = (): void => {
    most = Math.max(most, taken() - before)
    before = taken()
    if (isReading) setImmediate(look)
  }
  look()
  await (await fetch(url)).arrayBuffer()
  isReading = false
  expect(taken()).toBe(PARTS)
  expect(most).toBeLessThanOrEqual(BATCH_PARTS)
})
