// Who asked for a credential, as the inventory writes it (`actorOf`): what everything that somebody obtained is found by.
import { NameRejected } from './name-rules.ts'

export type Requester = string & { readonly __brand: 'Requester' }

/** Kinds of caller that obtain anything. A program with an API key obtains nothing (CP §4.14). */
const REQUESTER = /^(?:(?:member|account|service|admin|user|job):[A-Za-z0-9][A-Za-z0-9._-]{0,254}|offline:admin)$/

/** Throws `NameRejected`. That nobody has the name is no fault: they may be gone. */
export function parseRequester(input: string): Requester {
  if (REQUESTER.test(input)) return input as Requester
  throw new NameRejected('requester', 'KIND:NAME, such as service:hub.internal or member:vision__alice', input)
}
