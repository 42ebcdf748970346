// How often credentials of calls may fail: by credential and the client's address as the proxy tells it, and only where the table
// comes to them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ModelCalls, VOUCHED } from './model-calls.ts'
import { SettableClock } from './settable-clock.ts'

const clock = new SettableClock()
let calls: ModelCalls
let apiKey: string

beforeAll(async () => {
  const flags = { 'limits.credentialFailures': 3, 'limits.addressFailures': 1000 }
  calls = await ModelCalls.start({ flags, clock })
  apiKey = await calls.apiKey(calls.alice, 'calls')
})
afterAll(() => calls.close())

const tell = async (authorization: string, address: string, host = 'resnet.internal') => {
  const answer = await calls.forwardAuth({ authorization, 'x-forwarded-for': address, 'x-forwarded-host': host })
  return [
    answer.status,
    answer.headers['x-authz-reason'],
    answer.headers['retry-after'] === undefined ? 'now' : 'later',
  ]
}

test('rule 28: a key that failed is not looked at for a while, from that address alone', async () => {
  const wrong = `ApiKey ${apiKey}x`
  for (let tries = 0; tries < 3; tries++) expect(await tell(wrong, '192.0.2.1')).toEqual([401, 'KEY_INVALID', 'now'])
  expect(await tell(wrong, '192.0.2.1')).toEqual([429, 'RATE_LIMITED', 'later'])
  expect(await tell(`ApiKey ${apiKey}`, '192.0.2.1')).toEqual([429, 'RATE_LIMITED', 'later'])
  expect(await tell(`ApiKey ${apiKey}`, '192.0.2.2')).toEqual([200, 'ALLOWED', 'now'])
  // What the client put in front of the proxy's own word counts for nothing.
  expect(await tell(`ApiKey ${apiKey}`, '192.0.2.2, 192.0.2.1')).toEqual([429, 'RATE_LIMITED', 'later'])
})

test('rule 28: whoever tells of addresses has nobody locked out of anything but that deployment', async () => {
  const told = '127.0.0.1'
  for (let tries = 0; tries < 4; tries++) await tell(`ApiKey ${apiKey}x`, told)
  expect(await tell(`ApiKey ${apiKey}`, told)).toEqual([429, 'RATE_LIMITED', 'later'])
  await calls.putDeployment({}, 'other')
  expect(await tell(`ApiKey ${apiKey}`, told, 'other.internal')).toEqual([200, 'ALLOWED', 'now'])
  // This very process comes from there, as whoever asks Signet itself.
  const { status } = await calls.service.send(
    { method: 'GET', path: '/v1/me', headers: { authorization: `ApiKey ${apiKey}` } },
    undefined,
  )
  // Known again, and without the scope for it.
  expect(status).toBe(403)
})

test('what comes before the credential in the table is answered first', async () => {
  const wrong = `ApiKey ${apiKey}x`
  expect(await tell(wrong, '192.0.2.1', 'nowhere.internal')).toEqual([404, 'ROUTE_UNKNOWN', 'now'])
})

test('a key that is good and may not call is no failure', async () => {
  const jobs = await calls.apiKey(calls.alice, 'jobs', ['JOB'])
  for (let tries = 0; tries < 5; tries++) {
    expect(await tell(`ApiKey ${jobs}`, '192.0.2.3')).toEqual([403, 'SCOPE_MISSING', 'now'])
  }
})

test('H11: ten wrong passphrases a minute for a deployment and address, and then not even the right one', async () => {
  const guess = (passphrase: string) => tell(`Passphrase ${passphrase}`, '192.0.2.4')
  for (let tries = 0; tries < 10; tries++) {
    expect(await guess(`a wrong passphrase ${String(tries)}`)).toEqual([401, 'PASSPHRASE_INVALID', 'now'])
  }
  expect(await guess('a wrong passphrase 11')).toEqual([429, 'RATE_LIMITED', 'later'])
  expect((await calls.forwardAuth(VOUCHED.traefik(calls.alice))).status).toBe(200)
})
