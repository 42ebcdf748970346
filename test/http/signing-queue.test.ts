import { describe, expect, test } from 'vitest'
import { HttpRefused } from '../../src/http/problem.ts'
import { SigningQueue } from '../../src/http/signing-queue.ts'

describe('rule 28: the queue in front of verification and signing', () => {
  test('takes as many as its limit, refuses the next before any work, and takes again when one has ended', async () => {
    const queue = new SigningQueue(2)
    const ends = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
    const running = ends.map(({ promise }) => queue.run(() => promise))
    expect(queue.length).toBe(2)
    let began = false
    const refused = queue.run(async () => (began = true))
    await expect(refused).rejects.toMatchObject({ code: 'too_busy', headers: { 'retry-after': '1' } })
    await expect(refused).rejects.toBeInstanceOf(HttpRefused)
    expect(began).toBe(false)
    ends[0]?.resolve('first')
    expect(await running[0]).toBe('first')
    expect(await queue.run(async () => 'third')).toBe('third')
    ends[1]?.resolve('second')
    await Promise.all(running)
    expect(queue.length).toBe(0)
  })

  test('work that fails frees its place', async () => {
    const queue = new SigningQueue(1)
    await expect(queue.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(queue.length).toBe(0)
  })
})
