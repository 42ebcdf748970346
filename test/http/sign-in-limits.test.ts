// Rule 28 where people sign in: who fails too often waits, and the right password does not help until then.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, known } from '../support/https-client.ts'
import { PASSWORD, People, signIn } from '../support/people.ts'
import { TestService } from '../support/test-service.ts'
import { SettableClock } from './settable-clock.ts'
import { leavesNothing } from './stored.ts'

/** Failures are counted by the clock that never runs backwards. */
class WholeClock extends SettableClock {
  #aheadMilliseconds = 0

  override monotonicMilliseconds(): number {
    return super.monotonicMilliseconds() + this.#aheadMilliseconds
  }

  override pass(seconds: number): void {
    super.pass(seconds)
    this.#aheadMilliseconds += seconds * 1000
  }
}

const people = new People()
const clock = new WholeClock()
let service: TestService

const WRONG = { status: 401, code: 'sign_in_refused' }
const LIMITED = { status: 429, code: 'too_many_failures' }
const WINDOW_SECONDS = 300

beforeAll(async () => {
  const flags = {
    ...people.flags({ plain: {}, other: {} }),
    'limits.credentialFailures': 3,
    'limits.addressFailures': 8,
  }
  service = await TestService.start({ clock, flags })
  for (const name of ['alice', 'bob', 'carol']) {
    await service.addUser(name)
    await people.link(service, 'plain', name)
  }
})
afterAll(async () => {
  await service.close()
  people.close()
})

const logIn = (user: string, password = PASSWORD, provider = 'plain') => signIn(service, provider, user, password)
const redeem = (code: string): Promise<Answer> => service.post('/v1/session/redeem', { code, verifier: 'v'.repeat(43) })

test('rule 28: three wrong passwords of one person, and the right one has to wait; others do not', async () => {
  for (let tries = 0; tries < 3; tries += 1) expect(known(await logIn('alice', 'wrong'))).toEqual(WRONG)
  const answer = await leavesNothing(service, () => logIn('alice'))
  expect(known(answer)).toEqual(LIMITED)
  const wait = Number(answer.headers['retry-after'])
  expect(wait).toBeGreaterThan(0)
  expect(wait).toBeLessThanOrEqual(WINDOW_SECONDS)
  expect((await logIn('bob')).status).toBe(200)
  // The same name elsewhere is another credential.
  expect(known(await logIn('alice', 'wrong', 'other'))).toEqual(WRONG)
  clock.pass(WINDOW_SECONDS + 1)
  expect((await logIn('alice')).status).toBe(200)
})

test('rule 28: two wrong passwords and the right one go on', async () => {
  for (let tries = 0; tries < 2; tries += 1) expect(known(await logIn('carol', 'wrong'))).toEqual(WRONG)
  expect((await logIn('carol')).status).toBe(200)
  clock.pass(WINDOW_SECONDS + 1)
})

test('rule 28: one address that fails with many codes waits, whatever it tries', async () => {
  for (let tries = 0; tries < 8; tries += 1) expect(known(await redeem(`code-${String(tries)}`))).toEqual(WRONG)
  for (const answer of [await redeem('code-9'), await logIn('bob')]) {
    expect(known(answer)).toEqual(LIMITED)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  }
  clock.pass(WINDOW_SECONDS + 1)
  expect(known(await redeem('code-9'))).toEqual(WRONG)
  expect((await logIn('bob')).status).toBe(200)
})
