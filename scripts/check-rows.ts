// Holds the tests against the rows of behaviour that they must show: each id stands in the title of a test that runs and that
// expects a status, a code or a reason. An id in a comment, in a title over nothing, in a skipped test or inside a range
// (`OS5–OS9`) is not shown, and neither is one in a file that nowhere takes the running service (test/support/test-service.ts).
//   node scripts/check-rows.ts          prints what is missing and exits 1
//   node scripts/check-rows.ts --list   prints it and exits 0
// Read from the syntax tree. A test has to expect something itself; the status may be expected by a function that it imports.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import ts from 'typescript'

const numbered = (prefix: string, ...ranges: readonly (readonly [first: number, last: number])[]): string[] =>
  ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => `${prefix}${String(first + at)}`),
  )

export const ROWS: readonly string[] = [
  ...numbered('HX', [1, 29]),
  ...numbered('OS', [1, 48]),
  ...numbered('H', [1, 12]),
  ...numbered('A', [1, 18]),
  ...numbered('AA', [1, 12]),
]

const ROW_ID = /\b(?:HX|OS|AA|H|A)\d+\b/g
/** Both ends go: a range names no row. */
const RANGE = /\b(?:HX|OS|AA|H|A)\d+\s*(?:–|-|\.\.|to)\s*(?:HX|OS|AA|H|A)?\d+\b/g
const TESTS: ReadonlySet<string> = new Set(['test', 'it'])
const NOT_RUN: ReadonlySet<string> = new Set(['skip', 'todo', 'fails'])
/** What an expectation about an answer of the service speaks of. */
const OF_ANSWERS = /status|code|reason|decision/i

/** Text of what a file imports; undefined for packages. */
export type Imported = (specifier: string) => string | undefined

/** The ids that a test file shows. */
export function rowsShownBy(source: string, imported: Imported = () => undefined): ReadonlySet<string> {
  const file = parsed(source)
  const own = declarationsOf(file)
  const declared = { own, all: new Map([...importsOf(file, imported), ...own]) }
  const shown = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const words = wordsOf(node.expression)
      if (words.some((word) => NOT_RUN.has(word))) return
      if (TESTS.has(words[0] ?? '')) for (const id of rowsOfTest(node, declared)) shown.add(id)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return shown
}

type Declarations = ReadonlyMap<string, ts.Node>

interface Declared {
  readonly own: Declarations
  /** With what is imported by name. */
  readonly all: Declarations
}

function parsed(source: string): ts.SourceFile {
  return ts.createSourceFile('source.test.ts', source, ts.ScriptTarget.Latest, true)
}

function importsOf(file: ts.SourceFile, imported: Imported): Declarations {
  const found = new Map<string, ts.Node>()
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue
    const bindings = statement.importClause?.namedBindings
    const source = imported(statement.moduleSpecifier.text)
    if (source === undefined || bindings === undefined || !ts.isNamedImports(bindings)) continue
    const theirs = declarationsOf(parsed(source))
    for (const { name, propertyName } of bindings.elements) {
      const target = theirs.get(propertyName?.text ?? name.text)
      if (target !== undefined) found.set(name.text, target)
    }
  }
  return found
}

/** Functions and constants of the file, wherever they stand. */
function declarationsOf(file: ts.SourceFile): Declarations {
  const declared = new Map<string, ts.Node>()
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) && node.name !== undefined) declared.set(node.name.text, node)
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined) {
      declared.set(node.name.text, node.initializer)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return declared
}

/** `test.each(rows)` → test, each. */
function wordsOf(callee: ts.Expression): string[] {
  if (ts.isIdentifier(callee)) return [callee.text]
  if (ts.isPropertyAccessExpression(callee)) return [...wordsOf(callee.expression), callee.name.text]
  return ts.isCallExpression(callee) ? wordsOf(callee.expression) : []
}

function rowsOfTest(call: ts.CallExpression, declared: Declared): readonly string[] {
  const [title, ...rest] = call.arguments
  const body = rest.find((each) => ts.isArrowFunction(each) || ts.isFunctionExpression(each))
  if (title === undefined || body === undefined || !expectsAnAnswer(body, declared)) return []
  return [...idsIn(textOf(title)), ...idsOfTable(call.expression, textOf(title), declared)]
}

function idsIn(text: string): string[] {
  return text.replaceAll(RANGE, '').match(ROW_ID) ?? []
}

/** The fixed parts of a title, `%s` where something is filled in. */
function textOf(title: ts.Expression): string {
  if (ts.isStringLiteralLike(title)) return title.text
  if (!ts.isTemplateExpression(title)) return ''
  return title.head.text + title.templateSpans.map(({ literal }) => `%s${literal.text}`).join('')
}

