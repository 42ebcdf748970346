// Rule 21 by hand: a key before its time, and one that is removed while the service runs.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { removeTokenKey, rotateTokenKey, type TokenKeyMeans } from '../../src/enrollment/change-token-key.ts'
import { NOBODY, type OpenInstallation, openInstallation } from '../../src/main/installation.ts'
import { type Certified, TestService } from '../support/test-service.ts'
import { StillClock } from './still-clock.ts'

const clock = new StillClock()
let service: TestService
let opened: OpenInstallation
let means: TokenKeyMeans
let alice: Certified

beforeAll(async () => {
  service = await TestService.start({ clock })
  alice = await service.addProject('vision', 'alice')
  opened = await openInstallation(service.configuration, NOBODY, clock)
  const { storage: acts, keyStore, policy, facts } = opened
  const installation = facts?.installation ?? ''
  means = { acts, keyStore, installation, policy: policy.credentials.token, clock, actor: 'offline:admin' }
})
afterAll(async () => {
  await opened.storage.close()
  await service.close()
})

const published = async (): Promise<unknown[]> => {
  const keys = (await service.get('/.well-known/jwks.json')).json['keys'] as Record<string, unknown>[]
  return keys.filter(({ alg }) => alg === 'ES256').map(({ kid }) => kid)
}
const issue = async (): Promise<{ token: string; kid: string }> => {
  const answer = await service.post('/v1/tokens', { audience: service.url }, alice)
  const token = String(answer.json['access_token'])
  const [header = ''] = token.split('.')
  return { token, kid: (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid }
}
const me = (token: string) =>
  service.send({ method: 'GET', path: '/v1/me', headers: { authorization: `Bearer ${token}` } })

describe('rule 21: a token key by hand', () => {
  test('is published before it signs, and takes over a quarter of an hour later', async () => {
    const before = await issue()
    const next = await rotateTokenKey(means, 'ES256')
    expect(next.signsFrom).toEqual(addSeconds(clock.now(), 900))
    await vi.waitFor(async () => expect(await published()).toContain(next.kid))
    expect((await issue()).kid).toBe(before.kid)
  })

  test('that is removed verifies nothing more, and the next one signs at once', async () => {
    const { token, kid } = await issue()
    expect((await me(token)).status).toBe(200)
    const [next] = (await published()).filter((each) => each !== kid)
    const removed = await removeTokenKey(means, kid)
    expect(removed).toMatchObject({ kid, algorithm: 'ES256', replacedBy: next, verifiers: [service.url] })
    expect(removed.cachedUntil).toEqual(addSeconds(clock.now(), 600))
    await vi.waitFor(async () => expect(await published()).toEqual([next]))
    expect(await me(token)).toMatchObject({ status: 401, code: 'token_key_unknown' })
    expect((await issue()).kid).toBe(next)
  })

  test('that was the last one has a new one in its place', async () => {
    const [only] = await published()
    const { replacedBy } = await removeTokenKey(means, String(only))
    await vi.waitFor(async () => expect(await published()).toEqual([replacedBy]))
    expect((await issue()).kid).toBe(replacedBy)
  })

  test.each(['nobody', ''])('that is not published is refused: "%s"', async (kid) => {
    await expect(removeTokenKey(means, kid)).rejects.toMatchObject({ code: 'token_key_not_published' })
  })

  test('is audited', async () => {
    const { items } = await opened.storage.read((view) => view.listAudit({ limit: 100 }))
    const acts = items.filter(({ actor }) => actor === 'offline:admin').map(({ act }) => act)
    expect(acts.filter((act) => act === 'token-key.remove')).toHaveLength(2)
    expect(acts.filter((act) => act === 'token-key.add')).toHaveLength(2)
  })
})
