// Where the conformance vectors are: the folder that SIGNET_VECTORS names. Without it the tests say so and are skipped;
// with CI=true that is a failure.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const base = process.env['SIGNET_VECTORS']

/** Declares tests over the folder `name` of the vectors; `declare` is given the way to its files. */
export function describeVectors(name: string, declare: (folder: string) => void): void {
  const folder = base === undefined ? undefined : join(base, name)
  describe(`conformance: ${name}`, () => {
    if (folder !== undefined && existsSync(folder)) {
      declare(folder)
      return
    }
    it.skipIf(process.env['CI'] !== 'true')(`is skipped: SIGNET_VECTORS names no folder with ${name}`, () => {
      expect.fail('SIGNET_VECTORS must name the folder of the conformance vectors')
    })
  })
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}
