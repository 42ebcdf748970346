// docs/permissions.md against the table that the HTTP layer reads.
import { expect, test } from 'vitest'
import { PERMISSIONS } from '../../src/http/permissions.ts'
import { readDocument, rowsOf } from './documented.ts'

test('docs/permissions.md has every row of the table, and no other', () => {
  const documented = rowsOf(readDocument('docs/permissions.md')).filter(([route = '']) => route.includes(' /'))
  const expected = Object.entries(PERMISSIONS).map(([route, { callers, scope, who }]) => {
    const [method = '', path = ''] = route.split(' ')
    const kinds = callers === 'everyone' ? callers : callers.join(', ')
    return [`${method.toUpperCase()} ${path}`, kinds, scope ?? '–', who]
  })
  expect(documented).toEqual(expected)
})
