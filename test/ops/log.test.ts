import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CodedError, type Facts } from '../../src/domain/coded-error.ts'
import { type Log, openLog } from '../../src/ops/log.ts'
import type { LogLevel } from '../../src/ops/settings.ts'
import { heldTime } from './time.ts'

const SECRET = 'hunter2-hunter2'
const PEM = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'

class Refused extends CodedError<'refused'> {
  constructor(facts: Facts, options?: ErrorOptions) {
    super('refused', facts, options)
  }
}

function logged(
  write: (log: Log) => void,
  level: LogLevel = 'info',
): { text: string; lines: Record<string, unknown>[] } {
  const written: string[] = []
  write(openLog({ level, clock: heldTime(), destination: { write: (line) => void written.push(line) } }))
  return { text: written.join(''), lines: written.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a line is one JSON object with level, time, process, request and facts', () => {
  const { lines } = logged((log) =>
    log.child({ requestId: '0011223344556677' }).info({ route: '/v1/jobs' }, 'answered'),
  )
  expect(lines).toEqual([
    {
      level: 'info',
      time: '2030-01-01T00:00:00.000Z',
      pid: process.pid,
      hostname: expect.any(String) as unknown,
      requestId: '0011223344556677',
      route: '/v1/jobs',
      msg: 'answered',
    },
  ])
})

test('what is below the level is not written', () => {
  const write = (log: Log): void => {
    log.info('a')
    log.warn('b')
  }
  expect(logged(write, 'warn').lines.map(({ msg }) => msg)).toEqual(['b'])
})

describe('a secret is not written under a name that tells it', () => {
  test.each([
    'authorization',
    'Authorization',
    'Proxy-Authorization',
    'cookie',
    'Set-Cookie',
    'token',
    'tokens',
    'accessToken',
    'refresh_token',
    'subject_token',
    'enrolmentToken',
    'passphrase',
    'rootPassphrase',
    'password',
    'secret',
    'clientSecret',
    'key',
    'privateKey',
    'private_key',
    'apiKey',
    'x-api-key',
    'masterKey',
    'keystore',
    'pkcs12',
  ])('%s', (name) => {
    const cases: ((log: Log) => void)[] = [
      (log) => log.info({ [name]: SECRET }),
      (log) => log.info({ request: { headers: { [name]: SECRET } } }),
      (log) => log.info({ list: [{ [name]: [SECRET, { deep: SECRET }] }] }),
      (log) => log.child({ [name]: SECRET }).info('x'),
      (log) => log.error(new Refused({ [name]: SECRET.length }, { cause: { [name]: SECRET } })),
    ]
    for (const write of cases) {
      const { text } = logged(write)
      expect(text).not.toContain(SECRET)
      expect(text).toContain('[redacted]')
    }
  })
})

describe('a secret is not written in a text, whatever its name', () => {
  test.each([
    ['a private key', PEM, PEM.split('\n')[1] ?? ''],
    ['a private key that was cut', PEM.slice(0, 120), PEM.split('\n')[1]?.slice(0, 60) ?? ''],
    ['an encrypted private key', PEM.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE'), PEM.split('\n')[1] ?? ''],
    ['a key inside a quoted text', JSON.stringify({ a: PEM }), PEM.split('\n')[1] ?? ''],
    ['a bearer token', `Authorization: Bearer ${SECRET}`, SECRET],
    ['an API key', `ApiKey prefix.${SECRET}`, SECRET],
    ['a password in a header', `basic ${SECRET}`, SECRET],
    ['a JWT', `token ${JWT} is not valid`, JWT.split('.')[1] ?? ''],
    ['a signature of a JWT', JWT, JWT.split('.')[2] ?? ''],
    ['a password of a URL', `connect postgres://signet:${SECRET}@db/signet failed`, SECRET],
    ['a password with an at sign', `postgres://signet:a@${SECRET}@db/signet`, SECRET],
    ['a query', `/v1/x?a=1&access_token=${SECRET}&b=2`, SECRET],
    ['a code', `/callback?code=${SECRET}`, SECRET],
  ])('%s', (_, text, secret) => {
    expect(secret).not.toBe('')
    const cases: ((log: Log) => void)[] = [
      (log) => log.info(text),
      (log) => log.info({ detail: text }),
      (log) => log.info({ list: ['a', text] }, 'x'),
      (log) => log.info({ detail: JSON.stringify({ text }) }, text),
      (log) => log.child({ detail: text }).info('x'),
      (log) => log.error(new Error(text)),
      (log) => log.error({ err: new Error('x', { cause: new Error(text) }) }),
      (log) => log.error(new Refused({ detail: text, list: [text] })),
    ]
    for (const write of cases) {
      const { text: output, lines } = logged(write)
      expect(output).not.toContain(secret)
      expect(output).toContain('[redacted]')
      expect(lines).toHaveLength(1)
    }
  })

  test('and what stands around it is', () => {
    const { lines } = logged((log) => log.info(`a ${PEM} "quoted" postgres://u:p@h/d?token=t&b=2 z`))
    expect(lines[0]?.['msg']).toBe('a [redacted]\n "quoted" postgres://u:[redacted]@h/d?token=[redacted]&b=2 z')
  })
})

test('bytes are written by their number, deep things and cycles not at all', () => {
  const cycle: Record<string, unknown> = { bytes: Buffer.from(SECRET), size: 5n, at: new Date(0), none: null }
  cycle['self'] = cycle
  const { text, lines } = logged((log) => log.info({ cycle }))
  expect(text).not.toContain(Buffer.from(SECRET).toString('base64'))
  expect(text).toContain('[deeper]')
  expect(lines[0]?.['cycle']).toMatchObject({
    bytes: '[15 bytes]',
    size: '5',
    at: '1970-01-01T00:00:00.000Z',
    none: null,
  })
})

test('an error is written with code, facts, stack and cause, and no other property', () => {
  const error = Object.assign(new Refused({ serial: '01' }, { cause: new TypeError('inner') }), { query: SECRET })
  const { text, lines } = logged((log) => log.error(error))
  expect(text).not.toContain(SECRET)
  expect(lines[0]).toMatchObject({
    msg: 'refused (serial="01")',
    err: {
      type: 'Refused',
      code: 'refused',
      facts: { serial: '01' },
      stack: expect.stringContaining('log.test.ts') as unknown,
      cause: { type: 'TypeError', message: 'inner' },
    },
  })
})

test('names that only contain a telling word stay', () => {
  const facts = { tokenKind: 'at+jwt', keyAlgorithm: 'ec-p256', cookieCount: 2, reason: 'TOKEN_EXPIRED', keyId: 'k1' }
  expect(logged((log) => log.info(facts)).lines[0]).toMatchObject(facts)
})
