// A refusal of the service: a problem document (RFC 9457) with its stable code. Its title says what to do.
import { CodedError, type Facts } from '../domain/coded-error.ts'
import { Refused } from './refused.ts'

export class ServiceRefused extends CodedError {
  readonly title: string
  readonly status: number
  readonly requestId: string | undefined

  constructor(problem: Problem) {
    super(problem.code, problem.facts)
    this.title = problem.title
    this.status = problem.status
    this.requestId = problem.requestId
  }
}

interface Problem {
  readonly code: string
  readonly title: string
  readonly status: number
  readonly facts: Facts
  readonly requestId: string | undefined
}

/** `status` is that of the answer: what the document says of it is a copy. Throws `Refused` for what is no problem document. */
export function parseProblem(status: number, contentType: string, body: string): ServiceRefused {
  const media = contentType.split(';')[0]?.trim().toLowerCase()
  const document = media === 'application/problem+json' ? parseObject(body) : undefined
  const code = document?.['code']
  if (document === undefined || typeof code !== 'string') throw new Refused('answer_unreadable', { status })
  const { title, requestId } = document
  return new ServiceRefused({
    code,
    title: typeof title === 'string' ? title : code,
    status,
    facts: factsOf(document['facts']),
    requestId: typeof requestId === 'string' ? requestId : undefined,
  })
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function factsOf(value: unknown): Facts {
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([name, fact]) => [name, factOf(fact)]))
}

function factOf(value: unknown): Facts[string] {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  return JSON.stringify(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
