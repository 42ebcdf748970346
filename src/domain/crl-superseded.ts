// Another process published first: read again and decide whether there is still something to do.
import { CodedError } from './coded-error.ts'
import type { IssuerId } from './issuer-id.ts'

export class CrlSuperseded extends CodedError<'crl_superseded'> {
  constructor(issuer: IssuerId, number: number) {
    super('crl_superseded', { issuer, number })
  }
}
