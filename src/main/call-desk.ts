// The desk that answers for model calls, joined from what this process holds: the snapshot, the keys of tokens, the limits.
import type { CredentialLimit } from '../http/credential-limit.ts'
import { limitedAddress } from '../domain/limited-address.ts'
import type { TokenContext } from '../enrollment/token-acts.ts'
import { CallDesk, type CallObserver } from '../proxies/answer-call.ts'
import type { FailureLimit } from '../proxies/credential-facts.ts'
import type { IdentitySigner } from '../proxies/identity-token.ts'
import { TokenReader } from '../proxies/token-reader.ts'
import type { BcryptThread } from '../tokens/bcrypt-thread.ts'
import type { KdfGate } from '../tokens/kdf-gate.ts'
import { PassphraseCheck } from '../tokens/passphrase-check.ts'
import type { AccessReviewers } from '../tokens/trusted-issuer.ts'
import { signToken } from '../tokens/token-signer.ts'
import type { LiveState } from './live-state.ts'
import type { Refresh } from './refresh.ts'

export interface CallDeskMeans {
  readonly live: LiveState
  readonly tokens: TokenContext
  readonly kdfGate: KdfGate
  readonly bcrypt: BcryptThread
  readonly credentialLimit: CredentialLimit
  readonly refresh: Refresh
  readonly reviewers: AccessReviewers
  readonly observer: CallObserver
}

export function openCallDesk(means: CallDeskMeans): CallDesk {
  const { live, tokens, kdfGate, bcrypt, credentialLimit, refresh, reviewers, observer } = means
  const { clock, random, policy } = tokens
  return new CallDesk({
    snapshot: live.snapshot,
    clock,
    certificates: { verify: (der) => live.certificates.verify(der) },
    tokens: new TokenReader({
      clock,
      names: policy.names,
      issuer: tokens.tokenIssuer,
      keys: tokens.keys,
      maxLifetimeSeconds: policy.credentials.token.maxSeconds,
      trustedIssuers: tokens.trustedIssuers,
    }),
    passphrases: new PassphraseCheck({ clock, random, gate: kdfGate, bcrypt }),
    identity: identitySigner(tokens),
    limit: failureLimit(credentialLimit),
    refresh: () => refresh.run(),
    reviewers,
    observer,
  })
}

function identitySigner({ tokenIssuer: issuer, keys }: TokenContext): IdentitySigner {
  return { issuer, sign: (claims) => signToken('identity+jwt', claims, keys.signer(undefined)) }
}

function failureLimit(limit: CredentialLimit): FailureLimit {
  return {
    waitSeconds: (attempt) => limit.waitSeconds({ ...attempt, address: limitedAddress(attempt.address) }),
    failed: (attempt, reason) => limit.failed({ ...attempt, address: limitedAddress(attempt.address) }, reason),
  }
}
