// Rule 21 on a real installation: a key stands in JWKS before it signs, signs for a week, and stays until its last token has
// expired; processes that share the database sign with the same one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import type { TokenAlgorithm } from '../../src/domain/token-algorithm.ts'
import { NO_QUARANTINE } from '../../src/domain/quarantine.ts'
import { TokenKeyring } from '../../src/enrollment/token-keyring.ts'
import { NOBODY, type OpenInstallation, openInstallation } from '../../src/main/installation.ts'
import { TestService } from '../support/test-service.ts'
import { StillClock } from './still-clock.ts'

type Algorithms = readonly [TokenAlgorithm, ...TokenAlgorithm[]]

const clock = new StillClock()
let service: TestService
let opened: OpenInstallation

beforeAll(async () => {
  service = await TestService.start({ clock })
  await service.stop()
  opened = await openInstallation(service.configuration, NOBODY, clock)
})
afterAll(async () => {
  await opened.storage.close()
  await service.close()
})

async function openKeyring(algorithms: Algorithms = ['ES256', 'EdDSA']): Promise<TokenKeyring> {
  const { storage: acts, keyStore, policy, facts } = opened
  if (facts === undefined) throw new Error('not initialised')
  const { installation } = facts
  const keyring = new TokenKeyring({
    acts,
    keyStore,
    installation,
    quarantine: () => NO_QUARANTINE,
    policy: policy.credentials.token,
    clock,
    algorithms,
  })
  await keyring.load()
  return keyring
}

const published = (keyring: TokenKeyring, algorithm = 'ES256'): string[] =>
  keyring
    .jwks(clock.now())
    .keys.filter(({ alg }) => alg === algorithm)
    .map(({ kid }) => kid)
const WEEK = 7 * 86_400

describe('rule 21: the keyring', () => {
  test('signs with the first key at once, one for each algorithm', async () => {
    const keyring = await openKeyring()
    expect(published(keyring)).toEqual([keyring.signer('ES256').kid])
    expect(published(keyring, 'EdDSA')).toEqual([keyring.signer('EdDSA').kid])
  })

  test('publishes the next key half a week ahead, hands over to the second, and keeps the old one until its tokens end', async () => {
    const began = clock.now()
    const keyring = await openKeyring()
    const first = keyring.signer('ES256').kid
    const due = await keyring.rotateDue()
    expect(published(keyring)).toEqual([first])

    clock.set(addSeconds(due, -1))
    expect(await keyring.rotateDue()).toEqual(due)
    expect(published(keyring)).toEqual([first])

    clock.set(due)
    await keyring.rotateDue()
    const [, second] = published(keyring)
    expect(second).toBeDefined()
    expect(keyring.signer('ES256').kid).toBe(first)

    // Within a second of the beginning: the service made its keys while the clock stood still.
    clock.set(addSeconds(began, WEEK - 1))
    expect(keyring.signer('ES256').kid).toBe(first)
    clock.set(addSeconds(began, WEEK))
    expect(keyring.signer('ES256').kid).toBe(second)

    // An hour for its longest token, five minutes for clocks that differ.
    clock.set(addSeconds(began, WEEK + 3600 + 299))
    expect(published(keyring)).toContain(first)
    clock.set(addSeconds(began, WEEK + 3600 + 300))
    expect(published(keyring)).toEqual([second])
  })

  test('another process that loads anew signs with the same key', async () => {
    const [one, other] = [await openKeyring(), await openKeyring()]
    expect(other.signer('ES256').kid).toBe(one.signer('ES256').kid)
    clock.pass(WEEK)
    await Promise.all([one.rotateDue(), other.rotateDue()])
    await Promise.all([one.load(), other.load()])
    expect(other.signer('ES256').kid).toBe(one.signer('ES256').kid)
    expect(published(other)).toEqual(published(one))
  })

  test('makes keys of what it signs with alone, and verifies with all that are published', async () => {
    const keyring = await openKeyring(['RS256'])
    await keyring.keepUp()
    expect(keyring.signer().algorithm).toBe('RS256')
    const [kid = ''] = published(keyring, 'RS256')
    expect(keyring.verificationKeys(clock.now()).get(kid)?.algorithm).toBe('RS256')
    expect(published(keyring).length).toBeGreaterThan(0)
    expect(() => keyring.signer('ES256')).toThrow(expect.objectContaining({ code: 'token_algorithm_unsupported' }))
    const [jwk] = keyring.jwks(clock.now()).keys.filter(({ alg }) => alg === 'RS256')
    expect(Object.keys(jwk ?? {}).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    expect(Buffer.from(jwk?.kty === 'RSA' ? jwk.n : '', 'base64url')).toHaveLength(384)
  })

  test('each key is audited, and none is in clear in the database', async () => {
    const { items } = await opened.storage.read((view) => view.listAudit({ limit: 100 }))
    expect(items.filter(({ act }) => act === 'token-key.add').length).toBeGreaterThanOrEqual(4)
    const records = await opened.storage.run((tx) => tx.tokenKeys(clock.now()))
    for (const { sealedKey, publicJwk } of records) {
      expect(Buffer.from(sealedKey).toString('latin1')).not.toContain('PRIVATE')
      expect(JSON.parse(publicJwk)).not.toHaveProperty('d')
    }
  })
})
