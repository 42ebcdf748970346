// Where the key of a certificate comes from, as a request body says it: the caller's own request, or a key that is made here and
// handed over in the answer. For every route that issues: `keyFields` of the schemas, and `issueAsAsked`.
import { createHash } from 'node:crypto'
import type { KeyFormat } from '../ca/keystore/key-bundle.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { IdempotentRequest } from '../enrollment/idempotency.ts'
import type { CertificateAnswer, CsrSource } from '../enrollment/issue-certificate.ts'
import { issueWithMadeKey } from '../enrollment/made-key.ts'
import { issuedBody, keyStoreBody } from './certificate-body.ts'
import type { ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'
import { csrOf } from './route.ts'

/** What passed `exactlyOneKey`. */
interface KeyDemand {
  readonly csr?: string | undefined
  readonly generate?: { readonly algorithm: KeyAlgorithmName } | undefined
  readonly format?: KeyFormat | undefined
  readonly passphrase?: string | undefined
  readonly alias?: string | undefined
}

/** Issues in the queue that the demand belongs to, and gives the answer's body. */
export async function issueAsAsked(
  parts: ApiParts,
  demand: KeyDemand,
  issue: (csr: CsrSource) => Promise<CertificateAnswer>,
) {
  const { csr, generate, format } = demand
  if (generate === undefined || format === undefined) {
    if (csr === undefined) throw new HttpRefused('csr_empty')
    const issued = await parts.signingQueue.run(async () => issue(csrOf(csr)))
    parts.observer.issued(issued.profile)
    return issuedBody(parts, issued)
  }
  const wish = { algorithm: generate.algorithm, format, passphrase: demand.passphrase, alias: demand.alias }
  const { answer, delivered } = await parts.keyStoreQueue.run(() =>
    issueWithMadeKey(parts.context, wish, issue, (issued) => issued),
  )
  parts.observer.issued(answer.profile)
  return { ...issuedBody(parts, answer), keyStore: keyStoreBody(delivered) }
}

/**
 * The digest that an Idempotency-Key is bound to is kept for a day, and a passphrase could be guessed at it: it is taken of the
 * body without. Another passphrase with the same key is a replay, which hands nothing over.
 */
export function withoutPassphrase<Asked extends { readonly idempotent?: IdempotentRequest | undefined }>(
  asked: Asked,
  body: KeyDemand,
): Asked {
  if (asked.idempotent === undefined || body.passphrase === undefined) return asked
  const text = JSON.stringify({ ...body, passphrase: true })
  const bodyDigest = createHash('sha256').update(text).digest('hex')
  return { ...asked, idempotent: { ...asked.idempotent, bodyDigest } }
}
