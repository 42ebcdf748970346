// Whoever writes CRLs, certificates and OCSP answers cannot make checking them long: what costs is counted here, and no
// clock is asked.
import { expect, test } from 'vitest'
import type { PathCertificate } from '../../../src/verifier/path/path-certificate.ts'
import { revocationCheck } from '../../../src/verifier/revocation/check-revocation.ts'
import { verifyEvidence } from '../../../src/verifier/revocation/evidence-signature.ts'
import { RFC5280_REVOCATION, type RevocationPolicy } from '../../../src/verifier/revocation/revocation-policy.ts'
import { MAX_SIGNERS } from '../../../src/verifier/revocation/verified-crl.ts'
import { type Crl, parseCrl } from '../../../src/x509/crl.ts'
import { constructed, sequence } from '../../../src/x509/der-writer.ts'
import { makeExtension } from '../../../src/x509/extension.ts'
import { crlNumber } from '../../../src/x509/extensions/crl-number.ts'
import { generateKey } from '../../x509/fixtures.ts'
import { innermostCodeOf } from '../../x509/refusal.ts'
import { type Ca, crlOf, distributionPoints, encodeCrl, LATER, makeCa, makeLeaf, scopeOf } from './evidence.ts'

const root = makeCa('Root')
const users = makeCa('Users', { parent: root })
const leaf = makeLeaf(users, 5)

interface Counted {
  readonly verdict: string
  readonly signatures: number
}

function judge(crls: readonly Crl[], signers: readonly Ca[], certificate: PathCertificate = leaf): Counted {
  let signatures = 0
  const policy: RevocationPolicy = {
    ...RFC5280_REVOCATION,
    verify: (evidence, signer) => {
      signatures++
      return verifyEvidence(evidence, signer)
    },
  }
  const evidence = { crls, ocspResponses: [], signers: signers.map((each) => each.certificate) }
  const path = { certificates: [certificate, users.certificate], anchor: root.certificate }
  const status = revocationCheck(evidence, policy)({ certificate, issuer: users.certificate, path, at: LATER })
  return { verdict: status.kind === 'unknown' ? status.code : status.kind, signatures }
}

test('a hundred CAs of one name are not all tried', () => {
  const key = generateKey('ec-p256')
  const signers = Array.from({ length: 100 }, (_, i) => makeCa('Users', { parent: root, key, number: 100 + i }))
  const { verdict, signatures } = judge([crlOf(users, { signer: generateKey('ec-p256') }), crlOf(root)], signers)
  expect(verdict).toBe('crl-signature-invalid')
  // For the CRL of each signer's own issuer too.
  expect(signatures).toBeLessThanOrEqual(MAX_SIGNERS * 3)
})

test('signers that vouch for one another end somewhere', () => {
  const names = ['A', 'B', 'C', 'D', 'E', 'F']
  const point = (agent: string) => distributionPoints({ uris: [`http://${agent}`], crlIssuer: `Agent ${agent}` })
  // Each is certified by the root, and its revocation is for the next to tell, round and round.
  const agents = names.map((name, i) =>
    makeCa(`Agent ${name}`, {
      parent: root,
      number: 50 + i,
      more: [point(names[(i + 1) % names.length] ?? 'A')],
    }),
  )
  const crls = agents.map((agent, i) =>
    crlOf(agent, { extensions: [crlNumber(1), scopeOf({ uris: [`http://${names[i] ?? ''}`], indirect: 'indirect' })] }),
  )
  const { verdict, signatures } = judge(crls, agents, makeLeaf(users, 5, [point('A')]))
  expect(verdict).toBe('crl-issuer-other')
  expect(signatures).toBeLessThan(50)
})

test('a CRL of very many distribution points is looked up, not searched', () => {
  const uris = Array.from({ length: 20_000 }, (_, i) => `http://a/${i}.crl`)
  const crl = crlOf(users, { scope: scopeOf({ uris }) })
  const own = distributionPoints(...uris.slice(-32).map((uri) => ({ uris: [uri] })))
  expect(judge([crl], [], makeLeaf(users, 5, [own])).verdict).toBe('good')
  const other = distributionPoints({ uris: ['http://b'] })
  expect(judge([crl], [], makeLeaf(users, 5, [other])).verdict).toBe('crl-scope-other')
})

test('the signature of a CRL is verified once for each key, however often it is asked for', () => {
  const crl = crlOf(users)
  const evidence = { crls: [crl], ocspResponses: [], signers: [] }
  const path = { certificates: [leaf, users.certificate], anchor: root.certificate }
  const check = revocationCheck(evidence, RFC5280_REVOCATION)
  const question = { certificate: leaf, issuer: users.certificate, path, at: LATER }
  expect(check(question).kind).toBe('good')
  // The bytes are made unreadable: only what is remembered can say the same again.
  crl.tbs.encoded.fill(0)
  expect(check(question).kind).toBe('good')
})

test.each<[what: string, der: () => Uint8Array, code: string]>([
  [
    'very many empty entries',
    () => encodeCrl(users, { entries: Array.from({ length: 100_000 }, () => Uint8Array.of(0x30, 0)) }),
    'der_truncated',
  ],
  [
    'very many entries of one serial',
    () => encodeCrl(users, { entries: Array.from({ length: 100_000 }, () => ONE) }),
    'crl_malformed',
  ],
  ['an entry that holds itself', () => encodeCrl(users, { entries: [nested(200)] }), 'der_tag_unexpected'],
  [
    'a scope that holds itself',
    () => encodeCrl(users, { scope: makeExtension('2.5.29.28', 'critical', nested(200)) }),
    'der_trailing_bytes',
  ],
])('%s', (_, der, code) => {
  expect(innermostCodeOf(() => parseCrl(der()))).toBe(code)
})

const ONE = crlEntry()

function crlEntry(): Uint8Array {
  const digits = Buffer.from('260301120000Z')
  return sequence(Uint8Array.of(2, 1, 1), constructed(0x17, [digits]))
}

function nested(depth: number): Uint8Array {
  let inner = sequence()
  for (let i = 0; i < depth; i++) inner = sequence(inner)
  return inner
}
