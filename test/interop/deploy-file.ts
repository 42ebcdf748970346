// The configuration files of docs/deploy, with their addresses, names and paths replaced by those of a test: what the
// documents show is what the tests run. Nothing else is changed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const DEPLOY_FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'deploy')

/** What stands in a file of docs/deploy, and what takes its place. */
export type Replacements = Readonly<Record<string, string>>

export function readDeployFile(name: string): string {
  return readFileSync(join(DEPLOY_FOLDER, name), 'utf8')
}

/** In one pass, the longest first. Throws where one does not occur: the file and its test have parted. */
export function filledDeployFile(name: string, replacements: Replacements): string {
  const text = readDeployFile(name)
  const places = Object.keys(replacements).toSorted((a, b) => b.length - a.length)
  const missing = places.filter((place) => !text.includes(place))
  if (missing.length > 0) throw new Error(`docs/deploy/${name} does not hold ${missing.join(', ')}`)
  const pattern = places.map((place) => place.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  return text.replaceAll(new RegExp(pattern, 'g'), (place) => replacements[place] ?? place)
}
