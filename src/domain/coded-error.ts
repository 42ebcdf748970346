// The one base of Signet's refusals and failures: a stable code and the facts, never a sentence that someone must grep.
// It holds no HTTP status: `http/problems.ts` is the only table that turns a code into one.

/** Facts of an error, for the log and (where the HTTP table says so) the client. Never key material, never a secret. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** An error whose `code` is part of the interface: codes are documented in docs/errors.md and never renamed. */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  readonly facts: Facts

  constructor(code: Code, facts: Facts = {}, options?: ErrorOptions) {
    super(describe(code, facts), options)
    this.code = code
    this.facts = facts
    this.name = new.target.name
  }
}

function describe(code: string, facts: Facts): string {
  const told = Object.entries(facts).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return told.length === 0 ? code : `${code} (${told.join(', ')})`
}
