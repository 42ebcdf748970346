// The part of x509-limbo that stands in the vectors: path lengths, the rules of RFC 5280, name constraints, CRLs. Certificates
// that cannot be read are left out of the pool, as a peer's would be.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { IssuerPool } from '../../src/verifier/path/issuer-pool.ts'
import { type PathCertificate, readPathCertificate } from '../../src/verifier/path/path-certificate.ts'
import { ACCEPTED_SIGNATURES, type PathSettings } from '../../src/verifier/path/path-settings.ts'
import { ANY_POLICY } from '../../src/verifier/path/policy-settings.ts'
import { certifiesName, type PeerName } from '../../src/verifier/path/peer-name.ts'
import { PATH_LIMITS } from '../../src/verifier/path/path-work.ts'
import type { RevocationSetting } from '../../src/verifier/path/revocation-check.ts'
import { verifyPath } from '../../src/verifier/path/verify-path.ts'
import { revocationCheck } from '../../src/verifier/revocation/check-revocation.ts'
import { STRICT_REVOCATION } from '../../src/verifier/revocation/revocation-policy.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { parseIpAddress } from '../../src/x509/ip-address.ts'
import { OID } from '../../src/x509/oid.ts'
import { parsePem } from '../../src/x509/pem.ts'
import { CertificateRejected } from '../../src/x509/tbs-certificate.ts'
import { LIMBO_DISAGREEMENTS } from './limbo-disagreements.ts'
import { describeVectors, readJson } from './vectors.ts'

interface Name {
  readonly kind: string
  readonly value: string
}

interface Case {
  readonly id: string
  readonly trusted_certs: readonly string[]
  readonly untrusted_intermediates: readonly string[]
  readonly peer_certificate: string
  readonly crls?: readonly string[]
  readonly validation_time: string | null
  readonly extended_key_usage: readonly string[]
  readonly expected_peer_name: Name | null
  readonly expected_peer_names: readonly Name[]
  readonly max_chain_depth: number | null
  readonly expected_result: 'SUCCESS' | 'FAILURE'
}

const DEFAULT_AT = '2024-01-01T00:00:00Z'
const DEFAULT_INTERMEDIATES = 8
const PURPOSES: ReadonlyMap<string, string> = new Map([
  ['serverAuth', OID.serverAuth],
  ['clientAuth', OID.clientAuth],
])

function readable(pem: string): readonly PathCertificate[] {
  try {
    return [readPathCertificate(parsePem(pem, 'CERTIFICATE'))]
  } catch (error) {
    if (error instanceof CertificateRejected) return []
    throw error
  }
}

function peerName({ kind, value }: Name): PeerName {
  if (kind === 'IP') return { kind: 'ip', octets: parseIpAddress(value) }
  return { kind: kind === 'DNS' ? 'dns' : 'email', value }
}

function revocationOf({ crls = [] }: Case): RevocationSetting {
  if (crls.length === 0) return { kind: 'none' }
  const read = crls.map((pem) => parseCrl(parsePem(pem, 'X509 CRL')))
  return {
    kind: 'checked',
    check: revocationCheck({ crls: read, ocspResponses: [], signers: [] }, STRICT_REVOCATION),
    unknown: 'refuse',
  }
}

function settingsOf(given: Case): PathSettings {
  const [purpose = 'any'] = given.extended_key_usage
  return {
    at: new Date(given.validation_time ?? DEFAULT_AT),
    purpose: PURPOSES.get(purpose) ?? 'any',
    policy: ANY_POLICY,
    conformance: 'required',
    revocation: revocationOf(given),
    signatures: ACCEPTED_SIGNATURES,
    maxIntermediates: given.max_chain_depth ?? DEFAULT_INTERMEDIATES,
    limits: PATH_LIMITS,
  }
}

function resultOf(given: Case): string {
  const [leaf] = readable(given.peer_certificate)
  if (leaf === undefined) return 'FAILURE'
  const pool = new IssuerPool({
    anchors: given.trusted_certs.flatMap(readable),
    intermediates: given.untrusted_intermediates.flatMap(readable),
  })
  if (verifyPath(leaf, pool, settingsOf(given)).kind === 'refused') return 'FAILURE'
  const names = [...given.expected_peer_names, ...(given.expected_peer_name === null ? [] : [given.expected_peer_name])]
  return names.every((name) => certifiesName(leaf, peerName(name))) ? 'SUCCESS' : 'FAILURE'
}

describeVectors('limbo', (folder) => {
  const { testcases } = readJson(join(folder, 'limbo-part.json')) as { readonly testcases: readonly Case[] }

  it('has its cases, and every disagreement is one of them', () => {
    expect(testcases.length).toBeGreaterThanOrEqual(123)
    const ids = testcases.map(({ id }) => id)
    expect([...LIMBO_DISAGREEMENTS.keys()].filter((id) => !ids.includes(id))).toEqual([])
  })

  describe('each case ends as it should', () => {
    it.each(testcases)('$id', (given) => {
      const agrees = resultOf(given) === given.expected_result
      expect(agrees).toBe(!LIMBO_DISAGREEMENTS.has(given.id))
    })
  })
})
