import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, it } from 'vitest'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import { verifyClientCertificate } from '../../src/verifier/client-certificate.ts'
import { buildTrust, type Hierarchy, TrustRejected, type TrustedIssuer } from '../../src/verifier/trust.ts'
import {
  type Ca,
  constraints,
  type Installation,
  install,
  keyUsage,
  LEAF_TIME,
  leafParts,
  makeCa,
  makeLeaf,
  NAMES,
  TRUST_DOMAIN,
  trusted,
  unknownExtension,
  uri,
  dns,
} from './authorities.ts'

let ours: Installation
let other: Installation
beforeAll(async () => {
  ours = await install()
  other = await install()
})

const hierarchy = (roots: readonly TrustedIssuer[], issuing: readonly TrustedIssuer[]): Hierarchy => ({
  roots,
  issuing,
  names: NAMES,
  trustDomain: TRUST_DOMAIN,
})
const root = () => trusted('root', ours.root)
const users = (ca: Ca) => trusted('users', ca, 'project-user')

/** What `buildTrust` says about it, or `built`. */
function verdict(given: Hierarchy): string {
  try {
    buildTrust(given)
    return 'built'
  } catch (error) {
    if (!(error instanceof TrustRejected)) throw error
    return String(error.facts['why'])
  }
}

describe('a hierarchy that does not hold is refused as a whole', () => {
  const cases: readonly (readonly [string, string, () => Promise<Hierarchy>])[] = [
    [
      'the installation',
      'built',
      async () => hierarchy([root()], [users(ours.users), trusted('services', ours.services)]),
    ],
    [
      'two roots',
      'built',
      async () => hierarchy([root(), trusted('old', other.root)], [users(ours.users), trusted('svc', other.services)]),
    ],
    [
      'bytes that are none',
      'no certificate that can be read, or a weak key',
      async () => hierarchy([{ ...root(), certificate: Uint8Array.of(1) }], []),
    ],
    ['an issuing CA as root', 'not self-issued', async () => hierarchy([users(ours.users)], [])],
    [
      'a root that another signed in its name',
      'not signed by its own key',
      async () => hierarchy([trusted('root', await impostor())], []),
    ],
    ['an issuing CA of another root', 'no chain to a root', async () => hierarchy([root()], [users(other.users)])],
    ['an issuing CA without its root', 'no chain to a root', async () => hierarchy([], [users(ours.users)])],
    [
      'one that another signed in our name',
      'not signed by root-1',
      async () => hierarchy([root()], [users(await forged())]),
    ],
    [
      'a leaf as issuing CA',
      'not a CA certificate',
      async () => hierarchy([root()], [users({ ...ours.users, der: await makeLeaf(leafParts('project-user', ours)) })]),
    ],
    [
      'no basic constraints',
      'not a CA certificate',
      async () => hierarchy([root()], [users(await below({ basic: unknownExtension('non-critical') }))]),
    ],
    [
      'a CA that may not sign certificates',
      'no key usage keyCertSign',
      async () => hierarchy([root()], [users(await below({ usage: keyUsage(x509.KeyUsageFlags.cRLSign) }))]),
    ],
    [
      'a CA without key usage',
      'no key usage keyCertSign',
      async () => hierarchy([root()], [users(await below({ usage: unknownExtension('non-critical') }))]),
    ],
    [
      'an unknown critical extension',
      'unknown critical extension 2.25.7.99',
      async () => hierarchy([root()], [users(await below({ more: [unknownExtension('critical')] }))]),
    ],
    [
      'name constraints on a URI and no host',
      'name constraints that are no subtrees',
      async () =>
        hierarchy(
          [root()],
          [
            users(
              await below({
                more: [constraints({ permitted: [{ kind: 'uri', value: 'https://signet.test' }], excluded: [] })],
              }),
            ),
          ],
        ),
    ],
    [
      'name constraints with a mask that has holes',
      'name constraints that are no subtrees',
      async () =>
        hierarchy(
          [root()],
          [
            users(
              await below({
                more: [
                  constraints({
                    permitted: [],
                    excluded: [{ kind: 'ip', octets: Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0) }],
                  }),
                ],
              }),
            ),
          ],
        ),
    ],
    [
      'a CA below an issuing CA',
      'below a CA that may have none below it',
      async () =>
        hierarchy(
          [root()],
          [users(ours.users), trusted('deep', await makeCa({ name: 'CN=Deep 1', parent: ours.users }))],
        ),
    ],
    [
      'one CA twice',
      'another CA has the same name and key',
      async () => hierarchy([root()], [users(ours.users), { ...users(ours.users), id: named('users-2') }]),
    ],
    [
      'one id twice',
      'another CA has the same id',
      async () =>
        hierarchy([root()], [users(ours.users), { ...trusted('services', ours.services), id: named('users-1') }]),
    ],
  ]
  it.each(cases)('%s: %s', async (_, expected, given) => {
    expect(verdict(await given())).toBe(expected)
  })

  const below = (more: Partial<Parameters<typeof makeCa>[0]>) =>
    makeCa({ name: 'CN=Below 1', parent: ours.root, ...more })
  /** Our root's name and key, signed by another key. */
  const impostor = () =>
    makeCa({ name: ours.root.name, parent: { ...other.root, name: ours.root.name }, keys: ours.root.keys })
  /** Names our root and its key identifier as issuer, signed by another key. */
  async function forged(): Promise<Ca> {
    const keys = { publicKey: ours.root.keys.publicKey, privateKey: other.root.keys.privateKey }
    return makeCa({ name: 'CN=Below 1', parent: { ...ours.root, keys } })
  }
})

