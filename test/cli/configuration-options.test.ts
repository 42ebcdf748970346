// What a command says of its settings names the flags as they are typed.
import { afterAll, describe, expect, it } from 'vitest'
import { FLAGS } from '../../src/ops/flags.ts'
import { codeOf, signet } from './command-line.ts'
import { TemporaryFolder } from './temporary-folder.ts'

const folder = new TemporaryFolder()
afterAll(() => folder[Symbol.dispose]())

const NOTHING = ['--config', folder.write('signet.yaml', '# nothing')]
const { demo, ...withValue } = FLAGS

async function faultsOf(words: readonly string[]): Promise<string> {
  const outcome = await signet(['serve', ...NOTHING, ...words])
  expect([outcome.status, codeOf(outcome)], outcome.stderr).toEqual([1, 'configuration_rejected'])
  return outcome.stderr
}

describe('a setting', () => {
  it('that is wrong is named by its flag, each of them at once', async () => {
    const faults = await faultsOf(Object.values(withValue).flatMap((flag) => [flag, '']))
    for (const [setting, flag] of Object.entries(withValue)) expect(faults).toContain(`${flag}: ${setting}: `)
  })

  it('that is missing is named by its flag', async () => {
    const faults = await faultsOf([])
    for (const setting of ['dataFolder', 'trustDomain', 'publicUrl', 'publicHttpUrl'] as const) {
      expect(faults).toContain(`${FLAGS[setting]}, SIGNET_`)
    }
    expect(faults).toContain(`${FLAGS['masterKey.file']}, SIGNET_`)
  })

  it('that a demonstration may be without is not', async () => {
    expect(await faultsOf([demo])).not.toContain(FLAGS.publicUrl)
  })
})
