// From verified facts to the identity that a consumer is given: plain data, frozen, since many requests share it.
import { actingNameOf } from '../../access/acting-name.ts'
import type { VerifiedCertificate } from '../../access/facts.ts'
import type { RevocationAnswer } from './revocation-answer.ts'
import type { PeerIdentity } from './verdict.ts'

export function identityOf(certificate: VerifiedCertificate, answer: RevocationAnswer | 'not-asked'): PeerIdentity {
  const { commonName, spiffeId, issuer, serial, fingerprint, validity } = certificate
  const acting = actingNameOf(certificate)
  return Object.freeze({
    ...holderOf(certificate),
    actingName: acting.kind === 'named' ? acting.name : commonName,
    commonName,
    spiffeId,
    issuer,
    serial,
    fingerprint,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    revocation:
      answer !== 'not-asked' && answer.kind === 'good'
        ? { kind: 'checked' as const, goodUntil: answer.goodUntil }
        : { kind: 'not-checked' as const },
  })
}

function holderOf(certificate: VerifiedCertificate) {
  switch (certificate.profile) {
    case 'project-user':
      return { kind: 'member', project: certificate.project, user: certificate.user } as const
    case 'job':
      return { kind: 'job', project: certificate.project, user: certificate.user, job: certificate.job } as const
    case 'service-account':
      return { kind: 'account', project: certificate.project, account: certificate.account } as const
    case 'account-job': {
      const { project, account, job } = certificate
      return { kind: 'account-job', project, account, job } as const
    }
    case 'service':
      return { kind: 'service', service: certificate.service, systemUser: certificate.systemUser } as const
    case 'admin':
      return { kind: 'admin', user: certificate.user } as const
    default:
      return certificate satisfies never
  }
}
