// Critical policies whose qualifiers nobody here can interpret (RFC 5280 §4.2.1.4): refused as anything critical that is unknown.
import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, test } from 'vitest'
import { ANY_POLICY, judgeChain } from '../../src/verifier/index.ts'
import { ia5String, oid, sequence, type Der } from '../../src/x509/der-writer.ts'
import { OID } from '../../src/x509/oid.ts'
import { makeCa } from './authorities.ts'
import { CLIENT_AUTH, judgeOf, leafOf, makeWorld, NOW, oidOf, type World } from './peer/clinic.ts'

let world: World

beforeAll(async () => {
  world = await makeWorld()
})

const CPS = sequence(oid(OID.cpsQualifier), ia5String('https://signet.test/cps'))
const NOTICE = sequence(oid(OID.userNoticeQualifier), sequence())
const UNKNOWN = sequence(oid('2.25.7.98'), ia5String('only on Sundays'))

function policiesWith(criticality: 'critical' | 'non-critical', ...qualifiers: readonly Der[]): x509.Extension {
  const policy = oid(oidOf('project-user'))
  const information = qualifiers.length === 0 ? sequence(policy) : sequence(policy, sequence(...qualifiers))
  return new x509.Extension(OID.certificatePolicies, criticality === 'critical', Uint8Array.from(sequence(information)))
}

const CASES: readonly (readonly [string, () => x509.Extension, boolean])[] = [
  ['critical policies without qualifiers', () => policiesWith('critical'), true],
  ['critical policies with those of the RFC', () => policiesWith('critical', CPS, NOTICE), true],
  ['critical policies with one that is unknown', () => policiesWith('critical', CPS, UNKNOWN), false],
  ['critical policies with what is no qualifier', () => policiesWith('critical', oid('2.25.7.98')), false],
  ['policies with one that is unknown', () => policiesWith('non-critical', UNKNOWN), true],
]

describe('a leaf with', () => {
  test.each(CASES)('%s', async (_, extension, holds) => {
    const leaf = await leafOf(world, 'project-user', { policies: [], more: [extension()] })
    const asked = { actingUser: 'fraud__alice', at: NOW, revocation: 'required' } as const
    const refused = { code: 'CERT_UNTRUSTED', fault: 'critical-extension' }
    expect((await judgeOf(world)).verifyCertificate(leaf, asked)).toMatchObject(holds ? { kind: 'verified' } : refused)
    expect(chainVerdict([leaf, world.users.der])).toEqual(
      holds ? 'valid' : `critical-extension ${OID.certificatePolicies}`,
    )
  })
})

describe('a CA with', () => {
  test.each(CASES)('%s', async (_, extension, holds) => {
    const users = await makeCa({ name: 'O=Signet, CN=Signet users CA 2', parent: world.root, more: [extension()] })
    const leaf = await leafOf({ ...world, users }, 'project-user')
    const judge = await judgeOf(world)
    expect(judge.trust([{ der: users.der, id: undefined }])).toHaveLength(holds ? 0 : 1)
    expect(chainVerdict([leaf, users.der])).toEqual(holds ? 'valid' : `critical-extension ${OID.certificatePolicies}`)
  })
})

function chainVerdict(sent: readonly Uint8Array[]): string {
  const verdict = judgeChain(sent, {
    anchors: [world.root.der],
    at: NOW,
    purpose: CLIENT_AUTH,
    policy: ANY_POLICY,
    conformance: 'required',
    revocation: 'off',
    maxIntermediates: 1,
  })
  return verdict.kind === 'valid' ? 'valid' : `${verdict.code} ${verdict.detail ?? ''}`
}
