// AA9: a common name of a project splits in one way, whatever the names are. The parsers alone, against all that their grammar
// can make and against what it cannot.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import { NameRejected } from '../../src/domain/name-rules.ts'
import { parseProjectName } from '../../src/domain/project-name.ts'
import { parseProjectUserName, projectUserName } from '../../src/domain/project-user-name.ts'
import { parseServiceAccountName, parseUserName } from '../../src/domain/user-name.ts'
import { OWN_POLICY_FOLDER } from '../../src/main/installation.ts'

const { names } = loadPolicy(OWN_POLICY_FOLDER)

const single = (text: string): string => text.replaceAll(/_{2,}/g, '_')
const project = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,22}[A-Za-z0-9]$/).map(single)
const user = fc
  .stringMatching(/^[A-Za-z](?:[A-Za-z0-9_-]{0,34}[A-Za-z0-9])?$/)
  .map(single)
  .filter((name) => !name.toLowerCase().startsWith('sa-'))
const account = fc.stringMatching(/^sa-[A-Za-z0-9](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9])?$/).map(single)

/** Texts near the grammar: what a parser would get wrong. */
const near = fc
  .array(fc.constantFrom('_', '__', '-', 'sa-', 'SA-', 'a', 'Z', '9', '.', ' ', '\n', '\u0000', '\u00e9', '\u0430'), {
    minLength: 1,
    maxLength: 12,
  })
  .map((parts) => parts.join(''))

describe('AA9: the common name of a project', () => {
  test('AA9 what is joined is split into the same two names, at the first separator', () => {
    fc.assert(
      fc.property(project, fc.oneof(user, account), (projectName, name) => {
        const parsedProject = parseProjectName(projectName, names)
        const parsedUser = name.startsWith('sa-') ? parseServiceAccountName(name, names) : parseUserName(name, names)
        const joined = projectUserName(parsedProject, parsedUser, names)
        expect(joined.indexOf('__')).toBe(projectName.length)
        expect(joined.lastIndexOf('__')).toBe(projectName.length)
        expect(parseProjectUserName(joined, names)).toEqual({ project: projectName, user: name })
      }),
      { numRuns: 2_000 },
    )
  })

  test('AA9 whatever is taken apart was put together', () => {
    fc.assert(
      fc.property(near, near, (left, right) => {
        const text = `${left}__${right}`
        const found = parsedOrRefused(() => parseProjectUserName(text, names))
        if (found !== undefined) expect(`${found.project}__${found.user}`).toBe(text)
      }),
      { numRuns: 5_000 },
    )
  })

  test('rule 1: no text is a user and a service account at once, in any letter case', () => {
    fc.assert(
      fc.property(fc.oneof(near, user, account), (text) => {
        const asUser = parsedOrRefused(() => parseUserName(text, names))
        for (const other of [text, text.toLowerCase(), text.toUpperCase()]) {
          if (parsedOrRefused(() => parseServiceAccountName(other, names)) !== undefined) expect(asUser).toBeUndefined()
        }
      }),
      { numRuns: 5_000 },
    )
  })

  test.each([
    ['ab__u', 'ab', 'u'],
    ['a_b__c_d', 'a_b', 'c_d'],
    ['ab__sa-x', 'ab', 'sa-x'],
  ])('AA9 %s is %s and %s', (text, projectName, name) => {
    expect(parseProjectUserName(text, names)).toEqual({ project: projectName, user: name })
  })

  test.each([
    'ab',
    'ab_u',
    'ab__',
    '__u',
    'a__u',
    'ab__c__d',
    'ab___u',
    'ab____u',
    'ab__u_',
    'ab__SA-x',
    'ab__sa-',
    '',
  ])('AA9 %j is no common name', (text) => {
    expect(() => parseProjectUserName(text, names)).toThrow(NameRejected)
  })
})

function parsedOrRefused<Parsed>(parse: () => Parsed): Parsed | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof NameRejected) return undefined
    throw error
  }
}
