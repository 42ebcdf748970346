// Seventeen octets that begin with 0x01 are positive, of constant length, and as random as a serial can be.
import { SERIAL_BYTES } from '../../domain/serial-number.ts'
import type { Lint } from '../lint.ts'

export const serialNumberShape: Lint = {
  name: 'serial_number_shape',
  cites: 'CP §7.1.1; RFC 5280 §4.1.2.2',
  passes: ({ tbs }) => tbs.serialNumber.length === SERIAL_BYTES && tbs.serialNumber[0] === 0x01,
}
