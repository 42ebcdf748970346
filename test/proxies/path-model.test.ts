import { describe, expect, it } from 'vitest'
import { readCanonicalPath } from '../../src/proxies/canonical-path.ts'
import { type PathForm, readPathModel } from '../../src/proxies/path-model.ts'

function outcomeOf(target: string, form: PathForm): string {
  const path = readCanonicalPath(target)
  if (path.kind === 'refused') return path.fault
  const read = readPathModel(path, form)
  if (read.kind === 'refused') return read.fault
  return read.kind === 'named' ? `${read.namespace} ${read.name} ${read.rest.join('/')}` : read.kind
}

describe('the model of a path', () => {
  it.each([
    ['/publishers/team-a/models/llm/v1/chat/completions', 'team-a llm v1/chat/completions'],
    ['//publishers//team-a/models/llm', 'team-a llm '],
    ['/v1/chat/completions', 'absent'],
    ['/', 'absent'],
    ['/publishers', 'malformed'],
    ['/publishers/', 'malformed'],
    ['/publishers/team-a/models', 'incomplete'],
    ['/publishers/team-a/models/', 'incomplete'],
    ['/publishers/team-a/model/llm', 'malformed'],
    ['/Publishers/team-a/models/llm', 'malformed'],
    ['/publishers/team-a/Models/llm', 'malformed'],
    ['/publishers/a%20b/models/llm', 'malformed'],
    ['/publishers/-a/models/llm', 'malformed'],
    ['/publishers/team-a/models/llm%2f..', 'encoded-slash'],
  ])('publisher %s', (target, outcome) => {
    expect(outcomeOf(target, 'publisher')).toBe(outcome)
  })

  it.each([
    ['/team-a/llm/v1/completions', 'team-a llm v1/completions'],
    ['/team-a/llm', 'team-a llm '],
    ['/', 'absent'],
    ['/team-a', 'incomplete'],
    ['/team-a/', 'incomplete'],
    ['/team-a/l%22m', 'malformed'],
    ['/team-a/../team-b/llm', 'dot-segment'],
  ])('instance %s', (target, outcome) => {
    expect(outcomeOf(target, 'instance')).toBe(outcome)
  })
})
