// Between rows and entities: instants are stored as milliseconds, lists as JSON, and what is absent as null.

export function instantOf(milliseconds: number): Date {
  return new Date(milliseconds)
}

export function optionalInstant(at: Date | undefined): number | null {
  return at?.getTime() ?? null
}

/** A list of names as JSON. The names were checked before they were written. */
export type ListText<Item extends string> = string & { readonly __items: Item }

export function encodeList<Item extends string>(list: readonly Item[]): ListText<Item> {
  return JSON.stringify(list) as ListText<Item>
}

export function decodeList<Item extends string>(text: ListText<Item>): readonly Item[] {
  return JSON.parse(text) as readonly Item[]
}

/** ASCII lower case: names are ASCII, and no locale decides which of them are equal. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Entities leave out what is absent (`exactOptionalPropertyTypes`). */
export function present<Key extends string, Value>(key: Key, value: Value | null): Partial<Record<Key, Value>> {
  return value === null ? {} : ({ [key]: value } as Partial<Record<Key, Value>>)
}

export function presentInstant<Key extends string>(key: Key, at: number | null): Partial<Record<Key, Date>> {
  return present(key, at === null ? null : instantOf(at))
}
