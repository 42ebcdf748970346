// Bodies of `application/x-www-form-urlencoded`, as OAuth has them (RFC 6749 appendix B), read strictly: each parameter once, every
// escape whole, and UTF-8 behind them.
import { HttpRefused } from './problem.ts'

export const FORM_TYPE = 'application/x-www-form-urlencoded'

/** The routes whose body is a form; all others take JSON. */
export const FORM_PATHS: ReadonlySet<string> = new Set(['/v1/tokens/exchange'])

/** Throws `HttpRefused` (`body_malformed`; `body_rejected` for a parameter that is given twice). */
export function parseForm(text: string): Readonly<Record<string, string>> {
  const parameters = new Map<string, string>()
  for (const pair of text === '' ? [] : text.split('&')) {
    const [name = '', value, ...rest] = pair.split('=')
    if (value === undefined || rest.length > 0) throw new HttpRefused('body_malformed')
    const key = decoded(name)
    if (parameters.has(key)) throw new HttpRefused('body_rejected', { faults: [`${key.slice(0, 80)}: once`] })
    parameters.set(key, decoded(value))
  }
  return Object.fromEntries(parameters)
}

function decoded(text: string): string {
  if (!/^[\x21-\x7e]*$/.test(text)) throw new HttpRefused('body_malformed')
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // Half an escape, or bytes that are no UTF-8.
    throw new HttpRefused('body_malformed')
  }
}
