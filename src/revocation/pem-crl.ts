// A CRL in PEM (RFC 7468 §6), made from its DER as it is taken: however long it is and however many ask, nothing of it is kept. A long
// one is encoded faster than a network takes it.

const BEGIN = Buffer.from('-----BEGIN X509 CRL-----\n')
const END = Buffer.from('-----END X509 CRL-----\n')

/** Characters of a line (§2), and the octets that they stand for. */
const LINE_CHARACTERS = 64
const LINE_OCTETS = 48
const NEW_LINE = 10

export class PemCrl implements Iterable<Uint8Array> {
  readonly length: number
  readonly #der: readonly Uint8Array[]

  /** `derLength`: octets of the parts together. */
  constructor(der: readonly Uint8Array[], derLength: number) {
    const characters = Math.ceil(derLength / 3) * 4
    this.#der = der
    this.length = BEGIN.length + characters + Math.ceil(characters / LINE_CHARACTERS) + END.length
  }

  *[Symbol.iterator](): Generator<Uint8Array> {
    yield BEGIN
    let rest: Uint8Array = new Uint8Array()
    for (const part of this.#der) {
      const bytes = Buffer.concat([rest, part])
      const whole = bytes.length - (bytes.length % LINE_OCTETS)
      yield linesOf(bytes.subarray(0, whole))
      rest = bytes.subarray(whole)
    }
    yield linesOf(Buffer.from(rest))
    yield END
  }
}

function linesOf(bytes: Buffer): Buffer {
  const text = bytes.toString('base64')
  const count = Math.ceil(text.length / LINE_CHARACTERS)
  const out = Buffer.allocUnsafe(text.length + count)
  // Written behind the room for the line ends; each line moves up to its place, and none over one that has not moved.
  out.write(text, count, 'latin1')
  for (let line = 0; line < count; line += 1) {
    const from = count + line * LINE_CHARACTERS
    const to = line * (LINE_CHARACTERS + 1)
    out.copyWithin(to, from, from + LINE_CHARACTERS)
    out[Math.min(to + LINE_CHARACTERS, out.length - 1)] = NEW_LINE
  }
  return out
}
