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
  let rest = ''
  for await (const chunk of chunks) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    if (rest.length > MAX_EVENT_CHARACTERS) throw new RangeError('an event that does not end')
    for (const block of blocks) {
      const event = parseBlock(block)
      if (event !== undefined) yield event
    }
  }
  return undefined
}

/** Undefined for comments, and for what has no data. */
function parseBlock(block: string): ServerSentEvent | undefined {
  const fields = block.split('\n').map((line) => /^(event|data): ?(.*)$/s.exec(line))
  const values = (name: string): readonly string[] =>
    fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []))
  const data = values('data')
  return data.length === 0 ? undefined : { event: values('event').at(-1) ?? 'message', data: data.join('\n') }
}
