// What `npm pack` packs is the verifier for servers (`signet/verifier`), and not the service, which runs from its checkout: JavaScript and
// declarations, and a manifest without the service's packages. npm runs this before (`prepack`) and after (`postpack`).
//
// npm packs the manifest that lies in the folder. That of the checkout is put aside meanwhile; when packing was broken off, the next run
// puts it back first.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const home = join(import.meta.dirname, '..')
const manifest = join(home, 'package.json')
const aside = join(home, 'package.json.aside')

/** Of the checkout's manifest; `description` and `engines` are the verifier's own. */
const KEPT = ['name', 'version', 'license', 'type', 'exports', 'files']

function restore(): void {
  if (existsSync(aside)) renameSync(aside, manifest)
}

function build(): void {
  rmSync(join(home, 'dist'), { recursive: true, force: true })
  execFileSync(join(home, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.verifier.json'], { cwd: home, stdio: 'inherit' })
}

function putAside(): void {
  const checkout: unknown = JSON.parse(readFileSync(manifest, 'utf8'))
  const entries = Object.entries(checkout ?? {}).filter(([name]) => KEPT.includes(name))
  const packed = {
    ...Object.fromEntries<unknown>(entries),
    description: 'Who calls, over mutual TLS: verifies client certificates of Signet, their revocation and acting user',
    engines: { node: '>=20' },
  }
  renameSync(manifest, aside)
  writeFileSync(manifest, `${JSON.stringify(packed, undefined, 2)}\n`)
}

restore()
if (process.argv[2] === 'prepack') {
  build()
  putAside()
}