/** Rows of a table whose texts become part of the title: `test.each([['OS5', …]])('%s …')`. */
function idsOfTable(callee: ts.Expression, title: string, declared: Declared): string[] {
  if (!ts.isCallExpression(callee) || !/%[sj]|\$\w/.test(title)) return []
  const [given] = callee.arguments
  const table = given !== undefined && ts.isIdentifier(given) ? declared.own.get(given.text) : given
  if (table === undefined) return []
  const ids: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) ids.push(...idsIn(node.text))
    // What a row does is not what it is called.
    if (!ts.isArrowFunction(node)) ts.forEachChild(node, visit)
  }
  visit(table)
  return ids
}

/** Something itself, in the body or in what it calls of the same file; a status, code or reason there or in what is imported. */
function expectsAnAnswer(body: ts.Node, { own, all }: Declared): boolean {
  const expected = expectationsIn(reachable(body, own))
  if (!expected.some((call) => isStatus(call) || speaksOf(call, own, /[a-z]/i))) return false
  return expectationsIn(reachable(body, all)).some((call) => isStatus(call) || speaksOf(call, all, OF_ANSWERS))
}

function isStatus({ expression }: ts.CallExpression): boolean {
  return ts.isIdentifier(expression) && expression.text === 'expectStatus'
}

/** Calls of matchers, expect(…).toBe(…), and of expectStatus. `expect(…)` alone expects nothing. */
function expectationsIn(parts: readonly ts.Node[]): readonly ts.CallExpression[] {
  const found: ts.CallExpression[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && (isStatus(node) || isMatcher(node))) found.push(node)
    ts.forEachChild(node, visit)
  }
  for (const part of parts) visit(part)
  return found
}

function isMatcher({ expression }: ts.CallExpression): boolean {
  return ts.isPropertyAccessExpression(expression) && wordsOf(expression)[0] === 'expect'
}

/** Whether what is expected, or whatever it names, does; `expect` and the matcher's own name do not count. */
function speaksOf(call: ts.CallExpression, declared: Declarations, pattern: RegExp): boolean {
  const spoken = [...argumentsOf(call.expression), ...call.arguments]
  return spoken.flatMap((each) => reachable(each, declared)).some((part) => pattern.test(codeOf(part)))
}

/** `expect(a).not.toBe` → a. */
function argumentsOf(callee: ts.Expression): readonly ts.Expression[] {
  if (ts.isPropertyAccessExpression(callee)) return argumentsOf(callee.expression)
  return ts.isCallExpression(callee) ? callee.arguments : []
}

/** The node, and each declaration of the file that it names, and that those name. */
function reachable(from: ts.Node, declared: Declarations): readonly ts.Node[] {
  const found = new Set<ts.Node>([from])
  for (const part of found) {
    const visit = (node: ts.Node): void => {
      const target = ts.isIdentifier(node) ? declared.get(node.text) : undefined
      if (target !== undefined) found.add(target)
      ts.forEachChild(node, visit)
    }
    visit(part)
  }
  return [...found]
}

/** Names and texts of a piece of code, without its comments. */
function codeOf(part: ts.Node): string {
  const words: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) words.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(part)
  return words.join(' ')
}

/** Of `rows`, those that no test under the folder shows. */
export function findMissingRows(folder: string, rows: readonly string[] = ROWS): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .filter((file) => takesService(folder, file))
  const shownBy = (file: string): ReadonlySet<string> =>
    rowsShownBy(readFileSync(file, 'utf8'), (specifier) => textOfImport(dirname(file), specifier))
  const shown = new Set(files.flatMap((file) => [...shownBy(file)]))
  return rows.filter((id) => !shown.has(id))
}

/** By itself, or by a file of the folder that it imports. */
function takesService(folder: string, file: string, seen = new Set<string>()): boolean {
  if (basename(file) === 'test-service.ts') return true
  if (seen.has(file) || !file.startsWith(folder)) return false
  seen.add(file)
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'))
  const own = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith('.'))
  return own.some((name) => takesService(folder, join(dirname(file), name), seen))
}

function textOfImport(folder: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? readFileSync(join(folder, specifier), 'utf8') : undefined
}

if (import.meta.main) {
  const missing = findMissingRows(join(import.meta.dirname, '..', 'test'))
  for (const id of missing) console.error(`${id}: no test shows it`)
  process.exitCode = missing.length === 0 || process.argv.includes('--list') ? 0 : 1
}
