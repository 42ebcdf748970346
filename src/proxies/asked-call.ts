// A call about which somebody asks in words of its own (`/v1/authorize`, AuthZEN): the same facts as of a told call, from fields that
// each say one thing. Whether the asker may hand over what it says is judged before.
import type { CallPath, Route } from '../access/decision.ts'
import type { ActingUser, CertificateFacts } from '../access/facts.ts'
import type { Action } from '../domain/access-policy.ts'
import { readCanonicalPath } from './canonical-path.ts'
import type { PutCall } from './judged-call.ts'
import { type PresentedCredential, readPresented } from './presented-credentials.ts'

export interface AskedCall {
  readonly asker: 'self' | 'trusted'
  readonly route: Route
  readonly action: Action
  readonly method: string | undefined
  /** Raw, with its query. */
  readonly path: string | undefined
  readonly certificate: CertificateFacts | 'absent'
  readonly presented: readonly PresentedCredential[]
  readonly actingUser: ActingUser
  readonly delegatedFor: string | undefined
  readonly clientAddress: string | undefined
}

export function putCall(asked: AskedCall): PutCall {
  const { asker, route, action, method, path, certificate, presented, actingUser, delegatedFor, clientAddress } = asked
  return {
    asker,
    call: { reading: 'clear', method, path: pathOf(path) },
    route,
    action,
    certificate,
    certificateSeen: asker === 'self' ? 'on-this-connection' : 'told',
    presented,
    actingUser,
    delegatedFor,
    clientAddress,
    counting: 'counted',
  }
}

function pathOf(target: string | undefined): CallPath {
  if (target === undefined) return { kind: 'untold' }
  const read = readCanonicalPath(target)
  return read.kind === 'canonical' ? { kind: 'canonical', path: read.path, raw: read.raw } : { kind: 'refused' }
}

/** What a caller showed beside a certificate, as the asker hands it over. */
export interface HandedOver {
  readonly token?: string | undefined
  readonly apiKey?: string | undefined
  readonly passphrase?: string | undefined
}

export function handedOver({ token, apiKey, passphrase }: HandedOver): readonly PresentedCredential[] {
  const presented: PresentedCredential[] = []
  if (token !== undefined) presented.push(readPresented('token', token))
  if (apiKey !== undefined) presented.push(readPresented('api-key', apiKey))
  if (passphrase !== undefined) presented.push(readPresented('passphrase', passphrase))
  return presented
}
