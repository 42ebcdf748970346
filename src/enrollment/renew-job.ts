// A job renews itself, and nobody else does (CP §4.6, §4.7, §4.13): a request with the key before is a renewal and revokes
// nothing; one with a new key is a rekey. Either way the one path of renewals (`renew-certificate.ts`) issues it.
import type { Caller } from '../domain/caller.ts'
import { parseCertificationRequest, verifyProofOfPossession } from '../x509/certification-request.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import type { IdempotentRequest } from './idempotency.ts'
import type { CertificateAnswer } from './issue-certificate.ts'
import { goodJob, type JobCaller, requireJobItself } from './job-holder.ts'
import { rekeyCertificate, renewCertificate } from './renew-certificate.ts'

export interface JobRenewal {
  readonly caller: Caller
  readonly jobId: string
  readonly csr: string | Uint8Array
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

/** Throws `EnrollmentRefused`, `DirectoryRefused`, and what issuing throws. */
export async function renewJob(context: ActContext, asked: JobRenewal): Promise<CertificateAnswer> {
  const caller = requireJobItself(asked.caller, asked.jobId)
  const csr = parseCertificationRequest(asked.csr)
  verifyProofOfPossession(csr)
  return csr.publicKey.fingerprint === (await keyOf(context, caller))
    ? renewCertificate(context, asked)
    : rekeyCertificate(context, asked)
}

async function keyOf(context: ActContext, caller: JobCaller): Promise<string | undefined> {
  return context.acts.run(async (tx) => {
    await goodJob(context, tx, caller)
    return (await tx.certificate(caller.certificate.serial, 'none'))?.keyFingerprint
  })
}
