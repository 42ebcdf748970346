import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findMissingRows, ROWS, rowsShownBy } from '../../scripts/check-rows.ts'

const ASSERTED = `async () => { expect((await get('/v1/me')).status).toBe(200) }`

describe('a row is shown', () => {
  test.each([
    ['by its test', `test('HX2: it is so', ${ASSERTED})`, ['HX2']],
    ['in the middle of a title', `it('alice, as in OS43, may', ${ASSERTED})`, ['OS43']],
    ['with others', `test('AA12, A4: both', ${ASSERTED})`, ['AA12', 'A4']],
    ['by a test of each row of a table', `test.each([['OS5'], ['OS6']])('%s', ${ASSERTED})`, ['OS5', 'OS6']],
    ['by a table that has a name', `const T = [{ id: 'H8' }]; test.each(T)('$id: so', ${ASSERTED})`, ['H8']],
    ['by a title that is put together', `test(\`HX7: \${name}\`, ${ASSERTED})`, ['HX7']],
    [
      'by what a function of the file expects',
      `const refused = (a) => a.code\nfunction check(a) { expect(refused(a)).toBe('no') }\ntest('A6 so', () => check(1))`,
      ['A6'],
    ],
    [
      'by a status that is expected as an object',
      `test('A1', () => { expect(answer).toEqual({ status: 403 }) })`,
      ['A1'],
    ],
    ['by expectStatus', `test('A2', async () => { expectStatus(await get('/'), 404) })`, ['A2']],
    ['in a suite', `describe('x', () => { test('A3', ${ASSERTED}) })`, ['A3']],
  ])('%s', (_, source, ids) => {
    expect([...rowsShownBy(source)]).toEqual(ids)
  })
})

describe('a row is not shown by', () => {
  test.each([
    ['a comment', `// HX2\ntest('it is so', ${ASSERTED})`],
    ['a comment in its test', `test('it is so', async () => { /* HX2 */ expect(a.status).toBe(200) })`],
    ['an empty test', `test('HX2: it is so', () => {})`],
    ['a test that awaits and expects nothing', `test('HX2', async () => { await get('/v1/me') })`],
    ['a test that expects a constant', `test('HX2', () => { expect(true).toBe(true) })`],
    ['an expectation in a comment', `test('HX2', () => { /* expect(a.status).toBe(200) */ })`],
    ['a status in a comment of an expectation', `test('HX2', () => { expect(1 /* status */).toBe(1) })`],
    ['an expectation without a matcher', `test('HX2', () => { expect(a.status) })`],
    ['an expectation of another test', `test('HX2', () => {})\ntest('other', ${ASSERTED})`],
    ['a function that nobody calls', `function check(a) { expect(a.status).toBe(1) }\ntest('HX2', () => {})`],
    ['a skipped test', `test.skip('HX2', ${ASSERTED})`],
    ['a test to be written', `test.todo('HX2')`],
    ['a test that must fail', `test.fails('HX2', ${ASSERTED})`],
    ['a skipped table', `it.skip.each([['HX2']])('%s', ${ASSERTED})`],
    ['a test of a skipped suite', `describe.skip('x', () => { test('HX2', ${ASSERTED}) })`],
    ['the title of a suite', `describe('HX2', () => { test('so', ${ASSERTED}) })`],
    ['a range', `test('OS5–OS9: so', ${ASSERTED})`],
    ['a range of numbers', `test('OS5-9: so', ${ASSERTED})`],
    ['a row of a table that is not in the title', `test.each([['HX2']])('so', ${ASSERTED})`],
    ['a text in what a row of a table does', `test.each([[() => 'HX2']])('%s', ${ASSERTED})`],
    ['a word that only holds it', `test('H2O, SHA256 and XHX21', ${ASSERTED})`],
    ['another function', `suite('HX2', ${ASSERTED})`],
  ])('%s', (_, source) => {
    expect([...rowsShownBy(source)]).toEqual([])
  })

  test('a range, and is by the rows of its table', () => {
    const source = `test.each([['OS5'], ['OS6']])('OS5–OS9: %s', ${ASSERTED})`
    expect([...rowsShownBy(source)]).toEqual(['OS5', 'OS6'])
  })
})

describe('a function that is imported may expect the status', () => {
  const IMPORTED = `export function made(body) { return expectStatus(post(body), 200) }`
  const shown = (source: string) => [
    ...rowsShownBy(`import { made } from './made.ts'\n${source}`, (name) =>
      name === './made.ts' ? IMPORTED : undefined,
    ),
  ]

  test('beside what the test expects', () => {
    expect(shown(`test('OS2', async () => { expect(await stored(await made({}))).toEqual({}) })`)).toEqual(['OS2'])
  })

  test.each([
    ['instead of it', `test('OS2', async () => { await made({}) })`],
    ['beside a constant', `test('OS2', async () => { await made({}); expect(1).toBe(1) })`],
    ['unless nobody calls it', `test('OS2', async () => { expect(await stored()).toEqual({}) })`],
  ])('but not %s', (_, source) => {
    expect(shown(source)).toEqual([])
  })
})

test('what is missing is found over all files of a folder that take the running service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-rows-'))
  mkdirSync(join(folder, 'below'))
  const write = (name: string, ...lines: readonly string[]) => writeFileSync(join(folder, name), lines.join('\n'))
  write('test-service.ts', '')
  write('world.ts', `import { TestService } from './test-service.ts'`)
  write('a.test.ts', `import { TestService } from './test-service.ts'`, `test('A1', ${ASSERTED})`)
  write('below/b.test.ts', `import { World } from '../world.ts'`, `test('A2', ${ASSERTED})`)
  write('c.ts', `import { World } from './world.ts'`, `test('A3', ${ASSERTED})`)
  write('d.test.ts', `import { decide } from '../src/access/decide.ts'`, `test('A4', ${ASSERTED})`)
  expect(findMissingRows(folder, ['A1', 'A2', 'A3', 'A4'])).toEqual(['A3', 'A4'])
  rmSync(folder, { recursive: true })
})

test('there are 119 rows, none twice', () => {
  expect(ROWS).toHaveLength(119)
  expect(new Set(ROWS).size).toBe(119)
})
