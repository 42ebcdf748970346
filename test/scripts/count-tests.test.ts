import { describe, expect, test } from 'vitest'
import { countTests } from './count-tests.ts'

const file = (status: string, ...statuses: string[]): object => ({
  name: 'a.test.ts',
  status,
  assertionResults: statuses.map((each, index) => ({ fullName: `test ${index}`, status: each })),
})

describe('what counts as failed', () => {
  test.each([
    ['nothing', [file('passed', 'passed', 'passed')], 0, { passed: 2, failed: 0 }],
    ['a failed test', [file('failed', 'passed', 'failed')], 1, { passed: 1, failed: 1 }],
    ['a file that did not load', [file('passed', 'passed'), file('failed')], 1, { passed: 1, failed: 1 }],
    ['a file whose set-up failed', [file('failed', 'skipped', 'passed')], 1, { passed: 1, failed: 1 }],
    ['an error outside every test', [file('passed', 'passed')], 1, { passed: 1, failed: 1 }],
    ['a killed run, by its status alone', [file('passed', 'passed')], 137, { passed: 1, failed: 1 }],
    ['no test at all', [], 0, { passed: 0, failed: 1 }],
    ['a file without a test', [file('passed')], 0, { passed: 0, failed: 1 }],
  ])('%s', (_, testResults, vitestStatus, expected) => {
    expect(countTests(JSON.stringify({ testResults }), { vitestStatus, skipped: 'shown' })).toMatchObject(expected)
  })

  test.each(['skipped', 'pending', 'todo', 'disabled'])('a test that is %s: in CI alone', (status) => {
    const report = JSON.stringify({ testResults: [file('passed', 'passed', status)] })
    const skipped = ['a.test.ts: test 1']
    expect(countTests(report, { vitestStatus: 0, skipped: 'failed' })).toEqual({ passed: 1, failed: 1, skipped })
    expect(countTests(report, { vitestStatus: 0, skipped: 'shown' })).toEqual({ passed: 1, failed: 0, skipped })
  })
})

test('a report that was cut short is no report', () => {
  expect(() => countTests('{"testResults":[', { vitestStatus: 0, skipped: 'shown' })).toThrow(SyntaxError)
})
