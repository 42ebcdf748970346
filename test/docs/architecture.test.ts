// docs/architecture.md and docs/decision.md against the tables that they copy: the layers, and the steps of the decision.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LAYERS } from '../../scripts/check-imports.ts'
import { REASONS } from '../../src/access/reasons.ts'
import { STEPS } from '../../src/access/steps.ts'
import { HOME, readDocument, rowsOf, sectionOf } from './documented.ts'

const ARCHITECTURE = readDocument('docs/architecture.md')
const DECISION = readDocument('docs/decision.md')

describe('docs/architecture.md', () => {
  test('has the table of layers as the import check has it', () => {
    const rows = rowsOf(sectionOf(ARCHITECTURE, 'Layers')).map(([layer, allowed]) => [layer, allowed])
    expect(rows).toEqual(Object.entries(LAYERS).map(([layer, allowed]) => [layer, allowedText(allowed)]))
  })

  test('has every folder of src, and names no file that is not there', () => {
    const folders = readdirSync(join(HOME, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const documented = sectionOf(ARCHITECTURE, 'Folders')
    expect(folders.map(({ name }) => name).filter((name) => !documented.includes(`\`src/${name}/\``))).toEqual([])
    expect(missingFiles(ARCHITECTURE)).toEqual([])
  })
})

describe('docs/issuance.md', () => {
  test('names no file that is not there', () => {
    expect(missingFiles(readDocument('docs/issuance.md'))).toEqual([])
  })
})

describe('docs/decision.md', () => {
  test('has the steps in their order', () => {
    const rows = rowsOf(sectionOf(DECISION, 'The steps that exist'))
    expect(rows.map(([step, title]) => [step, title])).toEqual(STEPS.map(({ step, title }) => [step, title]))
  })

  test('gives each reason to its step', () => {
    const rows = rowsOf(sectionOf(DECISION, 'The steps that exist'))
    const documented = rows.flatMap(([step, , reasons = '']) => {
      return [...reasons.matchAll(/`(?<reason>[A-Z_]+)`/g)].map(({ groups }) => `${step} ${groups?.['reason']}`)
    })
    const around = ['ALLOWED', 'PDP_UNAVAILABLE', 'PEP_UNTRUSTED']
    const expected = Object.entries(REASONS).flatMap(([reason, { step }]) =>
      around.includes(reason) ? [] : [`${step} ${reason}`],
    )
    expect([...new Set(documented)].toSorted()).toEqual(expected.toSorted())
    expect(around.filter((reason) => !DECISION.includes(`\`${reason}\``))).toEqual([])
  })
})

function allowedText(allowed: Readonly<Record<string, 'values' | 'types'>>): string {
  const of = (kind: 'values' | 'types'): string =>
    Object.keys(allowed)
      .filter((layer) => allowed[layer] === kind)
      .join(', ')
  const types = of('types')
  return `${of('values')}${types === '' ? '' : `; types only: ${types}`}` || 'nothing'
}

/** Files that stand in backquotes: from the root, from `src`, or (bare names) anywhere in `src`. */
function missingFiles(text: string): string[] {
  const named = [...text.matchAll(/`(?<path>[\w.-][\w./-]*\.(?:ts|json|md))`/g)].map(
    ({ groups }) => groups?.['path'] ?? '',
  )
  const all = readdirSync(join(HOME, 'src'), { recursive: true, encoding: 'utf8' })
  return named.filter((path) => {
    const isThere = existsSync(join(HOME, path)) || existsSync(join(HOME, 'src', path))
    return !isThere && !all.some((name) => name.endsWith(`/${path}`))
  })
}
