// An answer of the service, read field by field: what a command relies on must be there and of its type; what a newer
// service adds is kept for `--json` and otherwise passed over.
import { Refused } from './refused.ts'

export class Answer {
  readonly document: Readonly<Record<string, unknown>>

  private constructor(document: Readonly<Record<string, unknown>>) {
    this.document = document
  }

  /** Throws `Refused` (`answer_unreadable`) for anything but a JSON object. */
  static parse(body: string): Answer {
    try {
      return Answer.of(JSON.parse(body))
    } catch (error) {
      if (error instanceof SyntaxError) throw new Refused('answer_unreadable', { why: 'not JSON' }, { cause: error })
      throw error
    }
  }

  static of(value: unknown): Answer {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable('document', 'an object')
    return new Answer({ ...value })
  }

  text(name: string): string {
    const value = this.document[name]
    if (typeof value !== 'string') throw unreadable(name, 'a text')
    return value
  }

  /** The text, or the empty text when the field is absent. */
  textOr(name: string, absent: string): string {
    return this.document[name] === undefined ? absent : this.text(name)
  }

  number(name: string): number {
    const value = this.document[name]
    if (typeof value !== 'number') throw unreadable(name, 'a number')
    return value
  }

  object(name: string): Answer {
    return Answer.of(this.document[name])
  }

  list(name: string): Answer[] {
    return this.#array(name).map((item) => Answer.of(item))
  }

  texts(name: string): string[] {
    return this.#array(name).map((item) => {
      if (typeof item !== 'string') throw unreadable(name, 'a list of texts')
      return item
    })
  }

  #array(name: string): unknown[] {
    const value = this.document[name]
    if (!Array.isArray(value)) throw unreadable(name, 'a list')
    return value
  }
}

function unreadable(field: string, expected: string): Refused {
  return new Refused('answer_unreadable', { field, expected })
}
