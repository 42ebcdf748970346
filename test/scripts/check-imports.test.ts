import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findForbiddenImports, LAYERS } from '../../scripts/check-imports.ts'

const folder = mkdtempSync(join(tmpdir(), 'signet-imports-'))
afterAll(() => rmSync(folder, { recursive: true }))

let count = 0

/** What is found in a `src` folder that holds one file. */
function foundIn(file: string, source: string): { file: string; imports: string; why: string }[] {
  count += 1
  const root = join(folder, String(count), 'src')
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), source)
  return findForbiddenImports(root)
}

test('the sources hold the layer table', () => {
  expect(findForbiddenImports(join(import.meta.dirname, '../../src'))).toEqual([])
})

test('the layer table has no way back up', () => {
  for (const [from, allowed] of Object.entries(LAYERS)) {
    for (const to of Object.keys(allowed)) expect(LAYERS[to]?.[from], `${to} → ${from}`).toBeUndefined()
  }
})

describe('an import that is forbidden is found', () => {
  test.each([
    ['upward', 'domain/a.ts', `import { b } from '../x509/b.ts'`, 'domain may not import x509'],
    ['upward, types too', 'domain/a.ts', `import type { B } from '../ca/b.ts'`, 'domain may not import ca'],
    ['sideways', 'http/a.ts', `import { b } from '../storage/b.ts'`, 'http may not import storage'],
    [
      'sideways between services',
      'tokens/a.ts',
      `import { b } from '../directory/b.ts'`,
      'tokens may not import directory',
    ],
    ['past a layer', 'verifier/a.ts', `import { b } from '../ca/b.ts'`, 'verifier may not import ca'],
    ['from a folder below', 'ca/lints/a.ts', `import { b } from '../../http/b.ts'`, 'ca may not import http'],
    [
      'a value where types alone may pass',
      'storage/a.ts',
      `import { b } from '../ca/b.ts'`,
      'storage may import only types of ca',
    ],
    [
      'a value among types',
      'storage/a.ts',
      `import { type A, b } from '../ca/b.ts'`,
      'storage may import only types of ca',
    ],
    [
      'a default beside types',
      'storage/a.ts',
      `import b, { type A } from '../ca/b.ts'`,
      'storage may import only types of ca',
    ],
    ['everything', 'storage/a.ts', `import * as b from '../ca/b.ts'`, 'storage may import only types of ca'],
    ['for its effects', 'storage/a.ts', `import '../ca/b.ts'`, 'storage may import only types of ca'],
    ['no names', 'storage/a.ts', `import {} from '../ca/b.ts'`, 'storage may import only types of ca'],
    ['re-exported', 'tokens/a.ts', `export { b } from '../ca/b.ts'`, 'tokens may not import ca'],
    ['all re-exported', 'tokens/a.ts', `export * from '../ca/b.ts'`, 'tokens may not import ca'],
    [
      'all re-exported under a name',
      'storage/a.ts',
      `export * as b from '../ca/b.ts'`,
      'storage may import only types of ca',
    ],
    [
      'a value re-exported among types',
      'storage/a.ts',
      `export { type A, b } from '../ca/b.ts'`,
      'storage may import only types of ca',
    ],
    ['dynamic', 'tokens/a.ts', `const b = await import('../ca/b.ts')`, 'tokens may not import ca'],
    [
      'dynamic, in a function, in backquotes',
      'tokens/a.ts',
      'const b = () => import(`../ca/b.ts`)',
      'tokens may not import ca',
    ],
    [
      'dynamic, of a computed name',
      'tokens/a.ts',
      `const b = await import('../ca/' + name)`,
      'what is imported cannot be read from the source',
    ],
    ['as a type', 'tokens/a.ts', `let b: import('../ca/b.ts').B`, 'tokens may not import ca'],
    [
      'on the line of another',
      'tokens/a.ts',
      `import { a } from './c.ts'; import { b } from '../ca/b.ts'`,
      'tokens may not import ca',
    ],
    ['over many lines', 'tokens/a.ts', `import {\n  b, // 'b'\n} from '../ca/b.ts'`, 'tokens may not import ca'],
    ['the entry', 'http/a.ts', `import { b } from '../main.ts'`, 'nothing imports main.ts'],
    ['the command line', 'http/a.ts', `import type { B } from '../cli/b.ts'`, 'nothing imports cli'],
    ['of a layer that is none', 'ca/a.ts', `import { b } from '../utils/b.ts'`, 'ca may not import utils'],
    ['outside src', 'ca/a.ts', `import b from '../../test/b.ts'`, 'src imports nothing outside src'],
    ['outside src, by an absolute path', 'ca/a.ts', `import b from '/etc/b.ts'`, 'src imports nothing outside src'],
    ['outside src, by a file URL', 'ca/a.ts', `import b from 'file:///etc/b.ts'`, 'src imports nothing outside src'],
  ])('%s', (_, file, source, why) => {
    expect(foundIn(file, source).map((found) => found.why)).toEqual([why])
  })

  test('in a folder that is no layer', () => {
    expect(foundIn('helpers/a.ts', '')).toEqual([
      { file: 'helpers/a.ts', imports: '', why: 'no layer is named helpers' },
    ])
  })

  test('in a file beside the entry', () => {
    expect(foundIn('util.ts', '')).toEqual([{ file: 'util.ts', imports: '', why: 'no layer is named util.ts' }])
  })

  test('each of a file with several', () => {
    const source = `import { b } from '../ca/b.ts'\nimport { c } from '../domain/c.ts'\nexport * from '../http/d.ts'`
    expect(foundIn('tokens/a.ts', source).map(({ imports }) => imports)).toEqual(['../ca/b.ts', '../http/d.ts'])
  })
})

describe('what is allowed is not found', () => {
  test.each([
    ['downward', 'ca/a.ts', `import { b } from '../x509/b.ts'`],
    ['the own layer', 'ca/lints/a.ts', `import { b } from '../b.ts'`],
    ['packages', 'ca/a.ts', `import { z } from 'zod'\nimport { join } from 'node:path'`],
    ['a type statement', 'storage/a.ts', `import type { B } from '../ca/b.ts'`],
    ['inline types alone', 'storage/a.ts', `import { type A, type B } from '../ca/b.ts'`],
    ['re-exported types', 'storage/a.ts', `export type { A } from '../ca/b.ts'\nexport { type B } from '../ca/b.ts'`],
    ['a type expression', 'storage/a.ts', `let b: import('../ca/b.ts').B`],
    ['values of the domain', 'storage/a.ts', `import { b } from '../domain/b.ts'`],
    ['the entry: anything', 'main.ts', `import { b } from './http/b.ts'\nimport { c } from './cli/c.ts'`],
    ['the command line: anything', 'cli/a.ts', `import { b } from '../storage/b.ts'\nawait import(name)`],
    [
      'what only looks like an import',
      'tokens/a.ts',
      `// import { b } from '../ca/b.ts'\nconst text = "import('../ca/b.ts')"`,
    ],
  ])('%s', (_, file, source) => {
    expect(foundIn(file, source)).toEqual([])
  })
})
