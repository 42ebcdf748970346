// Clients that fetch one file again and again over plain HTTP, of several servers in turn: each round a moment of the one and a moment of
// the other, so that a machine which others slow down slows both. They read as little of what comes as a client can.
import { connect, type Socket } from 'node:net'
import { processorSeconds, readInput } from './pinned.ts'

export interface DownloadTarget {
  readonly port: number
  readonly path: string
  /** Of the server: what it used is read with the clock. */
  readonly pid: number
}

export interface DownloadOrder {
  readonly targets: readonly DownloadTarget[]
  readonly connections: number
  /** The first of them warms up and is not told. */
  readonly rounds: number
  /** Of each target in each round. */
  readonly seconds: number
}

export interface Downloaded {
  readonly files: number
  readonly seconds: number
  readonly processorSeconds: number
}

const READ_OCTETS = 1024 * 1024
const HEAD_END = Buffer.from('\r\n\r\n')

class Downloader {
  readonly #request: Buffer
  readonly #socket: Socket
  #left = 0
  #done: PromiseWithResolvers<undefined> = Promise.withResolvers()

  constructor({ port, path }: DownloadTarget) {
    this.#request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    const buffer = Buffer.alloc(READ_OCTETS)
    const callback = (count: number): boolean => {
      this.#take(buffer, count)
      return true
    }
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer, callback } })
    this.#socket.on('error', (error) => this.#done.reject(error))
    this.#socket.on('close', () => this.#done.reject(new Error('the server closed the connection')))
  }

  fetch(): Promise<undefined> {
    this.#done = Promise.withResolvers()
    this.#socket.write(this.#request)
    return this.#done.promise
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy()
  }

  #take(buffer: Buffer, count: number): void {
    if (this.#left === 0) this.#left = octetsOf(buffer.subarray(0, count))
    this.#left -= count
    if (this.#left === 0) this.#done.resolve(undefined)
  }
}

/** Of the whole answer. Its head comes in one piece. */
function octetsOf(first: Buffer): number {
  const end = first.indexOf(HEAD_END)
  const head = first.toString('latin1', 0, end)
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1])
  if (!head.startsWith('HTTP/1.1 200') || Number.isNaN(length)) throw new Error(`no file: ${head}`)
  return end + HEAD_END.length + length
}

async function download(clients: readonly Downloader[], pid: number, seconds: number): Promise<Downloaded> {
  let files = 0
  const [began, used] = [performance.now(), processorSeconds(pid)]
  const isRunning = (): boolean => performance.now() - began < seconds * 1000
  // One that sleeps has to be woken by the server's own writes, and takes turns with it instead of working beside it.
  const stayAwake = (): void => {
    if (isRunning()) setImmediate(stayAwake)
  }
  stayAwake()
  await Promise.all(
    clients.map(async (client) => {
      while (isRunning()) {
        await client.fetch()
        files += 1
      }
    }),
  )
  return { files, seconds: (performance.now() - began) / 1000, processorSeconds: processorSeconds(pid) - used }
}

const { targets, connections, rounds, seconds } = await readInput<DownloadOrder>()
const clients = targets.map((target) => Array.from({ length: connections }, () => new Downloader(target)))
const taken: Downloaded[][] = []
for (let round = 0; round < rounds; round += 1) {
  const ofRound: Downloaded[] = []
  for (const [index, { pid }] of targets.entries()) {
    ofRound.push(await download(clients[index] ?? [], pid, seconds))
  }
  taken.push(ofRound)
}
console.log(JSON.stringify(taken.slice(1)))
for (const client of clients.flat()) client.close()
