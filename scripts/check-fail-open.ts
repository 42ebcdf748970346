// Looks in proxies' configurations for settings by which requests get past the decision (fail-open-rules.ts):
//   node scripts/check-fail-open.ts FILE…
// Prints each finding and exits 1. Knows Envoy, Istio, Traefik and KServe by `.yaml` and `.yml`, nginx by `.conf`, HAProxy by
// `.cfg`, and Caddyfiles. It reads the files alone: what they include, and what a control plane adds, it does not see.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { isMapping, LINE_RULES, OBJECT_RULES, REQUIRED_LINES, SETTING_RULES } from './fail-open-rules.ts'

export interface Finding {
  /** A dotted path, or the number of a line; empty for what is nowhere in the file. */
  readonly where: string
  readonly setting: string
  readonly why: string
}

/** By the file's name. Throws for a kind that it does not know, and for YAML that is none. */
export function findFailOpen(file: string, text: string): Finding[] {
  const name = basename(file)
  if (/\.ya?ml$/.test(name)) return findInYaml(text)
  if (name.endsWith('.conf')) return findInLines('nginx', text)
  if (name.endsWith('.cfg')) return findInLines('haproxy', text)
  if (name.startsWith('Caddyfile')) return findInLines('caddy', text)
  throw new Error(`${file}: no kind of configuration that is known here`)
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

if (import.meta.main) {
  const files = process.argv.slice(2)
  const found = files.flatMap((file) =>
    findFailOpen(file, readFileSync(file, 'utf8')).map((finding) => ({ file, ...finding })),
  )
  for (const { file, where, setting, why } of found) console.log(`${file}: ${where}: ${setting}: ${why}`)
  if (files.length === 0) console.log('name the files to look in')
  process.exitCode = found.length > 0 || files.length === 0 ? 1 : 0
}
