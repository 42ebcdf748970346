import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../../src/x509')

it('the union of errors names every error class of the folder', () => {
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const classes = sources.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    return [...text.matchAll(/class (\w+) extends CodedError/g)].map((match) => match[1])
  })
  const union = readFileSync(join(folder, 'errors.ts'), 'utf8')
  const named = [...union.matchAll(/^ {2}\| (\w+)$/gm)].map((match) => match[1])
  expect(named.toSorted()).toEqual(classes.toSorted())
  expect(classes.length).toBeGreaterThan(5)
})
