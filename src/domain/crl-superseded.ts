// Another process published first: read again and decide whether there is still something to do.
import { CodedError } from './coded-error.ts'
import type { CrlScopeKey } from './crl-scope.ts'

export class CrlSuperseded extends CodedError<'crl_superseded'> {
  constructor(scope: CrlScopeKey, number: number) {
    super('crl_superseded', { scope, number })
  }
}
