import { beforeEach, describe, expect, test } from 'vitest'
import { IssuerIdRejected } from '../../src/domain/issuer-id.ts'
import { type Check, CheckNameTaken, Health } from '../../src/ops/health.ts'
import { type HeldTime, heldTime } from './time.ts'

let time: HeldTime
let health: Health

beforeEach(() => {
  time = heldTime()
  health = new Health(time, time)
})

const ok: Check = () => ({ kind: 'ok' })
const missing: Check = () => ({ kind: 'missing', detail: 'gone', fix: 'bring it back' })
const warning: Check = async () => ({ kind: 'warning', detail: '59 days left', fix: 'signet ceremony issuing-ca' })
const throwing = (error: Error): Check => {
  return () => {
    throw error
  }
}

test('without a check it is ready', async () => {
  expect(await health.readiness()).toEqual({ ready: true, missing: [], warnings: [] })
})

test('what is missing, what only warns, and how to mend it', async () => {
  health.register('database', ok)
  health.register('crl users-1', missing)
  health.register('issuer life users-1', warning)
  expect(await health.readiness()).toEqual({
    ready: false,
    missing: [{ check: 'crl users-1', detail: 'gone', fix: 'bring it back' }],
    warnings: [{ check: 'issuer life users-1', detail: '59 days left', fix: 'signet ceremony issuing-ca' }],
  })
})

test('a warning leaves it ready', async () => {
  health.register('issuer life users-1', warning)
  expect((await health.readiness()).ready).toBe(true)
})

describe('a check that fails to answer is missing', () => {
  test.each<[string, Check, string]>([
    ['throws', throwing(new Error('password=hunter2')), 'threw an error'],
    ['throws one of ours', throwing(new IssuerIdRejected('x')), 'issuer_id_rejected'],
    ['rejects', () => Promise.reject(new Error('password=hunter2')), 'threw an error'],
  ])('%s', async (_, check, detail) => {
    health.register('database', check)
    const { ready, missing: found } = await health.readiness()
    expect(ready).toBe(false)
    expect(found[0]?.detail).toContain(detail)
    expect(JSON.stringify(found)).not.toContain('hunter2')
    expect(time.pending).toBe(0)
  })

  test('hangs: after two seconds, and not before', async () => {
    health.register('database', () => new Promise(() => undefined))
    let answered = false
    const readiness = health.readiness().finally(() => (answered = true))
    await time.pass(1999)
    expect(answered).toBe(false)
    await time.pass(1)
    expect((await readiness).missing[0]?.detail).toBe('gave no answer in 2 s')
  })
})

test('an answer is given again for a second, and those who ask together share one', async () => {
  let runs = 0
  health.register('database', async () => {
    runs += 1
    return { kind: 'ok' }
  })
  await Promise.all([health.readiness(), health.readiness()])
  await time.pass(999)
  await health.readiness()
  expect(runs).toBe(1)
  await time.pass(1)
  await health.readiness()
  expect(runs).toBe(2)
})

test('a check that is added or removed counts at once', async () => {
  await health.readiness()
  const remove = health.register('database', missing)
  expect((await health.readiness()).ready).toBe(false)
  remove()
  expect((await health.readiness()).ready).toBe(true)
})

test('a name belongs to one check; removed twice it takes no other away', async () => {
  const remove = health.register('database', ok)
  expect(() => health.register('database', ok)).toThrow(CheckNameTaken)
  remove()
  health.register('database', missing)
  remove()
  expect((await health.readiness()).ready).toBe(false)
})
