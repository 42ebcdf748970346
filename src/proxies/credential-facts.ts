// From what a call presents to the facts that the decision judges (steps 7t, 7k, 7p): each credential for itself, none chosen. What
// takes work is bounded: keys and tokens that fail by their prefix and address, passphrases by deployment and address, and a key
// derivation runs for no deployment that takes no passphrases.
//
// It decides nothing. A secret goes no further than this file.
import { hash } from 'node:crypto'
import type { AuthMode } from '../domain/access-policy.ts'
import { isSecretOf } from '../access/recognise-api-key.ts'
import type { OtherCredential, PassphraseFacts, TokenFacts } from '../access/facts.ts'
import type { DeploymentView, Snapshot } from '../access/snapshot.ts'
import type { AccessReviewers } from '../tokens/trusted-issuer.ts'
import type { PassphraseCheck } from '../tokens/passphrase-check.ts'
import type { PresentedCredential, PresentedFault } from './presented-credentials.ts'
import { reviewedFacts } from './reviewed-facts.ts'

/** How often credentials may fail, by what is no secret of them and by the client's address. */
export interface FailureLimit {
  /** Seconds to wait, or undefined when it is looked at. */
  waitSeconds(attempt: FailedAttempt): number | undefined
  /** It did not hold. */
  failed(attempt: FailedAttempt, reason: string): void
}

export interface FailedAttempt {
  readonly kind: 'api-key' | 'bearer'
  readonly credential: string
  readonly address: string
  /** The deployment for which whoever asks tells of the address; undefined where it was seen here. */
  readonly toldFor: string | undefined
}

export interface CredentialMeans {
  readonly snapshot: Snapshot
  readonly tokens: { factsOf(token: string): Promise<TokenFacts> }
  readonly passphrases: Pick<PassphraseCheck, 'check'>
  readonly limit: FailureLimit
  /** None is asked without: then nobody has a group of a cluster. */
  readonly reviewers?: AccessReviewers
}

/** For which deployment, as far as that is known before the decision, and from where. */
export interface CredentialPlace {
  readonly deployment: DeploymentView | undefined
  readonly activated: ReadonlySet<AuthMode>
  /** Undefined where nobody tells: then no client is held against what another one tried. */
  readonly clientAddress: string | undefined
  readonly addressSeen: 'here' | 'told'
}

export interface FactsOfCredential {
  readonly facts: OtherCredential
  /** Too many have failed, so that it was not looked at. */
  readonly retryAfterSeconds?: number
  /** What a failure counts for; passphrases count for themselves. */
  readonly attempt?: FailedAttempt
}

export function credentialFacts(
  means: CredentialMeans,
  presented: readonly PresentedCredential[],
  place: CredentialPlace,
): Promise<readonly FactsOfCredential[]> {
  return Promise.all(presented.map((credential) => factsOf(means, credential, place)))
}

async function factsOf(
  means: CredentialMeans,
  credential: PresentedCredential,
  place: CredentialPlace,
): Promise<FactsOfCredential> {
  switch (credential.kind) {
    case 'token':
      return tokenFacts(means, credential.token, place)
    case 'api-key':
      return apiKeyFacts(means, credential, place)
    case 'passphrase':
      return passphraseFacts(means, credential.passphrase, place)
    case 'refused':
      return { facts: malformed(credential.fault, place) }
    default:
      return credential satisfies never
  }
}

async function tokenFacts({ tokens, limit, reviewers }: CredentialMeans, token: string, place: CredentialPlace) {
  const attempt = attemptOf('bearer', hash('sha256', token).slice(0, 16), place)
  const retryAfterSeconds = limit.waitSeconds(attempt)
  if (retryAfterSeconds !== undefined) return { facts: malformed('token-malformed', place), retryAfterSeconds, attempt }
  const facts = await reviewedFacts(reviewers, token, await tokens.factsOf(token), place.deployment)
  return { facts: isNobodys(facts) ? { ...facts, method: methodHere(place) } : facts, attempt }
}

