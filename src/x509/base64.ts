// Octets as base64 text (RFC 4648 §4), without copying them first.

export function base64Of(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64')
}
