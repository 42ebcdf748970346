// A service's certificate: asked for by an administrator, by the service with the certificate before, or with an enrolment
// token. Its names are those of the directory; the CSR brings the key alone (CP §4.1).
import { actorOf, type Caller } from '../domain/caller.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { Service } from '../directory/entities.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import {
  enrolmentPrincipal,
  liveEnrolmentToken,
  refuseOtherCredential,
  spendEnrolmentToken,
} from './enrolment-token.ts'
import { EnrollmentRefused } from './errors.ts'
import type { IdempotentRequest } from './idempotency.ts'
import {
  type CertificateAnswer,
  type CertificateDemand,
  type CsrSource,
  issueCertificate,
} from './issue-certificate.ts'
import { activeService, callerStillGood, notPermitted, refuseReplaced } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface ServiceCertificateRequest {
  readonly caller: Caller
  readonly name: ServiceName
  readonly csr: CsrSource
  readonly enrolmentToken?: string | undefined
  readonly lifetimeSeconds?: number | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export async function issueForService(
  context: ActContext,
  asked: ServiceCertificateRequest,
): Promise<CertificateAnswer> {
  const proof = proofOf(context, asked)
  const service = await context.acts.run(async (tx) => {
    await proof.stillGood(tx)
    return activeService(tx, asked.name, 'share')
  })
  return issueCertificate(context, {
    subject: { profile: 'service', name: service.name, systemUser: service.systemUser, dnsNames: service.dnsNames },
    csr: asked.csr,
    lifetimeSeconds: asked.lifetimeSeconds,
    identity: `service:${service.name}`,
    caller: asked.caller,
    idempotent: asked.idempotent,
    origin: asked.origin,
    obtainedWith: proof.obtainedWith,
    principal: proof.principal,
    lookAgain: async (tx) => {
      const requester = await proof.stillGood(tx)
      await refuseIfChanged(tx, service)
      return { renewUntil: undefined, requester }
    },
    recordBeside: proof.spend,
  })
}

interface Proof extends Pick<CertificateDemand, 'obtainedWith' | 'principal'> {
  /** Whether what was shown still holds. Gives who answers for the certificate. */
  readonly stillGood: (tx: UnitOfWork) => Promise<string>
  readonly spend: (tx: UnitOfWork, issued: { readonly serial: SerialNumber }) => Promise<void>
}

function proofOf(context: ActContext, { caller, name, enrolmentToken, origin }: ServiceCertificateRequest): Proof {
  if (enrolmentToken !== undefined) {
    refuseOtherCredential(caller)
    const identity = `service:${name}`
    return {
      obtainedWith: enrolmentPrincipal(enrolmentToken),
      principal: enrolmentPrincipal(enrolmentToken),
      stillGood: async (tx) => (await liveEnrolmentToken(context, tx, enrolmentToken, identity)).createdBy,
      spend: (tx, issued) => spendEnrolmentToken(context, tx, enrolmentToken, identity, issued, origin),
    }
  }
  if (caller.kind === 'anonymous') throw notPermitted(caller)
  const isItself = caller.kind === 'service' && caller.name === name
  if (!isItself && caller.kind !== 'admin' && caller.kind !== 'offline') throw notPermitted(caller)
  return {
    obtainedWith: caller.kind === 'offline' ? 'offline' : `certificate:${caller.certificate.serial}`,
    principal: actorOf(caller),
    stillGood: async (tx) => {
      const standing = await callerStillGood(tx, caller, context.clock.now())
      if (isItself) refuseReplaced(standing)
      return actorOf(caller)
    },
    spend: () => Promise.resolve(),
  }
}

/** What was certified is what the directory says at the moment of recording, or nothing is recorded. */
async function refuseIfChanged(tx: UnitOfWork, seen: Service): Promise<void> {
  const now = await activeService(tx, seen.name, 'share')
  if (now.systemUser !== seen.systemUser || now.dnsNames.join() !== seen.dnsNames.join()) {
    throw new EnrollmentRefused('requester_ended', { service: seen.name, why: 'the service was changed meanwhile' })
  }
}
