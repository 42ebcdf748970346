// Where settings come from: flags, then `SIGNET_*`, then `signet.yaml`, merged setting by setting with the origin of each,
// so that a fault can say where to mend it. It knows names and kinds of settings; `configuration.ts` knows their rules.
// Nothing here repeats a value in a fault: a database URL may hold a password.
import { resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { flagOf } from './flags.ts'

/**
 * How the text of a variable or flag becomes a value, and whether the value is a path. A mapping is JSON in a variable, and is
 * taken whole from one source; what stands in it under a key that ends in `File` is a path.
 */
export type SettingKind = 'text' | 'path' | 'database' | 'number' | 'boolean' | 'list' | 'mapping'

export type SettingValue = string | number | boolean | readonly string[]

/** A file of settings, already read. Paths in it are relative to `folder`. */
export interface ConfigurationFile {
  readonly name: string
  readonly folder: string
  readonly text: string
}

export interface Sources {
  /** By setting name (`listeners.https`); what is undefined was not given. */
  readonly flags: Readonly<Record<string, SettingValue | undefined>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly file: ConfigurationFile | undefined
  /** Paths in flags and variables are relative to it. */
  readonly workingFolder: string
}

export interface Given {
  readonly value: unknown
  /** `--data`, `SIGNET_DATA_FOLDER`, `signet.yaml`; `flags` for what only a program can give as one. */
  readonly origin: string
}

export interface Merged {
  readonly given: ReadonlyMap<string, Given>
  /** Each names origin, key and rule. */
  readonly faults: readonly string[]
}

type Kinds = ReadonlyMap<string, SettingKind>

/** Variables of the clients and of the tests, which the service may meet and does not read. */
const CLIENT_VARIABLES: ReadonlySet<string> = new Set([
  'SIGNET_CA',
  'SIGNET_CERT',
  'SIGNET_CONFIG',
  'SIGNET_KEY',
  'SIGNET_TOKEN_FILE',
  'SIGNET_URL',
  'SIGNET_VECTORS',
])

/** Settings of which one excludes the others are taken whole from the first source that names any of them. */
const EXCLUSIVE: ReadonlySet<string> = new Set(['masterKey.file', 'masterKey.credential', 'masterKey.environment'])

export function isExclusive(setting: string): boolean {
  return EXCLUSIVE.has(setting)
}

/** `listeners.https` → `SIGNET_LISTENERS_HTTPS`. */
export function variableOf(setting: string): string {
  const words = setting.split('.').flatMap((part) => part.split(/(?=[A-Z])/))
  return `SIGNET_${words.join('_').toUpperCase()}`
}

/** The first source that has a setting wins. Never throws: what is wrong is a fault beside what is right. */
export function mergeSources(sources: Sources, kinds: Kinds): Merged {
  const read = [fromFlags(sources, kinds), fromEnvironment(sources, kinds), fromFile(sources.file, kinds)]
  const given = new Map<string, Given>()
  for (const source of read) {
    const closed = [...given.keys()].some(isExclusive)
    for (const [setting, value] of source.given) {
      if (!given.has(setting) && !(closed && isExclusive(setting))) given.set(setting, value)
    }
  }
  return { given, faults: read.flatMap((source) => source.faults) }
}

function fromFlags({ flags, workingFolder }: Sources, kinds: Kinds): Merged {
  const given = new Map<string, Given>()
  const faults: string[] = []
  for (const [setting, value] of Object.entries(flags)) {
    const kind = kinds.get(setting)
    if (value === undefined) continue
    const origin = flagOf(setting) ?? 'flags'
    if (kind === undefined) faults.push(`${origin}: ${shown(setting)}: is no setting`)
    else given.set(setting, { value: convert(value, kind, workingFolder), origin })
  }
  return { given, faults }
}

function fromEnvironment({ environment, workingFolder }: Sources, kinds: Kinds): Merged {
  const given = new Map<string, Given>()
  const known = new Set(CLIENT_VARIABLES)
  for (const [setting, kind] of kinds) {
    const origin = variableOf(setting)
    const text = environment[origin]
    known.add(origin)
    if (text !== undefined) given.set(setting, { value: convert(text, kind, workingFolder), origin })
  }
  const faults = Object.keys(environment)
    .filter((name) => name.startsWith('SIGNET_') && environment[name] !== undefined && !known.has(name))
    .map((name) => `${shown(name)}: is no variable of Signet`)
  return { given, faults }
}

function fromFile(file: ConfigurationFile | undefined, kinds: Kinds): Merged {
  if (file === undefined) return { given: new Map(), faults: [] }
  const document = parseDocument(file.text, { uniqueKeys: true })
  const given = new Map<string, Given>()
  // The messages of the parser quote the line, which may hold a secret: its code and the place are enough.
  const faults = [...document.errors, ...document.warnings].map(
    ({ code, linePos }) => `${file.name}: line ${linePos?.[0].line ?? '?'}: is not YAML (${code})`,
  )
  if (faults.length > 0) return { given, faults }
  const visit = (value: unknown, path: string): void => {
    const kind = kinds.get(path)
    if (kind !== undefined) given.set(path, { value: located(value, kind, file.folder), origin: file.name })
    else if (path !== '' && !isSection(path, kinds)) faults.push(`${file.name}: ${shown(path)}: is no setting`)
    else if (!isMapping(value)) faults.push(`${file.name}: ${path || 'the file'}: is a mapping of settings`)
    else for (const [key, below] of Object.entries(value)) visit(below, path === '' ? key : `${path}.${key}`)
  }
  visit(plain(document) ?? {}, '')
  return { given, faults }
}

/** Aliases are refused: no setting repeats, and an alias can blow a small file up to a large one. */
function plain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (error) {
    if (error instanceof ReferenceError) return 'an alias'
    throw error
  }
}

function isSection(path: string, kinds: Kinds): boolean {
  return [...kinds.keys()].some((setting) => setting.startsWith(`${path}.`))
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function convert(value: SettingValue, kind: SettingKind, folder: string): unknown {
  if (typeof value !== 'string') return located(value, kind, folder)
  if (kind === 'number') return /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value
  if (kind === 'boolean') return value === 'true' || (value === 'false' ? false : value)
  if (kind === 'list') return value === '' ? [] : value.split(',').map((item) => item.trim())
  if (kind === 'mapping') return located(mappingIn(value), kind, folder)
  return located(value, kind, folder)
}

/** A text that is no JSON stays one, which breaks the setting's rule. */
function mappingIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function located(value: unknown, kind: SettingKind, folder: string): unknown {
  if (kind === 'mapping') return withPaths(value, folder)
  if (typeof value !== 'string' || value === '') return value
  if (kind === 'path') return resolve(folder, value)
  if (kind !== 'database' || !/^sqlite:./.test(value)) return value
  return `sqlite:${resolve(folder, value.slice('sqlite:'.length))}`
}

function withPaths(value: unknown, folder: string): unknown {
  if (!isMapping(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const isPath = key.endsWith('File') && typeof inner === 'string' && inner !== ''
      return [key, isPath ? resolve(folder, inner) : withPaths(inner, folder)]
    }),
  )
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80)).slice(1, -1)
}
