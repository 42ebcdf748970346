// The one shape of every refusal over HTTP (RFC 9457), as tests expect it.
import { expect } from 'vitest'
import type { Answer } from '../support/https-client.ts'

/** RFC 9457 with the members that every refusal has, and nothing of our insides. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.code }).toEqual({ status, code })
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(answer.headers['cache-control']).toBe('no-store')
  const { requestId } = answer.json
  expect(answer.headers['x-request-id']).toBe(requestId)
  expect(answer.json).toMatchObject({
    type: `urn:signet:problem:${code}`,
    status,
    title: expect.any(String) as unknown,
  })
  const members = ['type', 'title', 'status', 'code', 'requestId', 'facts']
  expect(Object.keys(answer.json).filter((name) => !members.includes(name))).toEqual([])
  if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/^(?:Mutual|Bearer) realm="signet"/)
}
