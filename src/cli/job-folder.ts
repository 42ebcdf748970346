// Where `signet job run` keeps the identity of a job: a folder of its own that only this user can enter, in memory where there
// is such a place, and gone with the job. Files are replaced whole, so a reader never sees half of one.
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PUBLIC, SECRET, writeAtomically } from './atomic-file.ts'
import type { Host } from './host.ts'

export class JobFolder {
  readonly path: string

  constructor({ environment }: Pick<Host, 'environment'>) {
    const places = [environment['XDG_RUNTIME_DIR'], '/dev/shm', tmpdir()]
    const place = places.find((path) => path !== undefined && path !== '' && isWritable(path)) ?? tmpdir()
    // Mode 0700, whatever the umask says.
    this.path = mkdtempSync(join(place, 'signet-job-'))
  }

  get certificate(): string {
    return join(this.path, 'cert.pem')
  }

  get key(): string {
    return join(this.path, 'key.pem')
  }

  get token(): string {
    return join(this.path, 'token')
  }

  keepKey(pem: string): void {
    writeAtomically(this.key, pem, SECRET)
  }

  keepCertificate(pem: string): void {
    writeAtomically(this.certificate, pem, PUBLIC)
  }

  keepToken(token: string): void {
    writeAtomically(this.token, token, SECRET)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
