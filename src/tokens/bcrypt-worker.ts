// The thread of `bcrypt-thread.ts`.
import { parentPort } from 'node:worker_threads'
import bcrypt from 'bcryptjs'
import type { BcryptAnswer, BcryptOrder } from './bcrypt-thread.ts'

parentPort?.on('message', ({ number, passphrase, setting }: BcryptOrder) => {
  parentPort?.postMessage({ number, ...worked(passphrase, setting) } satisfies BcryptAnswer)
})

function worked(passphrase: string, setting: string): { readonly hash: string } | { readonly fault: string } {
  try {
    return { hash: bcrypt.hashSync(passphrase, setting) }
  } catch (error) {
    return { fault: error instanceof Error ? error.message : 'bcrypt failed' }
  }
}
