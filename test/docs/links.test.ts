// Every link of the documents leads to a file that is there, and every decision is numbered once.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { HOME, readDocument } from './documented.ts'

const DOCUMENTS = [
  ...['README.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...readdirSync(join(HOME, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

test.each(DOCUMENTS)('%s links to files that are there', (name) => {
  const links = [...readDocument(name).matchAll(/\]\((?<target>[^)#:]+)(?:#[^)]*)?\)/g)]
  const targets = links.map(({ groups }) => groups?.['target'] ?? '')
  expect(targets.filter((target) => !existsSync(join(HOME, dirname(name), target)))).toEqual([])
})

test('decisions are numbered one after the other', () => {
  const numbers = readdirSync(join(HOME, 'docs', 'decisions')).map((name) => Number(name.slice(0, 4)))
  expect(numbers.toSorted((one, other) => one - other)).toEqual(numbers.map((_, i) => i + 1))
})
