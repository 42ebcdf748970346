// The log: one JSON object a line, and no secret in it. Two nets hold: values under a telling name are replaced wherever
// they stand in the object, and what looks like a secret is cut out of the finished line, also when it stands in a message.
// The log is no audit trail: that is written by the acts, in their own transaction.
import { type DestinationStream, type Logger, pino } from 'pino'
import { CodedError } from '../domain/coded-error.ts'
import type { Clock } from '../domain/clock.ts'
import type { LogLevel } from './settings.ts'

/** A fact named `err` is an error; an error may also stand in the place of the facts. */
export interface Write {
  (message: string): void
  (facts: object, message?: string): void
}

/** What a program may do with the log: a part of pino's own interface, so that nothing gets past the two nets. */
export interface Log extends Readonly<Record<LogLevel, Write>> {
  /** The same log, with these facts in every line. */
  child(facts: Readonly<Record<string, unknown>>): Log
}

const REDACTED = '[redacted]'

/** Deepest object that is written; below it nothing that explains a failure was ever found. */
const MAX_DEPTH = 6

/** Names of secrets, compared by their end, in lower case, without dashes and underscores. */
const SECRET_NAME =
  /(?:^key|authorization|cookies?|tokens?|secrets?|passphrase|password|privatekey|apikey|masterkey|keystore|pfx|pkcs12|jks)$/

/** What looks like a secret in a finished line, where quotes and newlines are escaped; each keeps the JSON whole. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:\\.|[^"\\-]|-(?!----END))*(?:-----END [A-Z0-9 ]*-----)?/g, REDACTED],
  [/\b(Bearer|ApiKey|Basic)\s+[^\s"\\,]+/gi, `$1 ${REDACTED}`],
  [/\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*(?:\.[\w-]*){0,2}/g, REDACTED],
  [/\b([a-z][a-z0-9+]{1,20}:\/\/[^\s:@/"\\]*):[^\s/"\\]*@/gi, `$1:${REDACTED}@`],
  [/([?&][a-z_-]*(?:token|code|secret|password|passphrase|key)=)[^&\s"\\]+/gi, `$1${REDACTED}`],
]

export function openLog(options: {
  readonly level: LogLevel
  readonly clock: Clock
  readonly destination: DestinationStream
}): Log {
  const logger = pino(
    {
      level: options.level,
      timestamp: () => `,"time":"${options.clock.now().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: withoutSecrets,
      },
      // Errors are written by `withoutSecrets`: the library's own serializer would copy every property of an error.
      serializers: { err: (error: unknown) => error },
      hooks: { streamWrite: withoutSecretText },
    },
    options.destination,
  )
  return wrapped(logger)
}

/** The library does not ask its formatters about the facts of a child. */
function wrapped(logger: Logger): Log {
  const at = (level: LogLevel): Write => {
    return (facts: string | object, message?: string) => logger[level](facts, message)
  }
  return {
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
    child: (facts) => wrapped(logger.child(withoutSecrets(facts))),
  }
}

function withoutSecrets(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, shown(name, value, 1)]))
}

function shown(name: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null) return value
  if (SECRET_NAME.test(name.toLowerCase().replaceAll(/[-_]/g, ''))) return REDACTED
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value instanceof Date) return value
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= MAX_DEPTH) return '[deeper]'
  if (value instanceof Error) return shownError(value, depth)
  if (Array.isArray(value)) return value.map((item: unknown) => shown('', item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([inner, below]) => [inner, shown(inner, below, depth + 1)]))
}

function shownError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...('code' in error ? { code: error.code } : {}),
    ...(error instanceof CodedError ? { facts: shown('', error.facts, depth + 1) } : {}),
    ...(error.cause === undefined ? {} : { cause: shown('', error.cause, depth + 1) }),
  }
}

function withoutSecretText(line: string): string {
  return SECRET_TEXT.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line)
}
