// An installation for tests of the published verifier, made by `@peculiar/x509` and not by our own encoder: the CAs carry the policies
// of the real ones, each has a CRL, and leaves can be changed at will.
import * as x509 from '@peculiar/x509'
import { parseTrustDomain } from '../../../src/domain/spiffe-id.ts'
import type { ProfileName } from '../../../src/domain/profile-name.ts'
import { PROFILES } from '../../../src/verifier/peer/own-policy.ts'
import type { AcceptedPeers } from '../../../src/verifier/peer/question.ts'
import { PeerJudge } from '../../../src/verifier/peer/verifier.ts'
import type { FeedEvent } from '../../../src/verifier/revocation/feed-events.ts'
import { crlNumber } from '../../../src/x509/extensions/crl-number.ts'
import { encodePem } from '../../../src/x509/pem.ts'
import {
  authorityKeyIdentifier,
  type Ca,
  constraints,
  type CaParts,
  type Installation,
  type LeafParts,
  leafKeys,
  leafParts,
  makeCa,
  makeLeaf,
  policies,
  purposes,
} from '../authorities.ts'

export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'

/** Within the life of the leaves of `authorities.ts`. */
export const NOW = new Date('2026-03-01T12:00:00Z')
export const CRL_TIME = { thisUpdate: new Date('2026-03-01T11:00:00Z'), nextUpdate: new Date('2026-03-02T11:00:00Z') }

export const EVERYONE: AcceptedPeers = { projects: 'any', services: 'any', administrators: 'accept' }

export function oidOf(profile: ProfileName): string {
  const found = [...PROFILES].find(([, name]) => name === profile)
  if (found === undefined) throw new Error(`no policy of ${profile}`)
  return found[0]
}

export type World = Pick<Installation, 'root' | 'users' | 'services'>

export async function makeWorld(name = 'Signet'): Promise<World> {
  const root = await makeCa({ name: `O=${name}, CN=${name} root CA 1` })
  return {
    root,
    users: await makeUsersCa(root, { name: `O=${name}, CN=${name} users CA 1` }),
    services: await makeServicesCa(root, name),
  }
}

export const USERS: readonly ProfileName[] = [
  'project-user',
  'job',
  'service-account',
  'account-job',
  'admin',
  'ocsp-responder',
]

export function makeUsersCa(
  root: Ca,
  parts: Partial<CaParts> & { readonly name: string },
  issues = USERS,
): Promise<Ca> {
  const allIps = [new Uint8Array(8), new Uint8Array(32)].map((octets) => ({ kind: 'ip', octets }) as const)
  return makeCa({
    parent: root,
    ...parts,
    more: [
      purposes(CLIENT_AUTH, OCSP_SIGNING),
      policies(oidOf('issuing-ca'), ...issues.map(oidOf)),
      constraints({ permitted: [], excluded: [{ kind: 'dns', value: '' }, ...allIps] }),
    ],
  })
}

function makeServicesCa(root: Ca, name: string): Promise<Ca> {
  const issues = ['service', 'signet-server', 'snapshot-signer', 'ocsp-responder'] as const
  return makeCa({
    name: `O=${name}, CN=${name} services CA 1`,
    parent: root,
    more: [
      purposes(SERVER_AUTH, CLIENT_AUTH, OCSP_SIGNING),
      policies(oidOf('issuing-ca'), ...issues.map(oidOf)),
      constraints({ permitted: [{ kind: 'dns', value: 'internal' }], excluded: [] }),
    ],
  })
}

export interface CrlParts {
  readonly number?: number | 'none'
  readonly revoked?: readonly string[]
  readonly reason?: x509.X509CrlReason
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date | 'none'
  readonly signedBy?: Ca
  readonly more?: readonly x509.Extension[]
}

export async function makeCrl(ca: Ca, parts: CrlParts = {}): Promise<Uint8Array> {
  const { number = 1, revoked = [], reason = x509.X509CrlReason.keyCompromise, signedBy = ca, more = [] } = parts
  const nextUpdate = parts.nextUpdate ?? CRL_TIME.nextUpdate
  const numbered = number === 'none' ? [] : [extensionOf(crlNumber(BigInt(number)))]
  const made = await x509.X509CrlGenerator.create({
    issuer: ca.name,
    thisUpdate: parts.thisUpdate ?? CRL_TIME.thisUpdate,
    ...(nextUpdate === 'none' ? {} : { nextUpdate }),
    entries: revoked.map((serialNumber) => ({ serialNumber, revocationDate: CRL_TIME.thisUpdate, reason })),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    signingKey: signedBy.keys.privateKey,
    extensions: [await authorityKeyIdentifier(signedBy.keys.publicKey), ...numbered, ...more],
  })
  return new Uint8Array(made.rawData)
}

function extensionOf({ oid, critical, value }: { oid: string; critical: boolean; value: Uint8Array }): x509.Extension {
  return new x509.Extension(oid, critical, Uint8Array.from(value))
}

/** A leaf of this profile with the policy of the real one. */
export function leafOf(world: World, profile: ProfileName, change: Partial<LeafParts> = {}): Promise<Uint8Array> {
  return makeLeaf({ ...partsOf(world, profile), ...change })
}

export function partsOf(world: World, profile: ProfileName): LeafParts {
  // The rest of an installation plays no part in leaves.
  const parts = leafParts(profile, { ...world, trust: { authority: () => undefined } as never })
  return { ...parts, policies: [oidOf(profile)] }
}

export interface Held {
  /** Instead of a good one of each CA. */
  readonly crls?: readonly Uint8Array[]
  readonly accept?: AcceptedPeers
  readonly now?: Date
}

export async function judgeOf(world: World, { crls, accept = EVERYONE, now = NOW }: Held = {}): Promise<PeerJudge> {
  const judge = new PeerJudge({
    roots: [world.root.der],
    trustDomain: parseTrustDomain('signet.test'),
    accept,
    clock: { now: () => now },
    capacity: 100,
  })
  judge.trust([world.users, world.services].map(({ der }) => ({ der, id: undefined })))
  for (const crl of crls ?? (await goodCrls(world))) judge.takeCrl(crl)
  return judge
}

export function goodCrls({ root, users, services }: World): Promise<Uint8Array[]> {
  return Promise.all([makeCrl(root), makeCrl(users), makeCrl(services)])
}

export const SERIAL = `01${'5e'.repeat(16)}`
export const CA_SERIAL = `01${'0c'.repeat(16)}`

export async function pairOf(leaf: Uint8Array): Promise<{ readonly cert: string; readonly key: string }> {
  const { privateKey } = await leafKeys()
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))
  return { cert: encodePem('CERTIFICATE', leaf), key: encodePem('PRIVATE KEY', pkcs8) }
}

/** What a feed says of the leaf. */
export function toldOf(event: FeedEvent['event'], seq: number, date: Date = CRL_TIME.thisUpdate): FeedEvent {
  return { seq, serialHex: SERIAL, event, reason: 'superseded', date }
}
