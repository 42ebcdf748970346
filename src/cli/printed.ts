// What a command prints: lines for people, or with `--json` one document for programs. Texts come from far away; control
// characters in them are shown as escapes, so that no name moves the cursor of whoever lists it.
import type { Host } from './host.ts'
import type { OutputOptions } from './service-options.ts'

export function print(host: Host, { json }: OutputOptions, document: object, lines: readonly string[]): void {
  if (json === true) host.stdout(`${JSON.stringify(document, undefined, 2)}\n`)
  else host.stdout(lines.map((line) => `${visible(line)}\n`).join(''))
}

export function visible(text: string): string {
  // Also the C1 controls, and what reverses the direction of text.
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Columns as wide as their widest cell; the last one as it is. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [header, ...rows].map((row) => row.map(visible))
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** `name: value` lines, names as wide as the widest. Those without a value are left out. */
export function sheet(fields: Readonly<Record<string, string | undefined>>): string[] {
  const width = Math.max(...Object.keys(fields).map((name) => name.length))
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${`${name}:`.padEnd(width + 1)} ${value}`],
  )
}
