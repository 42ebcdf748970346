// An enrolment token as it is printed: alone on standard output; whose it is and until when on standard error.
import type { Answer } from './answer.ts'
import type { Host } from './host.ts'
import { print, visible } from './printed.ts'
import type { OutputOptions } from './service-options.ts'

export function printEnrolment(host: Host, options: OutputOptions, made: Answer): void {
  const note = `for ${made.text('identity')}, once, until ${made.text('expiresAt')}`
  print(host, options, made.document, [made.text('token')])
  if (options.json !== true) host.stderr(`${visible(note)}\n`)
}