/** Of an issuer that is not known: which kind was meant cannot be told. */
function isNobodys(facts: TokenFacts): boolean {
  return facts.verdict === 'refused' && (facts.reason === 'TOKEN_ISSUER' || facts.reason === 'TOKEN_MALFORMED')
}

/** The kind of token that this deployment takes, so that a bad token is told what is bad about it. */
function methodHere({ deployment }: CredentialPlace): 'jwt' | 'oidc' {
  const modes = deployment?.authModes
  return modes !== undefined && !modes.has('jwt') && modes.has('oidc') ? 'oidc' : 'jwt'
}

function apiKeyFacts(
  { snapshot, limit }: CredentialMeans,
  { prefix, secret }: Extract<PresentedCredential, { readonly kind: 'api-key' }>,
  place: CredentialPlace,
): FactsOfCredential {
  const attempt = attemptOf('api-key', prefix, place)
  const retryAfterSeconds = limit.waitSeconds(attempt)
  if (retryAfterSeconds !== undefined) {
    return { facts: { kind: 'api-key', prefix, secret: 'differs' }, retryAfterSeconds, attempt }
  }
  const matches = isSecretOf(snapshot.apiKey(prefix), secret)
  return { facts: { kind: 'api-key', prefix, secret: matches ? 'matches' : 'differs' }, attempt }
}

async function passphraseFacts(
  { passphrases }: CredentialMeans,
  passphrase: string,
  { deployment, activated, clientAddress }: CredentialPlace,
): Promise<FactsOfCredential> {
  const isTaken = deployment?.authModes.has('passphrase') === true && activated.has('passphrase')
  if (!isTaken) return { facts: WRONG_PASSPHRASE }
  const { name, policy } = deployment
  const presented = {
    passphrase,
    deployment: name,
    address: clientAddress ?? UNTOLD,
    entries: policy.passphrases,
  }
  const outcome = await passphrases.check(presented)
  if (outcome.kind === 'held') {
    const { id: entry, hash: tried } = outcome.entry
    return { facts: { kind: 'passphrase', verdict: 'held', deployment: name, entry, hash: tried } }
  }
  const facts: PassphraseFacts = { kind: 'passphrase', verdict: 'refused', reason: outcome.reason }
  return outcome.reason === 'RATE_LIMITED' ? { facts, retryAfterSeconds: outcome.retryAfterSeconds } : { facts }
}

const WRONG_PASSPHRASE: PassphraseFacts = Object.freeze({
  kind: 'passphrase',
  verdict: 'refused',
  reason: 'PASSPHRASE_INVALID',
})

/** Passphrases can be guessed: whose address is not told are limited together. */
const UNTOLD = 'untold'

/** Something was presented that is no credential of its kind: it does not hold, and is nobody's. */
function malformed(fault: PresentedFault, place: CredentialPlace): OtherCredential {
  switch (fault) {
    case 'token-malformed':
      return { kind: 'token', method: methodHere(place), verdict: 'refused', reason: 'TOKEN_MALFORMED' }
    case 'api-key-malformed':
      return { kind: 'api-key', prefix: '', secret: 'differs' }
    case 'passphrase-malformed':
      return WRONG_PASSPHRASE
    case 'unknown-scheme':
    case 'repeated':
    case 'undecodable':
      return { kind: 'unreadable' }
    default:
      return fault satisfies never
  }
}

/** What a machine made cannot be guessed: where no address is told, each is limited for itself. */
function attemptOf(kind: FailedAttempt['kind'], credential: string, place: CredentialPlace): FailedAttempt {
  const { clientAddress, addressSeen, deployment } = place
  const toldFor = addressSeen === 'told' ? (deployment?.name ?? '') : undefined
  return { kind, credential, address: clientAddress ?? `${UNTOLD} ${credential.slice(0, 64)}`, toldFor }
}
