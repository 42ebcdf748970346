// Reads a policy folder and parses each file on its own: what the files say together is for `policy-checks.ts`.
// The layout: CP.md, one JSON file per subject, and profiles/<profile>.json; nothing else.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as z from 'zod'
import { PROFILE_NAMES, type ProfileName } from '../../domain/profile-name.ts'
import { credentialsSchema } from './credential-policy.ts'
import { hierarchySchema } from './hierarchy.ts'
import { lintsSchema } from './lint-policy.ts'
import { namesSchema } from './names.ts'
import type { PolicyFault } from './policy-rejected.ts'
import { profileSchema } from './profile.ts'
import { revocationSchema } from './revocation-policy.ts'

const FILES = [
  'CP.md',
  'hierarchy.json',
  'names.json',
  'revocation.json',
  'lints.json',
  'credentials.json',
  'profiles',
] as const

/** A folder being read: what was found wrong so far. */
export class PolicyFolder {
  readonly path: string
  readonly faults: PolicyFault[] = []
  readonly #sections: ReadonlySet<string>

  constructor(path: string) {
    this.path = path
    this.#refuseStrangers('', FILES)
    const profileFiles = PROFILE_NAMES.map((name) => `${name}.json`)
    this.#refuseStrangers('profiles', profileFiles)
    this.#sections = sectionsOf(this.#read('CP.md') ?? '')
  }

  parse() {
    return {
      hierarchy: this.#parse('hierarchy.json', hierarchySchema),
      names: this.#parse('names.json', namesSchema),
      revocation: this.#parse('revocation.json', revocationSchema),
      lints: this.#parse('lints.json', lintsSchema),
      credentials: this.#parse('credentials.json', credentialsSchema),
      profiles: PROFILE_NAMES.map((name) => this.#parseProfile(name)),
    }
  }

  #parseProfile(name: ProfileName) {
    const file = `profiles/${name}.json`
    const profile = this.#parse(file, profileSchema)
    if (profile === undefined || profile.name === name) return profile
    this.faults.push({ file, field: 'name', rule: `is ${name}, as the file is called` })
    return undefined
  }

  #parse<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> | undefined {
    const text = this.#read(file)
    if (text === undefined) return undefined
    const json = parseJson(text)
    if (json === undefined) {
      this.faults.push({ file, field: '', rule: 'is JSON' })
      return undefined
    }
    for (const fault of this.#unknownSections(json)) this.faults.push({ file, ...fault })
    const parsed = schema.safeParse(json)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) this.faults.push(...faultsOf(file, issue))
    return undefined
  }

  /** Every `cites` must name a heading of the folder's own CP.md: a reason that nobody can read is none. */
  #unknownSections(json: unknown): { field: string; rule: string }[] {
    return citationsIn(json, '')
      .filter(({ section }) => !this.#sections.has(section))
      .map(({ field, section }) => ({ field, rule: `cites a section that CP.md has (it has no §${section})` }))
  }

  #read(file: string): string | undefined {
    try {
      return readFileSync(join(this.path, file), 'utf8')
    } catch (error) {
      this.faults.push({ file, field: '', rule: `can be read (${codeOf(error)})` })
      return undefined
    }
  }

  #refuseStrangers(folder: string, known: readonly string[]): void {
    try {
      const strangers = readdirSync(join(this.path, folder)).filter((name) => !known.includes(name))
      for (const name of strangers) {
        this.faults.push({ file: join(folder, name), field: '', rule: `is one of ${known.join(', ')}` })
      }
    } catch (error) {
      this.faults.push({ file: folder, field: '', rule: `is a folder that can be read (${codeOf(error)})` })
    }
  }
}

function sectionsOf(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^#+ (?<section>[1-9][0-9]*(?:\.[0-9]+)*)\s/gm)].map((match) => match[1] ?? ''))
}

function citationsIn(json: unknown, path: string): { field: string; section: string }[] {
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([key, value]: [string, unknown]) => {
    const field = path === '' ? key : `${path}.${key}`
    if (key !== 'cites' || typeof value !== 'string') return citationsIn(value, field)
    const section = /^CP §([0-9.]+)$/.exec(value)?.[1]
    return section === undefined ? [] : [{ field, section }]
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** A union reports every branch: the one that came furthest into the value is the one that was meant. */
function faultsOf(file: string, issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): PolicyFault[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ file, field: [...path, key].join('.'), rule: 'is a known field' }))
  }
  if (issue.code === 'invalid_union') {
    const branches = issue.errors.filter((errors) => errors.some((error) => reaches(error)))
    const meant = branches[0]
    if (meant !== undefined) return meant.flatMap((error) => faultsOf(file, error, path))
  }
  return [{ file, field: path.join('.'), rule: issue.message }]
}

function reaches(issue: z.core.$ZodIssue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys' || issue.code === 'custom'
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
}
