// Texts of the command line, parsed once. What does not parse is wrong usage (exit status 2), and commander says which
// option or argument it was.
import { InvalidArgumentError } from 'commander'
import { CodedError } from '../domain/coded-error.ts'
import { parseDuration } from '../domain/duration.ts'
import { type IssuerId, parseIssuerId } from '../domain/issuer-id.ts'
import { parseSerialNumber, type SerialNumber } from '../domain/serial-number.ts'

export const DEFAULT_URL = 'https://localhost:8443'

/** Seconds. */
export function durationArgument(text: string): number {
  return parsed(() => parseDuration(text))
}

export function issuerArgument(text: string): IssuerId {
  return parsed(() => parseIssuerId(text))
}

export function serialArgument(text: string): SerialNumber {
  return parsed(() => parseSerialNumber(text))
}

/** A number of rows. */
export function countArgument(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of 1 or more.')
  return Number(text)
}

/** 0 too. */
export function wholeArgument(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

export function urlArgument(text: string): URL {
  const url = parseServiceUrl(text)
  if (url === undefined) throw new InvalidArgumentError(`Expected an https URL without path: ${DEFAULT_URL}`)
  return url
}

/** Undefined for anything but scheme https, host and port. */
export function parseServiceUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' && url.href === `${url.origin}/` ? url : undefined
}

/** SHA-256 as 64 lower-case hexadecimal digits; colons, blanks and upper case are accepted. */
export function fingerprintArgument(text: string, before: readonly string[] = []): readonly string[] {
  const digits = text.replaceAll(/[: ]/g, '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(digits)) throw new InvalidArgumentError('Expected a SHA-256: 64 hexadecimal digits.')
  return [...before, digits]
}

/** For options that may be given more than once. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof CodedError) throw new InvalidArgumentError(`Expected ${String(error.facts['expected'])}.`)
    throw error
  }
}
