// The name rules against what security rests on (CP §3.1, §3.2): patterns are tried on the names they must never allow.
// A pattern cannot be proved here; these are the readings by which systems before this one were fooled.
import type { NameRule } from '../../domain/name-rules.ts'
import type { PolicyNames } from './names.ts'
import type { PolicyFault } from './policy-rejected.ts'
import type { Policy } from './policy.ts'

type RuleName = {
  [Key in keyof PolicyNames]: PolicyNames[Key] extends NameRule ? Key : never
}[keyof PolicyNames]

/** In no name of ours: another alphabet, a control character, a second line, what a name's reader splits at. */
const NEVER = ['aéb', 'a\u0000b', 'a\nb', 'ab\n', 'a/b', 'a=b', 'a,b', 'a+b', 'a\\b', 'a"b', 'a*b', 'a:b', 'a@b', 'a%b']
const NO_SEPARATOR = ['a__b', 'ab__', '__ab', 'a___b']
const NO_DOT = ['a.b', 'ab.', '.ab']
const NO_EDGE = ['_ab', '-ab', 'ab_', 'ab-', '1ab']
const NO_BLANK = ['a b', ' ab', 'ab ']
const NO_CAPITAL = ['Ab', 'aB', 'AB']

const PROBES: Readonly<Record<RuleName, readonly string[]>> = {
  project: [...NEVER, ...NO_SEPARATOR, ...NO_DOT, ...NO_EDGE, ...NO_BLANK, 'a-b'],
  user: [...NEVER, ...NO_SEPARATOR, ...NO_DOT, ...NO_EDGE, ...NO_BLANK],
  serviceAccount: [...NEVER, ...NO_SEPARATOR, ...NO_DOT, ...NO_BLANK, ...NO_EDGE, 'ab', 'SA-ab'],
  systemUser: [...NEVER, ...NO_SEPARATOR, ...NO_DOT, ...NO_BLANK, ...NO_CAPITAL, '-ab', '1ab'],
  dnsName: [
    ...NEVER,
    ...NO_BLANK,
    ...NO_CAPITAL,
    '*.b',
    'a..b',
    '.ab',
    'ab.',
    'a_b',
    '-ab',
    'ab-',
    'a.-b',
    '127.0.0.1',
  ],
  deployment: [...NEVER, ...NO_SEPARATOR, ...NO_DOT, ...NO_BLANK, ...NO_CAPITAL, ...NO_EDGE],
  jobId: [...NEVER, ...NO_SEPARATOR, ...NO_DOT, ...NO_BLANK, '-ab', 'ab-'],
  organization: [...NEVER, 'ab ', ' ab'],
}

export function checkNames({ names, hierarchy }: Policy): PolicyFault[] {
  const fault = (field: string, rule: string): PolicyFault => ({ file: 'names.json', field, rule })
  const faults = Object.entries(PROBES).flatMap(([name, probes]) => {
    const allowed = probes.filter((probe) => names[name as RuleName].pattern.test(probe))
    return allowed.map((probe) => fault(`${name}.pattern`, `allows no name such as ${JSON.stringify(probe)}`))
  })
  const account = `${names.serviceAccountPrefix}ab`
  if (!names.serviceAccount.pattern.test(account)) {
    faults.push(fault('serviceAccount.pattern', `allows a name such as ${JSON.stringify(account)}`))
  }
  if (!names.reservedDnsNames.includes('localhost')) faults.push(fault('reservedDnsNames', 'reserves localhost'))
  if (!fits(hierarchy.organization, names.organization)) {
    faults.push({
      file: 'hierarchy.json',
      field: 'organization',
      rule: 'is an organization by the rules of names.json',
    })
  }
  return faults
}

function fits(name: string, rule: NameRule): boolean {
  return name.length >= rule.minLength && name.length <= rule.maxLength && rule.pattern.test(name)
}
