import { describe, expect, test } from 'vitest'
import {
  fillNameTemplate,
  type NameTemplate,
  parseNameTemplate,
  readNameTemplate,
} from '../../../src/ca/policy/name-template.ts'

function template(text: string): NameTemplate {
  const parsed = parseNameTemplate(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

describe('parseNameTemplate', () => {
  test.each(['', '{', 'a}', '{}', '{shoe}', '{user}{user}', '{user', '{{user}}'])('refuses %j', (text) => {
    expect(parseNameTemplate(text)).toBeUndefined()
  })

  test.each(['signet-admin', '{user}', '{user}__{project}', '{issuer} OCSP responder'])('accepts %j', (text) => {
    expect(template(text).text).toBe(text)
  })

  test('keeps the order of the text', () => {
    expect(template('{user}__{project}').placeholders).toEqual(['user', 'project'])
  })
})

describe('a template', () => {
  test('without one of its facts is not filled', () => {
    expect(fillNameTemplate(template('{project}__{user}'), { project: 'alpha' })).toBeUndefined()
  })

  test.each([
    ['{project}__{user}', 'alpha__bob', { project: 'alpha', user: 'bob' }],
    ['{project}__{user}', 'a__b__c', { project: 'a', user: 'b__c' }], // the first separator: `b__c` is then no name
    ['{project}__{user}', 'alpha', undefined],
    ['{project}__{user}', '__bob', undefined],
    ['{project}__{user}', 'alpha__', undefined],
    ['spiffe://{trustDomain}/admin/{user}', 'spiffe://d/admin/u', { trustDomain: 'd', user: 'u' }],
    ['spiffe://{trustDomain}/admin/{user}', 'spiffe://d/user/u', undefined],
    ['{issuer} OCSP responder', 'users-1 OCSP responder', { issuer: 'users-1' }],
    ['{issuer} OCSP responder', 'users-1 OCSP responder ', undefined],
    ['signet-admin', 'signet-admin', {}],
    ['signet-admin', 'signet-admin2', undefined],
  ])('%s reads %j', (text, name, facts) => {
    expect(readNameTemplate(template(text), name)).toEqual(facts)
  })
})
