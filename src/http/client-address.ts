// Which client an address counts for where things are limited. No proxy is registered, so the address is that of the socket,
// whatever a header says.
import type { Socket } from 'node:net'
import { limitedAddress } from '../domain/limited-address.ts'

export function clientAddressOf({ remoteAddress = 'unknown' }: Pick<Socket, 'remoteAddress'>): string {
  return limitedAddress(remoteAddress)
}
