// A listener that cannot listen: another program does so there, or this one may not.
import { CodedError, type Facts } from './coded-error.ts'

export class ListenerUnavailable extends CodedError<'listener_unavailable'> {
  constructor(place: Facts, cause: Error & { readonly code?: string }) {
    super('listener_unavailable', { ...place, cause: cause.code ?? 'unknown' }, { cause })
  }
}
