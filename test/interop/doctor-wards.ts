// The tests of `signet doctor` for one proxy: as docs/deploy has it, it is found sound; broken, it is found so, under the numbers
// of the traps.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf } from '../cli/command-line.ts'
import { Clinic, type Diagnosed, type Patient, type PatientName, type Turn } from './doctor-clinic.ts'
import { describeWith } from './program.ts'

/** What is broken, how, the traps that it is found under, and what the doctor says of the first. */
export type Broken = readonly [name: string, turned: Turn, traps: readonly number[], configure: RegExp]

export function examines(name: PatientName, broken: readonly Broken[]): void {
  describeWith([name], name, () => {
    let clinic: Clinic
    beforeAll(async () => {
      clinic = await Clinic.open(name)
    })
    afterAll(() => clinic.close())

    describe('as docs/deploy has it', () => {
      let patient: Patient
      beforeAll(async () => {
        patient = await clinic.admit()
      })
      afterAll(() => patient.stop())

      test('grade A: every hostile request is refused or disarmed, and each is proven', async () => {
        const { status, stdout } = await patient.ask('--echo', '/echo', '--json', ...clinic.history)
        const document = JSON.parse(stdout) as Diagnosed
        expect(document.letThrough).toEqual([])
        expect(document.failed).toEqual([])
        expect(document.notProvable).toEqual([])
        expect(document).toMatchObject({ grade: 'A', kind: name })
        expect(Object.keys(document.notAsked)).toEqual(['apiKey'])
        expect(document.asked).toBeGreaterThan(250)
        expect(status).toBe(0)
      })

      test('without an echo what a proxy may disarm is not provable, never passed', async () => {
        const { status, stdout } = await patient.ask('--path', '/v1/models')
        expect(stdout).toMatch(/^not provable, \d+: \/v1\/models does not echo/m)
        expect(stdout).toMatch(/^not asked, \d+: needs --gateway-host/m)
        expect(stdout).toMatch(/^grade B: /m)
        expect(status).toBe(0)
      })

      test.each([
        ['a caller who may not', ['--as', 'vision__bob'], 'caller_not_allowed'],
        ['an endpoint that is not there', ['--echo', '/nothing'], 'caller_not_allowed'],
        ['an endpoint that answers something else', ['--echo', '/capabilities'], 'echo_unreadable'],
        ['a name that the proxy does not serve', ['--proxy', 'https://localhost'], 'caller_not_allowed'],
        ['nobody there', ['--connect', '127.0.0.1:1'], 'connection_refused'],
      ])('proves nothing with %s', async (_, more, code) => {
        const outcome = await patient.ask(...more)
        expect([outcome.status, codeOf(outcome)], outcome.stderr).toEqual([1, code])
      })

      test('and sends nothing to a proxy of another CA', async () => {
        const outcome = await patient.ask('--ca', await clinic.foreignRoots())
        expect([outcome.status, codeOf(outcome)], outcome.stderr).toEqual([1, 'server_untrusted'])
      })
    })

    test.each(broken)('grade F: %s', async (_, turned, traps, configure) => {
      const patient = await clinic.admit(turned)
      try {
        const outcome = await patient.ask('--echo', '/echo', '--json')
        const document = JSON.parse(outcome.stdout) as Diagnosed
        expect(document.grade).toBe('F')
        const found = [...new Set(document.letThrough.map(({ trap }) => trap))].toSorted((a, b) => a - b)
        expect(found).toEqual(traps)
        expect(document.letThrough[0]?.configure).toMatch(configure)
        expect([outcome.status, codeOf(outcome)]).toEqual([1, 'proxy_lets_through'])
      } finally {
        await patient.stop()
      }
    })
  })
}
