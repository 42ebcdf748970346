// Holds the imports of `src/` against the layer table of docs/architecture.md: an arrow is "may import", downward only.
// Run as a program it prints each forbidden import and exits 1; the tests import `findForbiddenImports`.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

type Allowed = Readonly<Record<string, 'values' | 'types'>>

const values = (...layers: string[]): Allowed => Object.fromEntries(layers.map((layer) => [layer, 'values' as const]))
const types = (...layers: string[]): Allowed => Object.fromEntries(layers.map((layer) => [layer, 'types' as const]))

const BELOW_EDGES = [
  'enrollment',
  'revocation',
  'tokens',
  'access',
  'directory',
  'verifier',
  'ca',
  'x509',
  'domain',
] as const

/** What each layer may import, and whether values or types alone. A layer may always import itself. */
export const LAYERS: Readonly<Record<string, Allowed>> = {
  domain: {},
  x509: values('domain'),
  ca: values('x509', 'domain'),
  revocation: values('ca', 'x509', 'domain'),
  tokens: values('domain'),
  access: values('domain'),
  directory: values('domain'),
  verifier: values('access', 'x509', 'domain'),
  enrollment: values('revocation', 'ca', 'directory', 'tokens', 'x509', 'domain'),
  http: values(...BELOW_EDGES),
  grpc: values(...BELOW_EDGES),
  storage: { ...types(...BELOW_EDGES), domain: 'values' },
  ops: values('domain'),
  console: {},
}

/** Layers that may import anything and that nothing imports. */
const ENTRY = new Set(['main.ts', 'cli'])

const IMPORT =
  /^\s*(?:import|export)\s+(?<type>type\s)?[^'"`;]*?from\s+['"](?<from>[^'"]+)['"]|^\s*import\s+['"](?<bare>[^'"]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"]+)['"]\s*\)/gm

export interface ForbiddenImport {
  readonly file: string
  readonly imports: string
  readonly why: string
}

/** Every import of `root` (a `src` folder) that the layer table forbids; empty when the table holds. */
export function findForbiddenImports(root: string): ForbiddenImport[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => forbiddenIn(root, name))
}

function forbiddenIn(root: string, name: string): ForbiddenImport[] {
  const from = layerOf(name)
  const source = readFileSync(join(root, name), 'utf8')
  if (!ENTRY.has(from) && !(from in LAYERS)) return [{ file: name, imports: '', why: `no layer is named ${from}` }]
  return [...source.matchAll(IMPORT)].flatMap((match) => {
    const target = match.groups?.['from'] ?? match.groups?.['bare'] ?? match.groups?.['dynamic'] ?? ''
    if (!target.startsWith('.')) return []
    const to = layerOf(relative(root, resolve(root, dirname(name), target)))
    const why = refusal(from, to, match.groups?.['type'] !== undefined)
    return why === undefined ? [] : [{ file: name, imports: target, why }]
  })
}

function refusal(from: string, to: string, typeOnly: boolean): string | undefined {
  if (from === to || ENTRY.has(from)) return undefined
  if (to.startsWith('..')) return 'src imports nothing outside src'
  if (ENTRY.has(to)) return `nothing imports ${to}`
  const allowed = LAYERS[from]?.[to]
  if (allowed === undefined) return `${from} may not import ${to}`
  return allowed === 'types' && !typeOnly ? `${from} may import only types of ${to}` : undefined
}

function layerOf(path: string): string {
  return path.split('/')[0] ?? path
}

if (import.meta.main) {
  const found = findForbiddenImports(join(import.meta.dirname, '..', 'src'))
  for (const { file, imports, why } of found) console.error(`src/${file}: imports ${imports}: ${why}`)
  process.exit(found.length === 0 ? 0 : 1)
}
