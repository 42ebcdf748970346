// Holds the tests against the rows of behaviour that they must show: each id stands in the title of a test that runs and that
// expects a status, a code or a reason. An id in a comment, in a title over nothing, in a skipped test or inside a range
// (`OS5–OS9`) is not shown.
//   node scripts/check-rows.ts          prints what is missing and exits 1
//   node scripts/check-rows.ts --list   prints it and exits 0
// Read from the syntax tree of each file alone: what a helper of another file expects, it does not see.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** The ids that a test file shows. */
export function rowsShownBy(source: string): ReadonlySet<string> {
  const file = ts.createSourceFile('source.test.ts', source, ts.ScriptTarget.Latest, true)
  const declared = declarationsOf(file)
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

type Declared = ReadonlyMap<string, ts.Node>

/** Functions and constants of the file, wherever they stand. */
function declarationsOf(file: ts.SourceFile): Declared {
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
  const table = given !== undefined && ts.isIdentifier(given) ? declared.get(given.text) : given
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

/** In the body, or in what it calls of the same file. */
function expectsAnAnswer(body: ts.Node, declared: Declared): boolean {
  return reachable(body, declared).some((part) => {
    let found = false
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node)) found ||= isExpectation(node, declared)
      if (!found) ts.forEachChild(node, visit)
    }
    visit(part)
    return found
  })
}

function isExpectation(call: ts.CallExpression, declared: Declared): boolean {
  if (ts.isIdentifier(call.expression) && call.expression.text === 'expectStatus') return true
  // The matcher's call: expect(…).toBe(…). `expect(…)` without one expects nothing.
  if (!ts.isPropertyAccessExpression(call.expression) || wordsOf(call.expression)[0] !== 'expect') return false
  return reachable(call, declared).some((part) => OF_ANSWERS.test(codeOf(part)))
}

/** The node, and each declaration of the file that it names, and that those name. */
function reachable(from: ts.Node, declared: Declared): readonly ts.Node[] {
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
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'))
  const shown = new Set(files.flatMap((name) => [...rowsShownBy(readFileSync(join(folder, name), 'utf8'))]))
  return rows.filter((id) => !shown.has(id))
}

if (import.meta.main) {
  const missing = findMissingRows(join(import.meta.dirname, '..', 'test'))
  for (const id of missing) console.error(`${id}: no test shows it`)
  process.exitCode = missing.length === 0 || process.argv.includes('--list') ? 0 : 1
}
