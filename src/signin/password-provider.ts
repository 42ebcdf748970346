// Names, passwords and groups in a file: for test installations, where no directory is at hand. The file is read at each sign-in,
// so what is changed there counts from the next one on.
import { readFile } from 'node:fs/promises'
import { SignInRefused } from '../enrollment/sign-in-errors.ts'
import type { PasswordProvider, ProvidedPerson, ProviderRules } from '../enrollment/sign-in-provider.ts'
import { parsePasswordHash, type PasswordHash, verifyPassword } from './password-hash.ts'

interface Entry {
  readonly password: PasswordHash
  readonly groups: ProvidedPerson['groups']
}

export class FilePasswordProvider implements PasswordProvider {
  readonly kind = 'password'
  readonly rules: ProviderRules
  readonly #file: string

  constructor(rules: ProviderRules, file: string) {
    this.rules = rules
    this.#file = file
  }

  async check(name: string, password: string): Promise<ProvidedPerson> {
    const entry = (await this.#users()).get(name)
    const isRight = await verifyPassword(password, entry?.password)
    if (!isRight || entry === undefined) throw new SignInRefused('sign_in_refused')
    return { subject: name, name, groups: entry.groups }
  }

  async #users(): Promise<ReadonlyMap<string, Entry>> {
    try {
      return parseUsers(await readFile(this.#file, 'utf8'))
    } catch (cause) {
      throw new SignInRefused('provider_unreachable', { provider: this.rules.name }, { cause })
    }
  }
}

/** `{"alice": {"password": "scrypt$…", "groups": ["lab1"]}}`. Throws `TypeError` or `SyntaxError`, and repeats nothing of it. */
export function parseUsers(text: string): ReadonlyMap<string, Entry> {
  const parsed: unknown = JSON.parse(text)
  if (!isObject(parsed)) throw new TypeError('the users file is one JSON object')
  return new Map(Object.entries(parsed).map(([name, entry]) => [name, entryOf(entry)]))
}

function entryOf(entry: unknown): Entry {
  if (!isObject(entry)) throw new TypeError('each user of the users file is an object')
  const { password: text, groups } = entry
  const password = typeof text === 'string' ? parsePasswordHash(text) : undefined
  if (password === undefined) throw new TypeError('each user has a password as `signet user hash-password` prints it')
  if (groups === undefined) return { password, groups: 'unavailable' }
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string')) {
    throw new TypeError('the groups of a user are texts')
  }
  return { password, groups }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
