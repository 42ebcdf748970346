// What an operator does to the token keys by hand: a new one before its time, and the removal of one that has leaked (CP §4.12).
// The services that run take up the result by the change log; nothing here waits for them.
import type { KeyStore, NewKey } from '../ca/keystore/key-store.ts'
import { addSeconds, type Clock } from '../domain/clock.ts'
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import { TokenRefused } from '../tokens/errors.ts'
import { TOKEN_KEY_ALGORITHMS, tokenJwk } from '../tokens/token-algorithm.ts'
import {
  parseTokenKeyRecord,
  planEarlyTokenKey,
  planTokenKey,
  successorOf,
  type TokenKey,
  tokenKeyRecord,
  withdrawTokenKey,
} from '../tokens/token-key.ts'
import type { TokenPolicy } from '../tokens/token-policy.ts'
import { tokenKeyContext } from './sealed-keys.ts'
import type { Acts, UnitOfWork } from './unit-of-work.ts'

export interface TokenKeyMeans {
  readonly acts: Acts
  readonly keyStore: KeyStore
  readonly installation: string
  readonly policy: TokenPolicy
  readonly clock: Clock
  /** Who does it, as audit events write it. */
  readonly actor: string
}

/** A new key that takes over as soon as verifiers can have it. */
export async function rotateTokenKey(means: TokenKeyMeans, algorithm: TokenAlgorithm): Promise<TokenKey> {
  const made = await means.keyStore.generate(TOKEN_KEY_ALGORITHMS[algorithm])
  return means.acts.run(async (tx) => {
    const at = means.clock.now()
    const publicJwk = tokenJwk(made.publicKey)
    const key = planEarlyTokenKey({ algorithm, publicJwk }, await publishedKeysOf(tx, at), at, means.policy)
    await addKey(means, tx, made, key, at)
    return key
  })
}

export interface RemovedTokenKey {
  readonly kid: string
  readonly algorithm: TokenAlgorithm
  /** The key that signs from now on. */
  readonly replacedBy: string
  /** Verifiers that fetched the key set a moment ago may accept the key until then. */
  readonly cachedUntil: Date
  /** Who may hold it in a cache: the audiences of tokens that have not expired. */
  readonly verifiers: readonly string[]
}

/** The key signs, verifies and is published no more. Throws `TokenRefused` (`token_key_not_published`). */
export async function removeTokenKey(means: TokenKeyMeans, kid: string): Promise<RemovedTokenKey> {
  const { acts, clock, keyStore } = means
  const { algorithm } = keyNamed(await acts.run((tx) => publishedKeysOf(tx, clock.now())), kid)
  // Before the transaction, since an RSA key takes seconds; it is thrown away when the next key is there already.
  const spare = await keyStore.generate(TOKEN_KEY_ALGORITHMS[algorithm])
  return acts.run(async (tx) => {
    const at = clock.now()
    const keys = await publishedKeysOf(tx, at)
    const withdrawn = withdrawTokenKey(keyNamed(keys, kid), at)
    await tx.setTokenKeyLife(withdrawn)
    await tx.change({ kind: 'token-key', kid })
    const left = keys.filter((each) => each.kid !== kid)
    const replacedBy = await successorIn(means, tx, { algorithm, left, spare, at })
    const cachedUntil = addSeconds(at, means.policy.jwksMaxAgeSeconds)
    await auditOf(means, tx, 'token-key.remove', kid, at, {
      algorithm,
      replacedBy,
      cachedUntil: cachedUntil.toISOString(),
    })
    return { kid, algorithm, replacedBy, cachedUntil, verifiers: await tx.liveTokenAudiences(at) }
  })
}

interface Succession {
  readonly algorithm: TokenAlgorithm
  readonly left: readonly TokenKey[]
  readonly spare: NewKey
  readonly at: Date
}

/** One that signs already, or the next one ahead of its time, or the spare one. */
async function successorIn(
  means: TokenKeyMeans,
  tx: UnitOfWork,
  { algorithm, left, spare, at }: Succession,
): Promise<string> {
  const successor = successorOf(left, algorithm, at)
  if (successor === undefined) {
    const key = planTokenKey({ algorithm, publicJwk: tokenJwk(spare.publicKey) }, left, at, means.policy)
    await addKey(means, tx, spare, key, at)
    return key.kid
  }
  await tx.setTokenKeyLife(successor)
  await tx.change({ kind: 'token-key', kid: successor.kid })
  return successor.kid
}

async function addKey(means: TokenKeyMeans, tx: UnitOfWork, made: NewKey, key: TokenKey, at: Date): Promise<void> {
  const place = tokenKeyContext(means.installation, key.kid)
  const sealedKey = means.keyStore.seal(made, place, await tx.sealingKey('share'))
  await tx.insertTokenKey(tokenKeyRecord(key, sealedKey))
  await tx.change({ kind: 'token-key', kid: key.kid })
  const { algorithm, signsFrom, signsUntil } = key
  const facts = { algorithm, signsFrom: signsFrom.toISOString(), signsUntil: signsUntil.toISOString() }
  await auditOf(means, tx, 'token-key.add', key.kid, at, facts)
}

async function auditOf(
  { actor }: TokenKeyMeans,
  tx: UnitOfWork,
  act: 'token-key.add' | 'token-key.remove',
  kid: string,
  at: Date,
  details: Readonly<Record<string, string>>,
): Promise<void> {
  await tx.audit({ at, actor, act, object: `token-key:${kid}`, requestId: '', details })
}

async function publishedKeysOf(tx: UnitOfWork, at: Date): Promise<readonly TokenKey[]> {
  return (await tx.tokenKeys(at)).map(parseTokenKeyRecord)
}

function keyNamed(keys: readonly TokenKey[], kid: string): TokenKey {
  const key = keys.find((each) => each.kid === kid)
  if (key === undefined) throw new TokenRefused('token_key_not_published', { kid: kid.slice(0, 100) })
  return key
}
