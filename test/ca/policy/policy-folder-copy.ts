// A copy of the project's policy that a test may spoil.
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const PROJECT_POLICY_FOLDER = join(import.meta.dirname, '..', '..', '..', 'ca')

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

export function copyPolicyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'signet-policy-'))
  cpSync(PROJECT_POLICY_FOLDER, folder, { recursive: true })
  return folder
}

/** Sets the value at a dotted path of a JSON file; a list of authorities or lints is entered by name, `undefined` deletes. */
export function setField(folder: string, file: string, path: string, value: Json | undefined): void {
  const at = join(folder, file)
  const root = JSON.parse(readFileSync(at, 'utf8')) as Json
  const keys = path.split('/')
  const last = keys.pop() ?? ''
  const parent = keys.reduce(enter, root)
  if (Array.isArray(parent)) {
    const index = parent.findIndex((item) => isNamed(item, last))
    parent.splice(index < 0 ? parent.length : index, index < 0 ? 0 : 1, ...(value === undefined ? [] : [value]))
  } else if (typeof parent === 'object' && parent !== null) {
    if (value === undefined) Reflect.deleteProperty(parent, last)
    else parent[last] = value
  }
  writeFileSync(at, JSON.stringify(root))
}

function enter(json: Json, key: string): Json {
  if (Array.isArray(json)) return json.find((item) => isNamed(item, key)) ?? json[Number(key)] ?? null
  const value = typeof json === 'object' && json !== null ? json[key] : undefined
  if (value === undefined) throw new Error(`no field ${key}`)
  return value
}

function isNamed(item: Json, name: string): boolean {
  return typeof item === 'object' && item !== null && !Array.isArray(item) && item['name'] === name
}
