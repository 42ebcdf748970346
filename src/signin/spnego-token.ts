// What a Negotiate token says on its outside (RFC 4178 §4.2): enough to refuse what is not Kerberos before a library reads it,
// and to see whether the library's answer means that it is over. It decides nobody's identity.
import { BerReader } from 'ldapts'

const SPNEGO = '1.3.6.1.5.5.2'
/** Kerberos 5 (RFC 4121), and as Windows also calls it. */
const KERBEROS: ReadonlySet<string> = new Set(['1.2.840.113554.1.2.2', '1.2.840.48018.1.2.2'])
const OBJECT_IDENTIFIER = 0x06
const NEG_TOKEN_INIT = 0xa0
const NEG_TOKEN_RESP = 0xa1
const APPLICATION_0 = 0x60
const ACCEPT_COMPLETED = 0

/** A NegTokenInit whose first choice, the one that its token is of, is Kerberos. NTLM never is. */
export function offersKerberos(token: Uint8Array): boolean {
  return readable(() => {
    const reader = new BerReader(Buffer.from(token))
    return (
      entered(reader, APPLICATION_0) &&
      reader.readOID(OBJECT_IDENTIFIER) === SPNEGO &&
      [NEG_TOKEN_INIT, 0x30, 0xa0, 0x30].every((tag) => entered(reader, tag)) &&
      KERBEROS.has(reader.readOID(OBJECT_IDENTIFIER) ?? '')
    )
  })
}

/** A NegTokenResp that asks for nothing more. The library calls a negotiation complete that is not. */
export function isCompleted(answer: Uint8Array): boolean {
  return readable(() => {
    const reader = new BerReader(Buffer.from(answer))
    const isState = [NEG_TOKEN_RESP, 0x30, 0xa0].every((tag) => entered(reader, tag))
    return isState && reader.readEnumeration() === ACCEPT_COMPLETED
  })
}

function entered(reader: BerReader, tag: number): boolean {
  return reader.peek() === tag && reader.readSequence(tag) === tag
}

/** What cannot be read is not what it should be. */
function readable(read: () => boolean): boolean {
  try {
    return read()
  } catch {
    return false
  }
}
