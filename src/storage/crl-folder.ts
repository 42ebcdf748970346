// CRLs as files, for those who serve them from elsewhere: `users-1.crl`, `users-1/delta.crl`, `users-1/7.crl` and `index.json`,
// as under `/pki/crl`. A file is there wholly or not at all, also after a power cut, and none takes the place of one with a
// higher number, whoever else writes there. The work is done in a thread: 40 MB take their time to reach a disk.
import { Worker } from 'node:worker_threads'
import type { CrlScopeKey } from '../domain/crl-scope.ts'
import { StorageUnavailable } from './errors.ts'

export interface FolderCrl {
  readonly scope: CrlScopeKey
  readonly number: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  readonly sha256: string
  readonly parts: readonly Uint8Array[]
}

export type FolderAnswer =
  /** `superseded`: one with a higher number is there. */
  { readonly kind: 'written' | 'superseded' } | { readonly kind: 'failed'; readonly why: string }

export class CrlFolder {
  readonly #folder: string
  #worker: Worker | undefined

  /** It is made when the first CRL is written. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Synced once resolved. One at a time. Throws `StorageUnavailable`. */
  async write(crl: FolderCrl): Promise<'written' | 'superseded'> {
    const worker = (this.#worker ??= this.#start())
    const answer = await new Promise<FolderAnswer>((resolve) => {
      worker.once('message', resolve)
      worker.once('exit', () => resolve({ kind: 'failed', why: 'the thread has ended' }))
      worker.postMessage(crl)
    })
    worker.removeAllListeners('exit').on('exit', () => (this.#worker = undefined))
    if (answer.kind === 'failed')
      throw new StorageUnavailable(`a CRL could not be written to ${this.#folder}`, answer.why)
    return answer.kind
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  #start(): Worker {
    const worker = new Worker(new URL('./crl-folder-worker.ts', import.meta.url), { workerData: this.#folder })
    worker.on('error', () => (this.#worker = undefined))
    return worker
  }
}
