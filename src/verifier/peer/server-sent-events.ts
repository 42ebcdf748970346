// Server-sent events as they come (HTML Living Standard §9.2.6), of a sender that is not trusted to end what it begins.

export interface ServerSentEvent {
  readonly event: string
  readonly data: string
}

/** A reset that names a thousand CRLs is under 200 KB. */
const MAX_EVENT_CHARACTERS = 1024 * 1024

/** Ends with the text. Throws `RangeError` for an event that is too long. */
export async function* serverSentEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent, undefined> {
  const decoder = new TextDecoder()
  const blocks = new Blocks()
  for await (const chunk of chunks) {
    for (const block of blocks.take(decoder.decode(chunk, { stream: true }))) {
      const event = parseBlock(block)
      if (event !== undefined) yield event
    }
  }
  return undefined
}

/** What stands between blank lines. Each character is looked at once, into however many pieces it was cut. */
class Blocks {
  /** Of the block that has not ended. */
  #pieces: string[] = []
  #characters = 0
  #endsLine = false

  #keep(piece: string): void {
    this.#pieces.push(piece)
    this.#characters += piece.length
    this.#endsLine = piece.endsWith('\n')
    if (this.#characters > MAX_EVENT_CHARACTERS) throw new RangeError('an event that does not end')
  }

  #end(last: string): string {
    const block = [...this.#pieces, last].join('')
    this.#pieces = []
    this.#characters = 0
    this.#endsLine = false
    return block
  }

  *take(text: string): Generator<string, undefined> {
    let from = 0
    if (this.#endsLine && text.startsWith('\n')) {
      from = 1
      yield this.#end('')
    }
    for (let at = text.indexOf('\n\n', from); at >= 0; at = text.indexOf('\n\n', from)) {
      yield this.#end(text.slice(from, at))
      from = at + 2
    }
    if (from < text.length) this.#keep(text.slice(from))
    return undefined
  }
}

/** Undefined for comments, and for what has no data. */
function parseBlock(block: string): ServerSentEvent | undefined {
  const fields = block.split('\n').map((line) => /^(event|data): ?(.*)$/s.exec(line))
  const values = (name: string): readonly string[] =>
    fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []))
  const data = values('data')
  return data.length === 0 ? undefined : { event: values('event').at(-1) ?? 'message', data: data.join('\n') }
}
