// Members of a JSON object that came from elsewhere: each is what it should be, or a `TypeError` says which is not.

export function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : [])
}

export function textIn(members: ReadonlyMap<string, unknown>, name: string): string {
  const value = members.get(name)
  if (typeof value !== 'string') throw new TypeError(`${name} is no text`)
  return value
}

export function numberIn(members: ReadonlyMap<string, unknown>, name: string): number {
  const value = members.get(name)
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new TypeError(`${name} is no whole number`)
  return value
}

export function dateIn(members: ReadonlyMap<string, unknown>, name: string): Date {
  const date = new Date(textIn(members, name))
  if (Number.isNaN(date.getTime())) throw new TypeError(`${name} is no date`)
  return date
}
