// docs/errors.md against the code: every code is documented, and nothing is documented that no code has. The codes are asked
// of the compiler: each class that extends CodedError says in its type which it may carry.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { REASONS } from '../../src/access/reasons.ts'
import { type RefusalCode, Refused } from '../../src/cli/refused.ts'
import { PROBLEMS } from '../../src/http/problems.ts'
import { HOME, readDocument, rowsOf, sectionOf } from './documented.ts'

const DOCUMENT = readDocument('docs/errors.md')

describe('docs/errors.md', () => {
  test('has every problem with its status, its title and whether it tells the facts', () => {
    const documented = rowsOf(sectionOf(DOCUMENT, 'Problems over HTTP'))
    const rows = documented.map(([code, status, , title, facts]) => [code, status, title, facts])
    const expected = Object.entries(PROBLEMS).map(([code, { status, title, tells }]) => {
      return [code, String(status), title, tells === 'facts' ? 'yes' : 'no']
    })
    expect(rows.toSorted()).toEqual(expected.toSorted())
  })

  test('has every decision reason with its step, its category and its advice', () => {
    const documented = rowsOf(sectionOf(DOCUMENT, 'Decision reasons'))
    const rows = documented.map(([reason, step, kind, , advice]) => [reason, step, kind, advice])
    expect(rows).toEqual(
      Object.entries(REASONS).map(([reason, { step, category, advice }]) => [reason, step, category, advice]),
    )
  })

  test('has every refusal of the command line with its title and its advice', () => {
    const rows = rowsOf(sectionOf(DOCUMENT, 'What the command line finds by itself'))
    expect(rows.map(([code]) => code).toSorted()).toEqual([...(codesByClass().get('Refused') ?? [])].toSorted())
    for (const [code, title, advice] of rows) {
      const refused = new Refused(code as RefusalCode)
      expect([title, advice], code).toEqual([refused.title, refused.advice])
    }
  })

  test('has every other code, and no other', () => {
    const documented = rowsOf(sectionOf(DOCUMENT, 'For the operator')).map(([code = '']) => code)
    const shownToClients = new Set(Object.keys(PROBLEMS))
    const ofCommands = codesByClass().get('Refused') ?? new Set()
    const all = new Set([...codesByClass().values()].flatMap((codes) => [...codes]))
    const missing = [...all].filter((code) => !shownToClients.has(code) && !ofCommands.has(code))
    expect(missing.filter((code) => !documented.includes(code))).toEqual([])
    expect(documented.filter((code) => !all.has(code))).toEqual([])
    expect(documented.filter((code, i) => documented.indexOf(code) !== i)).toEqual([])
  })

  test('says what to do, everywhere', () => {
    const rows = rowsOf(DOCUMENT)
    expect(rows.filter((cells) => cells.some((cell) => cell === '')).map(([code]) => code)).toEqual([])
  })
})

let found: ReadonlyMap<string, ReadonlySet<string>> | undefined

/** Class → the codes that its instances may carry. Those whose code is any text (what a service said) have none. */
function codesByClass(): ReadonlyMap<string, ReadonlySet<string>> {
  found ??= findCodes()
  return found
}

function findCodes(): ReadonlyMap<string, ReadonlySet<string>> {
  const { config } = ts.readConfigFile(join(HOME, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, HOME)
  const program = ts.createProgram(sources(), options)
  const checker = program.getTypeChecker()
  const codes = new Map<string, Set<string>>()
  const visit = (node: ts.Node): void => {
    if (ts.isClassDeclaration(node) && node.name !== undefined && extendsCodedError(node, checker)) {
      codes.set(node.name.text, new Set(literalsOf(node, checker)))
    }
    ts.forEachChild(node, visit)
  }
  for (const file of program.getSourceFiles()) if (file.fileName.startsWith(join(HOME, 'src'))) visit(file)
  return codes
}

function sources(): string[] {
  const root = join(HOME, 'src')
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, name))
}

function extendsCodedError(node: ts.ClassDeclaration, checker: ts.TypeChecker): boolean {
  const type = checker.getTypeAtLocation(node)
  return type.isClassOrInterface() && checker.getBaseTypes(type).some((base) => base.symbol.name === 'CodedError')
}

function literalsOf(node: ts.ClassDeclaration, checker: ts.TypeChecker): string[] {
  const code = checker.getTypeAtLocation(node).getProperty('code')
  if (code === undefined) return []
  const type = checker.getTypeOfSymbolAtLocation(code, node)
  return (type.isUnion() ? type.types : [type]).flatMap((each) => (each.isStringLiteral() ? [each.value] : []))
}
