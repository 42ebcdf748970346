// Tables of Markdown documents, so that tests can hold them against the code.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const HOME = join(import.meta.dirname, '..', '..')

export function readDocument(name: string): string {
  return readFileSync(join(HOME, name), 'utf8')
}

/** From a heading of the second level to the next one. Throws when there is no such heading. */
export function sectionOf(text: string, heading: string): string {
  const [, section] = `\n${text}`.split(`\n## ${heading}\n`)
  if (section === undefined) throw new Error(`no section is called ${heading}`)
  return section.split('\n## ')[0] ?? ''
}

/** Cells of every table row whose first cell is one word in backquotes; the word stands there without them. */
export function rowsOf(section: string): string[][] {
  return [...section.matchAll(/^\| `(?<first>[^`|]+)` \|(?<rest>.*)\|$/gm)].map(({ groups }) => [
    groups?.['first'] ?? '',
    ...(groups?.['rest'] ?? '').split(/(?<!\\)\|/).map((cell) => cell.trim()),
  ])
}
