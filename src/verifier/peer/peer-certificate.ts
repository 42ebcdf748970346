// The certificate that the peer of a TLS connection proved to have the key of, as it came. What TLS thinks of it (`authorized`) and the
// issuers that the connection shows count for nothing: a resumed session shows the leaf alone and judges it no more.
import { TLSSocket } from 'node:tls'

/** A `tls.TLSSocket`, or what HTTP/2 shows in its place. Of anything else nothing is known. */
export type PeerSocket = object

/** What a connection of TLS 1.3 shows: it cannot change while it lasts (Node asks for no certificate after the handshake). */
const shown = new WeakMap<PeerSocket, Uint8Array>()

/** Undefined: the connection shows none, or is not of TLS. */
export function peerCertificate(socket: PeerSocket | null | undefined): Uint8Array | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const known = shown.get(socket)
  if (known !== undefined) return known
  const der = socket.getPeerX509Certificate()?.raw
  // Before 1.3 a client may negotiate again and show another, so it is read each time.
  if (der !== undefined && socket.getProtocol() === 'TLSv1.3') shown.set(socket, der)
  return der
}
