// docs/operations.md against the code: settings, flags, metrics, and the configuration file that it shows.
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { addConfigurationOptions } from '../../src/cli/configuration-options.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { parseConfiguration } from '../../src/ops/configuration.ts'
import { variableOf } from '../../src/ops/configuration-sources.ts'
import { FLAGS } from '../../src/ops/flags.ts'
import { createMetrics } from '../../src/ops/metrics.ts'
import { KINDS, SETTINGS } from '../../src/ops/settings.ts'
import { readDocument, rowsOf, sectionOf } from './documented.ts'

const DOCUMENT = readDocument('docs/operations.md')

/** The default of a setting as it would be written, or undefined when it has none. */
function defaultOf(setting: string): string | undefined {
  const definitions = new Map(Object.entries(SETTINGS.shape).map(([name, rule]) => [name, rule.def]))
  const definition = definitions.get(setting)
  if (definition === undefined || !('defaultValue' in definition)) return undefined
  const value: unknown = definition.defaultValue
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(String).join()
  return typeof value === 'string' ? value : JSON.stringify(value)
}

describe('docs/operations.md', () => {
  test('has every setting with its variable, its kind and its default', () => {
    const rows = rowsOf(sectionOf(DOCUMENT, 'Settings')).filter((cells) => cells.length === 5)
    expect(rows.map(([setting]) => setting)).toEqual([...KINDS.keys()])
    for (const [setting = '', variable, kind, given = ''] of rows) {
      expect([variable, kind], setting).toEqual([`\`${variableOf(setting)}\``, KINDS.get(setting)])
      const value = defaultOf(setting)
      if (value !== undefined) expect(given, setting).toBe(`\`${value}\``)
      else expect(given, setting).toMatch(/^none|in the data folder$|of the sources$/)
    }
  })

  test('has every flag of the commands that work on the installation', () => {
    const rows = rowsOf(sectionOf(DOCUMENT, 'Settings')).filter(([first]) => first?.startsWith('--'))
    const flags = addConfigurationOptions(new Command()).options.map(({ long }) => long)
    expect(rows.map(([flag]) => flag)).toEqual(flags.filter((flag) => flag !== '--config'))
    expect(rows).toEqual(Object.entries(FLAGS).map(([setting, flag]) => [flag, `\`${setting}\``]))
  })

  test('shows a configuration file that is one', () => {
    const text = /```yaml\n(?<yaml>.*?)```/s.exec(DOCUMENT)?.groups?.['yaml'] ?? ''
    const file = { name: 'signet.yaml', folder: '/etc/signet', text }
    const configuration = parseConfiguration({ flags: {}, environment: {}, file, workingFolder: '/' })
    expect(configuration.masterKey).toEqual({ kind: 'credential', name: 'signet-master-key' })
  })

  test('has every metric of ours with its kind and labels', async () => {
    const metrics = createMetrics({ clock: systemClock, codes: [], reasons: [], ways: [], credentials: [] })
    metrics.watch({
      snapshotAgeSeconds: () => 0,
      signingQueue: () => 0,
      ocspRunning: () => 0,
      isQuarantined: () => false,
    })
    const types = (await metrics.render()).matchAll(/^# TYPE (?<name>signet_\w+) (?<kind>\w+)$/gm)
    const expected = [...types].map(({ groups }) => [groups?.['name'], groups?.['kind']])
    const rows = rowsOf(sectionOf(DOCUMENT, 'Metrics'))
    expect(rows.map(([name, kind]) => [name, kind]).toSorted()).toEqual(expected.toSorted())
  })
})