describe('a path of three CAs', () => {
  it('hands constraints, purposes and path length down', async () => {
    const middle = await makeCa({
      name: 'CN=Middle 1',
      parent: ours.root,
      basic: new x509.BasicConstraintsExtension(true, 1, true),
      more: [constraints({ permitted: [dnsZone('internal')], excluded: [dnsZone('secret.internal')] })],
    })
    const last = await makeCa({
      name: 'CN=Last 1',
      parent: middle,
      more: [constraints({ permitted: [dnsZone('b.internal'), dnsZone('example.com')], excluded: [] })],
    })
    const issuing = [trusted('services', last, 'service'), trusted('middle', middle)]
    const trust = buildTrust(hierarchy([root()], issuing))
    const faultOf = async (...names: string[]) => {
      const parts = {
        ...leafParts('service', { ...ours, services: last }),
        subject: [{ CN: ['x.b.internal'] }, { L: ['b'] }],
      }
      const all = ['x.b.internal', ...names].map(dns)
      const facts = verifyClientCertificate(
        await makeLeaf({ ...parts, names: [...all, uri('service/x.b.internal/b')] }),
        trust,
      )
      return facts.kind === 'refused' ? facts.fault : 'none'
    }
    expect(await faultOf()).toBe('none')
    expect(await faultOf('y.b.internal')).toBe('none')
    expect(await faultOf('example.com')).toBe('name-constraints')
    expect(await faultOf('c.internal')).toBe('name-constraints')
    expect(await faultOf('b.secret.internal')).toBe('name-constraints')
  })
})

it('ends what it believes with the root, at the latest', async () => {
  const time = { notBefore: new Date('2025-01-01T00:00:00Z'), notAfter: new Date('2026-03-01T10:00:00Z') }
  const short = await makeCa({ name: 'CN=Short root 1', time })
  const ca = await makeCa({ name: 'CN=Below 1', parent: short })
  const trust = buildTrust(hierarchy([trusted('root', short)], [users(ca)]))
  const facts = verifyClientCertificate(await makeLeaf(leafParts('project-user', { ...ours, users: ca })), trust)
  expect(facts.validity).toEqual({ notBefore: LEAF_TIME.notBefore, notAfter: time.notAfter })
})

function named(text: string): IssuerId {
  return text as IssuerId
}

function dnsZone(value: string) {
  return { kind: 'dns', value } as const
}
