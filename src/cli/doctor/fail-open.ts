// Looks in a proxy's configuration for settings by which requests get past the decision (fail-open-rules.ts). Knows YAML of
// Envoy, Istio, Traefik and KServe, nginx, HAProxy and Caddyfiles, by the file's name or as it is told. It reads the file alone:
// what it includes, and what a control plane adds, it does not see.
import { basename } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { reasonOf } from '../read-file.ts'
import { Refused } from '../refused.ts'
import { isMapping, LINE_RULES, OBJECT_RULES, REQUIRED_LINES, SETTING_RULES } from './fail-open-rules.ts'
import type { ProxyKind } from './proxy-kind.ts'

export interface Finding {
  /** A dotted path, or the number of a line; empty for what is nowhere in the file. */
  readonly where: string
  readonly setting: string
  readonly why: string
}

/** By `kind`, or else by the file's name. Throws `Refused` for a kind that it does not know, and for YAML that is none. */
export function findFailOpen(file: string, text: string, kind?: ProxyKind): Finding[] {
  const language = languageOf(file, kind)
  if (language === undefined) throw new Refused('configuration_kind_unknown', { file })
  if (language !== 'yaml') return findInLines(language, text)
  try {
    return findInYaml(text)
  } catch (cause) {
    throw new Refused('configuration_unreadable', { file, reason: reasonOf(cause) }, { cause })
  }
}

type Language = keyof typeof LINE_RULES | 'yaml'

function languageOf(file: string, kind: ProxyKind | undefined): Language | undefined {
  const name = basename(file)
  if (/\.ya?ml$/.test(name)) return 'yaml'
  if (kind !== undefined) return kind === 'envoy' || kind === 'traefik' ? 'yaml' : kind
  if (name.endsWith('.conf')) return 'nginx'
  if (name.endsWith('.cfg')) return 'haproxy'
  return name.startsWith('Caddyfile') ? 'caddy' : undefined
}

function findInYaml(text: string): Finding[] {
  return parseAllDocuments(text, { uniqueKeys: true, merge: true }).flatMap((document) => {
    const [fault] = [...document.errors, ...document.warnings]
    if (fault !== undefined) throw fault
    return findInValue(document.toJS(), [])
  })
}

function findInValue(value: unknown, path: readonly string[]): Finding[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => findInValue(item, [...path, String(index)]))
  if (!isMapping(value)) return []
  const where = path.join('.')
  const ofObject = OBJECT_RULES.filter(({ isOpen }) => isOpen(value, path))
  const ofSettings = Object.entries(value).flatMap(([key, held]) =>
    SETTING_RULES.filter(({ setting, isOpen }) => setting === key && isOpen(held)),
  )
  const here = [...ofObject, ...ofSettings].map(({ setting, why }) => ({ where, setting, why }))
  return [...here, ...Object.entries(value).flatMap(([key, held]) => findInValue(held, [...path, key]))]
}

function findInLines(kind: keyof typeof LINE_RULES, text: string): Finding[] {
  const lines = text.split('\n').map((line) => line.replace(/(^|\s)#.*$/, ''))
  const found = lines.flatMap((line, index) =>
    LINE_RULES[kind]
      .filter(({ line: pattern }) => pattern.test(line))
      .map(({ why }) => ({ where: `line ${String(index + 1)}`, setting: line.trim(), why })),
  )
  const missing = REQUIRED_LINES[kind].filter(({ line: pattern }) => !lines.some((line) => pattern.test(line)))
  return [...found, ...missing.map(({ line, why }) => ({ where: '', setting: line.source, why }))]
}
