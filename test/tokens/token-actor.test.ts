import { describe, expect, test } from 'vitest'
import { actingAfter } from '../../src/tokens/token-actor.ts'
import { verifyToken } from '../../src/tokens/verify-token.ts'
import { expecting, issueAt, makeTestKey, MEMBER, NOW } from './fixture.ts'

const key = makeTestKey('ES256')
const issued = async (change: Parameters<typeof issueAt>[2]) => {
  const { token } = await issueAt(NOW, key, change)
  return (await verifyToken(token, expecting([key]))).claims
}

describe('who acts', () => {
  test('is the first', () => {
    expect(actingAfter('a', undefined)).toEqual({ sub: 'a' })
  })

  test('rule 24: act nests once', () => {
    const twice = actingAfter('b', actingAfter('a', undefined))
    expect(twice).toEqual({ sub: 'b', act: { sub: 'a' } })
    expect(() => actingAfter('c', twice)).toThrow(expect.objectContaining({ code: 'delegation_too_deep' }))
  })
})

describe('AA12 a token of a job', () => {
  test('says project, user, job and who launched it', async () => {
    const claims = await issued({ subject: { ...MEMBER, job: 'j1' }, actor: { sub: 'launcher.internal' } })
    expect(claims).toMatchObject({
      sub: 'vision__alice',
      project: 'vision',
      user: 'alice',
      job: 'j1',
      act: { sub: 'launcher.internal' },
    })
  })

  test('that is no job says none', async () => {
    const claims = await issued({})
    expect(claims).not.toHaveProperty('job')
    expect(claims).not.toHaveProperty('act')
    expect(claims).not.toHaveProperty('may_act')
  })

  test('says who may act', async () => {
    expect((await issued({ permittedActor: { sub: 'model-1.internal' } })).may_act).toEqual({ sub: 'model-1.internal' })
  })
})
