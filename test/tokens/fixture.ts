// Token keys and what surrounds them, for the tests of this folder. Keys are made anew each run.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Clock, systemRandom } from '../../src/domain/clock.ts'
import type { ServiceName } from '../../src/domain/dns-name.ts'
import type { ProjectName } from '../../src/domain/project-name.ts'
import type { Signer } from '../../src/domain/signer.ts'
import type { TokenAlgorithm } from '../../src/domain/token-algorithm.ts'
import type { UserName } from '../../src/domain/user-name.ts'
import { TOKEN_KEY_ALGORITHMS } from '../../src/tokens/token-algorithm.ts'
import { parseTokenAudience, type TokenRequest } from '../../src/tokens/token-claims.ts'
import { planTokenKey, type TokenKey } from '../../src/tokens/token-key.ts'
import type { TokenPolicy } from '../../src/tokens/token-policy.ts'
import { issueToken, makeTokenSigner, type TokenSigner } from '../../src/tokens/token-signer.ts'
import { type TokenExpectations, verificationKeys } from '../../src/tokens/verify-token.ts'

export const ISSUER = 'https://signet.example:8443'

export const POLICY: TokenPolicy = {
  defaultSeconds: 900,
  maxSeconds: 3600,
  keySignsSeconds: 604_800,
  keyOverlapSeconds: 300,
  jwksMaxAgeSeconds: 600,
}

export const NOW = new Date('2027-03-01T12:00:00Z')

export function after(seconds: number, from = NOW): Date {
  return new Date(from.getTime() + seconds * 1000)
}

export function clockAt(at: Date): Clock {
  return { now: () => at, monotonicMilliseconds: () => 0 }
}

export interface TestKey {
  readonly privateKey: KeyObject
  readonly by: TokenSigner
  readonly tokenKey: TokenKey
}

export function makeTestKey(algorithm: TokenAlgorithm, at = NOW): TestKey {
  const { privateKey, publicKey } = pairOf(algorithm)
  const signer: Signer<'jwt'> = {
    purpose: 'jwt',
    algorithm: TOKEN_KEY_ALGORITHMS[algorithm],
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    sign: async (bytes) => signWith(privateKey, bytes),
  }
  const by = makeTokenSigner(signer)
  return { privateKey, by, tokenKey: planTokenKey(by, [], at, POLICY) }
}

function pairOf(algorithm: TokenAlgorithm) {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 3072 })
}

export function signWith(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
}

/** Any header and payload, signed as they are: what an issuer with a fault could send. */
export function signedAs(key: KeyObject, header: object, payload: unknown): string {
  const part = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
  const input = `${part(header)}.${part(payload)}`
  return `${input}.${Buffer.from(signWith(key, Buffer.from(input))).toString('base64url')}`
}

export const MEMBER = { kind: 'project-user', project: 'vision' as ProjectName, user: 'alice' as UserName } as const
export const SERVICE = { kind: 'service', name: 'batch.internal' as ServiceName } as const

export function requestOf(change: Partial<TokenRequest> = {}): TokenRequest {
  return {
    issuer: ISSUER,
    subject: MEMBER,
    audience: parseTokenAudience('resnet', (name) => name === 'resnet'),
    lifetime: { kind: 'default' },
    binding: { kind: 'none' },
    notAfterLimit: after(86_400),
    ...change,
  }
}

export function issueAt(at: Date, key: TestKey, change: Partial<TokenRequest> = {}) {
  return issueToken(requestOf(change), key.by, POLICY, clockAt(at), systemRandom)
}

export function expecting(keys: readonly TestKey[], change: Partial<TokenExpectations> = {}): TokenExpectations {
  return {
    keys: verificationKeys(
      keys.map(({ tokenKey }) => tokenKey),
      NOW,
    ),
    issuer: ISSUER,
    audience: { kind: 'one-of', names: ['resnet'] },
    typ: 'at+jwt',
    now: NOW,
    maxLifetimeSeconds: POLICY.maxSeconds,
    revoked: () => false,
    subjectEpoch: () => undefined,
    presentedWith: { kind: 'none' },
    ...change,
  }
}
