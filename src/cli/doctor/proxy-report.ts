// What the doctor says of a proxy: a grade, each hostile request that was let through with what to do, and what is not proven.
//
// A: all refused or disarmed, all of it proven. B: nothing let through, not all of it proven. C: something was refused by an error
// alone. D: a knob of the configuration is open. F: something hostile was let through.
import type { Finding } from './fail-open.ts'
import { adviceFor, NOT_FROM_OUTSIDE, TRAPS } from './proxy-advice.ts'
import type { Needed, ProxyTrap } from './proxy-case.ts'
import { type Examined, shown } from './proxy-examination.ts'
import type { ProxyKind } from './proxy-kind.ts'

export type Grade = 'A' | 'B' | 'C' | 'D' | 'F'

export interface OpenKnob extends Finding {
  readonly file: string
}

export interface Diagnosis {
  /** Undefined when configurations alone were looked through. */
  readonly proxy: string | undefined
  readonly kind: ProxyKind | undefined
  readonly examined: readonly Examined[]
  readonly notAsked: ReadonlyMap<Needed, number>
  readonly knobs: readonly OpenKnob[]
}

export function gradeOf({ examined, knobs }: Pick<Diagnosis, 'examined' | 'knobs'>): Grade {
  const has = (kind: Examined['verdict']['kind']): boolean => examined.some(({ verdict }) => verdict.kind === kind)
  if (has('let-through')) return 'F'
  if (knobs.length > 0) return 'D'
  if (has('failed')) return 'C'
  return has('unproven') ? 'B' : 'A'
}

interface Told {
  readonly trap: ProxyTrap
  readonly name: string
  readonly sent: string
  readonly came: string
  readonly why: string
}

/** Beyond the first few of a trap, a further one teaches nothing. */
const SHOWN_OF_A_TRAP = 5
const MAX_SENT_CHARACTERS = 300

export function documentOf(diagnosis: Diagnosis): object {
  const { proxy, kind, examined, notAsked, knobs } = diagnosis
  const count = (of: Examined['verdict']['kind']): number =>
    examined.filter(({ verdict }) => verdict.kind === of).length
  const letThrough = ofKind(examined, 'let-through').map((told) => ({ ...told, configure: adviceFor(told.trap, kind) }))
  if (proxy === undefined) return { openKnobs: knobs }
  return {
    proxy,
    kind,
    grade: gradeOf(diagnosis),
    asked: examined.length,
    refused: count('refused'),
    disarmed: count('disarmed'),
    letThrough,
    failed: ofKind(examined, 'failed'),
    notProvable: ofKind(examined, 'unproven'),
    notAsked: Object.fromEntries(notAsked),
    notFromOutside: NOT_FROM_OUTSIDE,
    openKnobs: knobs,
  }
}

export function linesOf(diagnosis: Diagnosis): string[] {
  const { proxy, kind, examined, knobs } = diagnosis
  if (proxy === undefined) return knobs.length === 0 ? ['no open setting is known in it'] : knobLines(knobs)
  return [
    `${proxy}${kind === undefined ? '' : ` (${kind})`}: ${String(examined.length)} hostile requests, each beside an honest one`,
    ...letThroughLines(examined, kind),
    ...listed('refused by an error alone', ofKind(examined, 'failed')),
    ...listed('not provable', ofKind(examined, 'unproven')),
    ...knobLines(knobs),
    ...notAskedLines(diagnosis),
    `grade ${gradeOf(diagnosis)}: ${GRADES[gradeOf(diagnosis)]}`,
  ]
}

const GRADES: Readonly<Record<Grade, string>> = {
  A: 'every hostile request was refused, or reached the model server without its trick',
  B: 'nothing hostile is known to have been let through; not all of it is proven',
  C: 'nothing hostile was let through, but some of it was stopped by an error alone',
  D: 'nothing hostile was let through, but a setting is open that decides what happens when Signet is away or is not asked',
  F: 'hostile requests were let through',
}

function knobLines(knobs: readonly OpenKnob[]): string[] {
  return knobs.map(
    ({ file, where, setting, why }) => `OPEN  ${file}${where === '' ? '' : `, ${where}`}: ${setting}: ${why}`,
  )
}

function ofKind(examined: readonly Examined[], kind: Examined['verdict']['kind']): Told[] {
  return examined.filter(({ verdict }) => verdict.kind === kind).map(toldOf)
}

function toldOf({ row: { trap, name, hostile }, outcome, verdict }: Examined): Told {
  const { method, target, headers } = hostile.call
  const lines = [`${method} ${target}`, ...headers.map(([header, value]) => `${header}: ${value}`)].join(' | ')
  const sent = lines.length > MAX_SENT_CHARACTERS ? `${lines.slice(0, MAX_SENT_CHARACTERS)}…` : lines
  return { trap, name, sent: `${sent} (${SHOWN[hostile.shows]})`, came: shown(outcome), why: verdict.why }
}

const SHOWN = {
  own: "with the caller's certificate",
  nothing: 'without a certificate',
  foreign: 'with a certificate of no CA',
  revoked: 'with a revoked certificate',
} as const

function letThroughLines(examined: readonly Examined[], kind: ProxyKind | undefined): string[] {
  const byTrap = Map.groupBy(ofKind(examined, 'let-through'), ({ trap }) => trap)
  return [...byTrap].flatMap(([trap, told]) => [
    `FAILS trap ${String(trap)}, ${TRAPS[trap].title}: ${String(told.length)} let through`,
    ...told
      .slice(0, SHOWN_OF_A_TRAP)
      .flatMap(({ name, sent, came, why }) => [`  ${name}`, `    sent: ${sent}`, `    came: ${came}; ${why}`]),
    ...(told.length > SHOWN_OF_A_TRAP
      ? [`  and ${String(told.length - SHOWN_OF_A_TRAP)} more; all of them with --json`]
      : []),
    `  configure: ${adviceFor(trap, kind)}`,
  ])
}

function listed(heading: string, told: readonly Told[]): string[] {
  const byReason = Map.groupBy(told, ({ why }) => why)
  return [...byReason].map(([why, of]) => {
    const names = of.slice(0, SHOWN_OF_A_TRAP).map(({ trap, name }) => `trap ${String(trap)}: ${name}`)
    return `${heading}, ${String(of.length)}: ${why} (${names.join('; ')}${of.length > names.length ? '; …' : ''})`
  })
}

const OPTIONS: Readonly<Record<Needed, string>> = {
  gatewayHost: '--gateway-host, --model and --model-header',
  model: '--model and --other-model',
  otherModel: '--other-model',
  modelHeader: '--model-header',
  apiKey: '--api-key-file',
}

function notAskedLines({ notAsked }: Diagnosis): string[] {
  const lines = [...notAsked].map(([needed, count]) => `not asked, ${String(count)}: needs ${OPTIONS[needed]}`)
  return [...lines, ...NOT_FROM_OUTSIDE.map((text) => `not to be asked from outside: ${text}`)]
}
