// Counts what vitest reports (its JSON) for the last line of scripts/test: nothing that went wrong may count as nothing.
// As a program: node test/scripts/count-tests.ts REPORT VITEST_STATUS prints `PASSED FAILED`, and what was skipped on
// standard error. With CI=true a skipped test is a failed one.
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const REPORT = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
})

export interface Count {
  readonly passed: number
  readonly failed: number
  /** Full names, with the file in front. Counted as failed too where `skipped` says so. */
  readonly skipped: readonly string[]
}

export function countTests(
  report: string,
  options: { readonly vitestStatus: number; readonly skipped: 'failed' | 'shown' },
): Count {
  const files = REPORT.parse(JSON.parse(report)).testResults
  const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })))
  const passed = tests.filter(({ status }) => status === 'passed').length
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed')
  const failedTests = tests.filter(({ status }) => status === 'failed').length
  // A file that could not be loaded, or whose set-up failed, has no failed test of its own.
  const failedFiles = files.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  ).length
  const failed = failedTests + failedFiles + (options.skipped === 'failed' ? skipped.length : 0)
  // An unhandled rejection, or no test at all: vitest says so in its status alone.
  const unseen = failed === 0 && (options.vitestStatus !== 0 || passed === 0) ? 1 : 0
  return { passed, failed: failed + unseen, skipped: skipped.map(({ file, fullName }) => `${file}: ${fullName}`) }
}

if (import.meta.main) {
  const [report = '', status = '1'] = process.argv.slice(2)
  const { passed, failed, skipped } = countTests(readFileSync(report, 'utf8'), {
    vitestStatus: Number(status),
    skipped: process.env['CI'] === 'true' ? 'failed' : 'shown',
  })
  for (const name of skipped) process.stderr.write(`skipped: ${name}\n`)
  process.stdout.write(`${passed} ${failed}\n`)
}
