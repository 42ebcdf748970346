// The file of a Unix socket outlives a process that was killed. It is removed when nobody answers behind it, and only then: a file
// of another kind, and a socket in use, are left for the listener to fail on.
import { lstatSync, rmSync } from 'node:fs'
import { connect } from 'node:net'

export async function removeStaleSocket(path: string): Promise<void> {
  const isSocket = lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true
  if (isSocket && (await isRefused(path))) rmSync(path, { force: true })
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((told) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      told(false)
    })
    probe.once('error', (error: Error & { readonly code?: string }) => told(error.code === 'ECONNREFUSED'))
  })
}
