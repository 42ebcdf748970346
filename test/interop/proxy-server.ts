// What every real proxy of the tests is told and can do, whichever program it is.
import type { ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { vi } from 'vitest'
import { end, start } from './program.ts'

export interface ProxySetting {
  /** Of its own, for its files. */
  readonly folder: string
  /** Those that it serves. */
  readonly hosts: readonly string[]
  readonly port: number
  readonly modelPort: number
  /** `localhost:8443`. */
  readonly signet: string
  /** PEM files: the proxy's own service certificate with its chain, its key, and the roots. */
  readonly certificate: string
  readonly key: string
  readonly roots: string
  /** What a test changes in the configuration, to see what becomes of that. */
  readonly turned?: (configuration: string) => string
}

export interface ProxyServer {
  stop(): Promise<void>
}

export type StartProxy = (setting: ProxySetting) => Promise<ProxyServer>

export interface Started {
  readonly program: string
  readonly words: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Told to finish and go. */
  readonly signal: NodeJS.Signals
}

/** Resolves when the port takes connections; throws with what the program said when it ends before. */
export async function startProxy(port: number, { program, words, environment, signal }: Started): Promise<ProxyServer> {
  const child = start(program, words, environment === undefined ? {} : { environment })
  const said = collect(child)
  await vi.waitFor(
    async () => {
      if (child.exitCode !== null) throw new Error(`${program} ended: ${said()}`)
      await reach(port)
    },
    { timeout: 10_000, interval: 25 },
  )
  return { stop: () => end(child, signal) }
}

/** A pipe that nobody reads would stop the program. */
function collect(child: ChildProcess): () => string {
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}

function reach(port: number): Promise<void> {
  return new Promise((reached, failed) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      reached()
    })
    socket.once('error', failed)
  })
}
