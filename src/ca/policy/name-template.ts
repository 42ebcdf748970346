// A name in a profile: literal text and placeholders, such as `{project}__{user}`. The same template writes a name when a
// certificate is made and reads it back when the finished bytes are checked, so that the two cannot drift apart.

/** What a template may name; each is a fact of a certificate request or of its issuer. */
export const PLACEHOLDERS = [
  'organization',
  'authorityName',
  'generation',
  'issuer',
  'project',
  'user',
  'account',
  'jobId',
  'name',
  'systemUser',
  'commonName',
  'trustDomain',
] as const

export type Placeholder = (typeof PLACEHOLDERS)[number]

/** What stands in for the placeholders of one request. */
export type NameFacts = Readonly<Partial<Record<Placeholder, string>>>

export interface NameTemplate {
  /** As the policy file has it. */
  readonly text: string
  readonly placeholders: readonly Placeholder[]
  /** Literal pieces: one more than placeholders, before, between and after them. */
  readonly literals: readonly string[]
}

const PLACEHOLDER = /\{([^{}]*)\}/g

/** `undefined` when the text names an unknown placeholder, or the same one twice, or holds a stray brace. */
export function parseNameTemplate(text: string): NameTemplate | undefined {
  const names = [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')
  const placeholders = PLACEHOLDERS.filter((known) => names.includes(known))
  const literals = text.split(/\{[^{}]*\}/)
  const isKnown = placeholders.length === names.length && !literals.some((literal) => /[{}]/.test(literal))
  if (!isKnown || text === '') return undefined
  return { text, placeholders: placeholders.sort((a, b) => names.indexOf(a) - names.indexOf(b)), literals }
}

/** `undefined` when the facts lack a placeholder: the profile asks for what this kind of request does not know. */
export function fillNameTemplate(template: NameTemplate, facts: NameFacts): string | undefined {
  let text = template.literals[0] ?? ''
  for (const [at, placeholder] of template.placeholders.entries()) {
    const fact = facts[placeholder]
    if (fact === undefined) return undefined
    text += fact + (template.literals[at + 1] ?? '')
  }
  return text
}

/**
 * The facts that `text` states, each reaching to the first place where the next literal begins; `undefined` when the text
 * has another shape. Whether each fact is a name of its kind is for the name rules to say.
 */
export function readNameTemplate(template: NameTemplate, text: string): NameFacts | undefined {
  const first = template.literals[0] ?? ''
  if (!text.startsWith(first)) return undefined
  const facts: Partial<Record<Placeholder, string>> = {}
  let rest = text.slice(first.length)
  for (const [at, placeholder] of template.placeholders.entries()) {
    const literal = template.literals[at + 1] ?? ''
    const isLast = at === template.placeholders.length - 1
    const end = isLast ? (rest.endsWith(literal) ? rest.length - literal.length : -1) : rest.indexOf(literal)
    if (end < 1) return undefined
    facts[placeholder] = rest.slice(0, end)
    rest = rest.slice(end + literal.length)
  }
  return rest === '' ? facts : undefined
}
