// Which client a connection counts for where things are limited: the address of its socket, whatever a header says. Whom a
// registered proxy speaks for is read where its calls are (src/proxies/).
import type { Socket } from 'node:net'
import { limitedAddress } from '../domain/limited-address.ts'

export function clientAddressOf({ remoteAddress = 'unknown' }: Pick<Socket, 'remoteAddress'>): string {
  return limitedAddress(remoteAddress)
}
