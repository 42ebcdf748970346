// The subject of a certificate (CP §3.1, §7.1.4): the templates of its profile, filled with what the request knows.
import { CodedError } from '../domain/coded-error.ts'
import type { NameRule } from '../domain/name-rules.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import { attributeValues, type DistinguishedName } from '../x509/distinguished-name.ts'
import { OID } from '../x509/oid.ts'
import type { AuthorityIdentity, CertifiedIdentity } from './certificate-request.ts'
import { fillNameTemplate, type NameFacts } from './policy/name-template.ts'
import { type Policy, profileNamed } from './policy/policy.ts'
import type { SubjectAttribute } from './policy/profile.ts'

export type SubjectErrorCode =
  'subject_incomplete' | 'authority_unknown' | 'organization_rejected' | 'job_id_rejected' | 'name_outside_zones'

/** A certificate that was asked for in a way that no profile or hierarchy entry fits. */
export class SubjectRefused extends CodedError<SubjectErrorCode> {}

const ATTRIBUTE_TYPES: Readonly<Record<SubjectAttribute, string>> = {
  CN: OID.commonName,
  O: OID.organizationName,
  OU: OID.organizationalUnitName,
  L: OID.localityName,
}

/** The dotted type of an attribute. */
export function attributeType(attribute: SubjectAttribute): string {
  return ATTRIBUTE_TYPES[attribute]
}

/** The subject, in the order of the profile. Throws `SubjectRefused` and `NameRejected` (a common name over its bound). */
export function subjectOf(identity: CertifiedIdentity, policy: Policy): DistinguishedName {
  const facts = factsOf(identity, policy)
  return profileNamed(policy, identity.profile).subject.map(({ attribute, template }) => {
    const value = fillNameTemplate(template, facts)
    if (value === undefined) throw new SubjectRefused('subject_incomplete', { profile: identity.profile, attribute })
    return [{ type: ATTRIBUTE_TYPES[attribute], value }]
  })
}

/** The common name of `subjectOf`. */
export function commonNameOf(identity: CertifiedIdentity, policy: Policy): string {
  return attributeValues(subjectOf(identity, policy), OID.commonName).join()
}

/** What the templates of the profile may name. */
function factsOf(identity: CertifiedIdentity, policy: Policy): NameFacts {
  switch (identity.profile) {
    case 'root':
    case 'issuing-ca':
      return authorityFacts(identity, policy)
    case 'job':
      requireRule('job_id_rejected', identity.jobId, policy.names.jobId)
      projectUserName(identity.project, identity.user, policy.names)
      return identity
    case 'account-job':
      requireRule('job_id_rejected', identity.jobId, policy.names.jobId)
      projectUserName(identity.project, identity.account, policy.names)
      return identity
    case 'project-user':
      // The join refuses a common name over its bound.
      projectUserName(identity.project, identity.user, policy.names)
      return identity
    case 'service-account':
      projectUserName(identity.project, identity.account, policy.names)
      return identity
    case 'signet-server':
      return { commonName: identity.commonName }
    case 'service':
      return { name: identity.name, systemUser: identity.systemUser }
    case 'snapshot-signer':
      requireRule('organization_rejected', identity.organization, policy.names.organization)
      return identity
    case 'admin':
    case 'ocsp-responder':
      return identity
    default:
      return identity satisfies never
  }
}

function authorityFacts({ authority, generation, organization }: AuthorityIdentity, policy: Policy): NameFacts {
  const entry = policy.hierarchy.authorities.get(authority)
  if (entry === undefined) throw new SubjectRefused('authority_unknown', { authority })
  requireRule('organization_rejected', organization, policy.names.organization)
  const facts = { organization, generation: String(generation) }
  const authorityName = fillNameTemplate(entry.commonName, facts)
  return authorityName === undefined ? facts : { ...facts, authorityName }
}

/** For the two names that only certificates have; all others were parsed before they came here. */
function requireRule(code: SubjectErrorCode, text: string, rule: NameRule): void {
  if (text.length >= rule.minLength && text.length <= rule.maxLength && rule.pattern.test(text)) return
  throw new SubjectRefused(code, { input: text.slice(0, 80), rule: rule.pattern.source, maxLength: rule.maxLength })
}
