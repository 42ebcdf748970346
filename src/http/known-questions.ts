// Questions of `/v1/authorize` that were asked before, by their very text: about a busy caller a model server asks in the same words each
// time, and those are parsed and held against the schema once.
//
// Only what is public is kept, a certificate and names: no token, key or passphrase stays in memory longer than its request. And only
// what somebody asked who may ask, so that nobody else fills it.
import { RecentlyUsed } from '../domain/recently-used.ts'
import { handedOverQuestion, type HandedOverQuestion } from './routes/authorize.ts'

/** With what was parsed of it a text takes about 3 KiB, and never more than four times that. */
const CAPACITY = 16_384
const MAX_KEPT_CHARACTERS = 4096

export class KnownQuestions {
  readonly #questions = new RecentlyUsed<string, HandedOverQuestion>(CAPACITY)

  /** As `handedOverQuestion`. Throws `SyntaxError` for what is no JSON. */
  read(text: string): HandedOverQuestion | undefined {
    return this.#questions.get(text) ?? handedOverQuestion(JSON.parse(text))
  }

  /** `question`: what was read of it. */
  keep(text: string, question: HandedOverQuestion): void {
    if (text.length > MAX_KEPT_CHARACTERS || !isPublic(question) || this.#questions.get(text) === question) return
    this.#questions.put(text, question)
  }
}

function isPublic({ credential: { token, apiKey, passphrase } }: HandedOverQuestion): boolean {
  return token === undefined && apiKey === undefined && passphrase === undefined
}
