// Wycheproof's JWS and JWK against our own verification of tokens: of other issuers by their key sets, and of ours. Every invalid one is
// refused; a valid one is accepted, or refused for a reason that stands here. JWE is not for us: Signet encrypts no tokens.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type ForeignAlgorithm, parseKeySet } from '../../src/tokens/key-set.ts'
import { TokenRejected } from '../../src/tokens/errors.ts'
import type { TrustedIssuer } from '../../src/tokens/trusted-issuer.ts'
import { verifySigned } from '../../src/tokens/verify-foreign-token.ts'
import { type VerificationKey, verifyLastingly } from '../../src/tokens/verify-token.ts'
import { describeVectors, readJson } from './vectors.ts'

interface Jwk {
  readonly kty: string
  readonly crv?: string
  readonly alg?: string
  readonly kid?: string
}
interface Group {
  readonly comment: string
  readonly public?: Jwk | { readonly keys: readonly Jwk[] }
  readonly private: Jwk | { readonly keys: readonly Jwk[] }
  readonly tests: readonly Vector[]
}
interface Vector {
  readonly tcId: number
  readonly comment: string
  /** Text, or the JSON serialization, which is none of a token. */
  readonly jws?: unknown
  readonly result: 'valid' | 'invalid'
}

/** Why a valid one is refused: policy, each with what it is about. */
const POLICY: readonly (readonly [string, (keys: readonly Jwk[], header: string) => boolean])[] = [
  ['symmetric: whoever verifies could sign', (keys) => keys.every(({ kty }) => kty === 'oct')],
  ['P-521: no algorithm of ours', (keys) => keys.some(({ crv }) => crv === 'P-521')],
  ['the key says another algorithm (RFC 7517 §4.4)', ([key], header) => !header.includes(`"alg":"${key?.alg ?? ''}"`)],
]

const ALGORITHMS: readonly ForeignAlgorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'EdDSA',
]

function jwksOf(group: Group): readonly Jwk[] {
  const shown = group.public ?? group.private
  return 'keys' in shown ? shown.keys : [shown]
}

function issuerOf(jwks: readonly Jwk[]): TrustedIssuer {
  const keys = parseKeySet(JSON.stringify({ keys: jwks }))
  return {
    ...{ name: 'wycheproof', kind: 'oidc', issuer: 'https://wycheproof.test', audience: 'any', typ: 'JWT' },
    ...{ algorithms: ALGORITHMS, maxLifetimeSeconds: 3600, identities: new Map(), others: { kind: 'nobody' } },
    keys: { key: async (kid) => keys.get(kid) },
  }
}

const compactOf = ({ jws }: Vector): string => (typeof jws === 'string' ? jws : JSON.stringify(jws))

async function outcome(verify: () => Promise<unknown>): Promise<'accepted' | 'refused'> {
  try {
    await verify()
    return 'accepted'
  } catch (error) {
    if (error instanceof TokenRejected) return 'refused'
    throw error
  }
}

function policyAgainst(jwks: readonly Jwk[], vector: Vector): string {
  const header = Buffer.from(compactOf(vector).split('.')[0] ?? '', 'base64url').toString()
  return POLICY.find(([, applies]) => applies(jwks, header))?.[0] ?? 'none'
}

/** As a token of ours would be verified: with the same keys, under the use of an access token. */
function ownKeys(jwks: readonly Jwk[]): ReadonlyMap<string, VerificationKey> {
  const known = [...parseKeySet(JSON.stringify({ keys: jwks }))].flatMap(([kid, { key, algorithms }]) => {
    const algorithm = (['ES256', 'EdDSA', 'RS256'] as const).find((each) => algorithms.includes(each))
    return algorithm === undefined ? [] : [[kid, { kid, algorithm, key }] as const]
  })
  return new Map(known)
}

const FILES = [
  ['json_web_signature_test.json', { accepted: 32, 'refused by policy': 14, 'invalid refused': 355 }],
  ['json_web_key_test.json', { accepted: 1, 'refused by policy': 4, 'invalid refused': 21 }],
  ['json_web_crypto_test.json', { accepted: 2, 'refused by policy': 2, 'invalid refused': 45 }],
] as const

describeVectors('wycheproof', (folder) => {
  it.each(FILES)(
    '%s: every invalid one is refused, by the keys of others and as a token of ours',
    async (file, counts) => {
      const { testGroups } = readJson(join(folder, file)) as { readonly testGroups: readonly Group[] }
      const found = { accepted: 0, 'refused by policy': 0, 'invalid refused': 0 }
      const wrong: string[] = []
      for (const group of testGroups) {
        const jwks = jwksOf(group)
        for (const vector of group.tests) {
          const { tcId, result, comment, jws } = vector
          if (jws === undefined) continue
          const compact = compactOf(vector)
          const seen = await outcome(() => verifySigned(compact, issuerOf(jwks)))
          const own = {
            keys: ownKeys(jwks),
            typ: 'at+jwt',
            issuer: 'https://wycheproof.test',
            maxLifetimeSeconds: 3600,
          } as const
          const asOurs = await outcome(() => verifyLastingly(compact, own))
          const policy = policyAgainst(jwks, vector)
          if (asOurs === 'accepted') wrong.push(`${String(tcId)} ${comment}: taken for a token of ours`)
          if (result === 'invalid' && seen === 'refused') found['invalid refused']++
          else if (result === 'valid' && seen === 'accepted') found.accepted++
          else if (result === 'valid' && policy !== 'none') found['refused by policy']++
          else wrong.push(`${String(tcId)} ${group.comment} ${comment}: ${result}, ${seen}`)
        }
      }
      expect(wrong).toEqual([])
      expect(found).toEqual(counts)
      process.stdout.write(`${file}: ${JSON.stringify(found)}\n`)
    },
  )
})
