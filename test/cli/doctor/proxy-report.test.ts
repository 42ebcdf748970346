import { describe, expect, test } from 'vitest'
import { plainAttempt, type ProxyCase } from '../../../src/cli/doctor/proxy-case.ts'
import type { Examined, Verdict } from '../../../src/cli/doctor/proxy-examination.ts'
import { type Diagnosis, documentOf, gradeOf, linesOf, type OpenKnob } from '../../../src/cli/doctor/proxy-report.ts'

const NOTHING = new Uint8Array()
const honest = plainAttempt({
  ...{ host: 'chat.internal', otherHost: 'other.invalid', path: '/echo', unprotectedPath: '/healthz' },
  ...{ actingUser: 'vision__alice', certificate: NOTHING, otherCertificate: NOTHING },
  ...{ foreignCertificate: NOTHING, issuer: NOTHING },
})
const row: ProxyCase = {
  trap: 6,
  name: 'a path',
  hostile: { ...honest, shows: 'nothing' },
  twin: honest,
  trick: 'refused',
}
const with_ = (kind: Verdict['kind']): Examined => ({
  row,
  outcome: { kind: 'answered', status: 200, headers: [], body: '' },
  verdict: { kind, why: `because ${kind}` },
})
const knob: OpenKnob = { file: 'envoy.yaml', where: 'a', setting: 'failure_mode_allow', why: 'open' }

describe('the grade', () => {
  test.each<readonly [string, readonly Verdict['kind'][], readonly OpenKnob[]]>([
    ['A', ['refused', 'disarmed'], []],
    ['B', ['refused', 'unproven'], []],
    ['C', ['refused', 'unproven', 'failed'], []],
    ['D', ['refused', 'failed'], [knob]],
    ['F', ['refused', 'let-through'], []],
    ['F', ['let-through', 'failed', 'unproven'], [knob]],
  ])('is %s for %j', (grade, kinds, knobs) => {
    expect(gradeOf({ examined: kinds.map(with_), knobs })).toBe(grade)
  })
})

describe('the report', () => {
  const diagnosis: Diagnosis = {
    proxy: 'https://chat.internal',
    kind: 'nginx',
    examined: [with_('refused'), with_('let-through')],
    notAsked: new Map([['gatewayHost', 4]]),
    knobs: [],
  }

  test('names the trap, what was sent, what came and what to configure', () => {
    const text = linesOf(diagnosis).join('\n')
    expect(text).toContain('FAILS trap 6')
    expect(text).toContain(
      'sent: GET /echo | Host: chat.internal | Signet-Act-As: vision__alice (without a certificate)',
    )
    expect(text).toContain('came: 200; because let-through')
    expect(text).toContain('configure: auth_request for the whole server')
    expect(text).toContain('not asked, 4: needs --gateway-host')
    expect(text).toMatch(/grade F: [^\n]+$/)
  })

  test('gives general advice for a proxy of no known kind', () => {
    expect(linesOf({ ...diagnosis, kind: undefined }).join('\n')).toContain('leave it to Signet which paths')
  })

  test('is the same as a document', () => {
    expect(documentOf(diagnosis)).toMatchObject({
      ...{ grade: 'F', asked: 2, refused: 1, disarmed: 0, notAsked: { gatewayHost: 4 } },
      letThrough: [{ trap: 6, why: 'because let-through' }],
    })
  })
})
