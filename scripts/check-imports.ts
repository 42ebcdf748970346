// Holds the imports of `src/` against the layer table of docs/architecture.md: an arrow is "may import", downward only.
// Run as a program it prints each forbidden import and exits 1; the tests import `findForbiddenImports`.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'

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
  proxies: values('verifier', 'tokens', 'access', 'x509', 'domain'),
  enrollment: values('revocation', 'ca', 'directory', 'tokens', 'access', 'x509', 'domain'),
  http: values('proxies', ...BELOW_EDGES),
  grpc: values('proxies', ...BELOW_EDGES),
  outbound: {},
  signin: values('outbound', ...BELOW_EDGES),
  storage: { ...types(...BELOW_EDGES), domain: 'values' },
  ops: values('domain'),
  federation: values('outbound', 'tokens', 'domain'),
  console: {},
}

/** Layers that may import anything and that nothing imports. */
const ENTRY = new Set(['main.ts', 'main', 'cli'])

export interface ForbiddenImport {
  readonly file: string
  readonly imports: string
  readonly why: string
}

/** Every import of `root` (a `src` folder) that the layer table forbids; empty when the table holds. */
export function findForbiddenImports(root: string): ForbiddenImport[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name))
    .flatMap((name) => forbiddenIn(root, name))
}

interface Import {
  /** Undefined when it is not written out: `import(name)`. */
  readonly target: string | undefined
  readonly typeOnly: boolean
}

function forbiddenIn(root: string, name: string): ForbiddenImport[] {
  const from = layerOf(name)
  if (!ENTRY.has(from) && !(from in LAYERS)) return [{ file: name, imports: '', why: `no layer is named ${from}` }]
  return importsOf(readFileSync(join(root, name), 'utf8')).flatMap(({ target, typeOnly }) => {
    const why = refusal(root, name, target, typeOnly)
    return why === undefined ? [] : [{ file: name, imports: target ?? 'a computed name', why }]
  })
}

function refusal(root: string, name: string, target: string | undefined, typeOnly: boolean): string | undefined {
  const from = layerOf(name)
  if (ENTRY.has(from)) return undefined
  if (target === undefined) return 'what is imported cannot be read from the source'
  if (!/^(?:\.|\/|file:)/.test(target)) return undefined
  const to = layerOf(relative(root, resolve(root, dirname(name), target)))
  if (!target.startsWith('.') || to === '..') return 'src imports nothing outside src'
  if (from === to) return undefined
  if (ENTRY.has(to)) return `nothing imports ${to}`
  const allowed = LAYERS[from]?.[to]
  if (allowed === undefined) return `${from} may not import ${to}`
  return allowed === 'types' && !typeOnly ? `${from} may import only types of ${to}` : undefined
}

/** Every import and re-export of a source text, wherever it stands. */
function importsOf(source: string): Import[] {
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    const one = importOf(node)
    if (one !== undefined) found.push(one)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest))
  return found
}

function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) {
    return {
      target: textOf(node.moduleSpecifier),
      typeOnly: node.importClause !== undefined && onlyTypes(node.importClause),
    }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    const { exportClause } = node
    const names = exportClause !== undefined && ts.isNamedExports(exportClause) ? exportClause.elements : undefined
    return { target: textOf(node.moduleSpecifier), typeOnly: node.isTypeOnly || allTypes(names) }
  }
  if (ts.isImportTypeNode(node)) {
    return { target: ts.isLiteralTypeNode(node.argument) ? textOf(node.argument.literal) : undefined, typeOnly: true }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { target: textOf(node.arguments[0]), typeOnly: false }
  }
  return undefined
}

/** `import type …`, or nothing but `type` names: `import { type A, type B } from …`. */
function onlyTypes(clause: ts.ImportClause): boolean {
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const { name, namedBindings } = clause
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    allTypes(namedBindings.elements)
  )
}

function allTypes(names: ts.NodeArray<ts.ImportSpecifier | ts.ExportSpecifier> | undefined): boolean {
  return names !== undefined && names.length > 0 && names.every(({ isTypeOnly }) => isTypeOnly)
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined
}

/** The folder under `src`, or the file itself when it stands in none; `..` for what is outside. */
function layerOf(path: string): string {
  return path.split('/')[0] ?? path
}

if (import.meta.main) {
  const found = findForbiddenImports(join(import.meta.dirname, '..', 'src'))
  for (const { file, imports, why } of found) console.error(`src/${file}: imports ${imports}: ${why}`)
  process.exit(found.length === 0 ? 0 : 1)
}
