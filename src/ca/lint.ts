// A lint: one rule over the bytes that are about to be signed, in a file of its own with one citation.
export interface Lint {
  readonly name: string
  /** The section of CP.md and the standard behind it, divided by `; `. */
  readonly cites: string
}
