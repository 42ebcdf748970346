import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for one test, gone with it. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'signet-cli-'))

  at(name: string): string {
    return join(this.path, name)
  }

  write(name: string, contents: string | Uint8Array): string {
    writeFileSync(this.at(name), contents)
    return this.at(name)
  }

  read(name: string): string {
    return readFileSync(this.at(name), 'utf8')
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
