// The subject alternative names of a certificate (CP §3.1, §7.1.4): they mean what the subject means, without needing to
// be split.
import type { DnsName } from '../domain/dns-name.ts'
import {
  accountJobSpiffeId,
  accountSpiffeId,
  adminSpiffeId,
  jobSpiffeId,
  serviceSpiffeId,
  type SpiffeId,
  type TrustDomain,
  userSpiffeId,
} from '../domain/spiffe-id.ts'
import type { WritableGeneralName } from '../x509/general-name.ts'
import { parseIpAddress } from '../x509/ip-address.ts'
import type { CertifiedIdentity } from './certificate-request.ts'
import { isWithinConstraints } from './expected-extensions.ts'
import type { Authority } from './policy/hierarchy.ts'
import { SubjectRefused } from './subject.ts'

export interface AlternativeNames {
  readonly uri: SpiffeId | undefined
  readonly dnsNames: readonly DnsName[]
  readonly ipAddresses: readonly string[]
}

/** Everything that the certificate names beside its subject; empty for CAs, responders and the snapshot signer. */
export function sanOf(identity: CertifiedIdentity, trustDomain: TrustDomain): AlternativeNames {
  switch (identity.profile) {
    case 'project-user':
      return onlyUri(userSpiffeId(trustDomain, identity.project, identity.user))
    case 'job':
      return onlyUri(jobSpiffeId(trustDomain, identity.project, identity.user, identity.jobId))
    case 'service-account':
      return onlyUri(accountSpiffeId(trustDomain, identity.project, identity.account))
    case 'account-job':
      return onlyUri(accountJobSpiffeId(trustDomain, identity.project, identity.account, identity.jobId))
    case 'admin':
      return onlyUri(adminSpiffeId(trustDomain, identity.user))
    case 'service':
      return {
        uri: serviceSpiffeId(trustDomain, identity.name, identity.systemUser),
        dnsNames: distinct(identity.name, identity.dnsNames),
        ipAddresses: [],
      }
    case 'signet-server':
      return {
        uri: undefined,
        dnsNames: distinct(identity.commonName, identity.dnsNames),
        ipAddresses: identity.ipAddresses,
      }
    case 'root':
    case 'issuing-ca':
    case 'ocsp-responder':
    case 'snapshot-signer':
      return onlyUri(undefined)
    default:
      identity satisfies never
      return onlyUri(undefined)
  }
}

function onlyUri(uri: SpiffeId | undefined): AlternativeNames {
  return { uri, dnsNames: [], ipAddresses: [] }
}

function distinct(first: DnsName, others: readonly DnsName[]): readonly DnsName[] {
  return [...new Set([first, ...others])]
}

/** As the extension lists them: DNS names, addresses, then the URI. Throws `DerRejected` for text that is no address. */
export function generalNamesOf({ uri, dnsNames, ipAddresses }: AlternativeNames): readonly WritableGeneralName[] {
  return [
    ...dnsNames.map((value) => ({ kind: 'dns', value }) as const),
    ...ipAddresses.map((text) => ({ kind: 'ip', octets: parseIpAddress(text) }) as const),
    ...(uri === undefined ? [] : [{ kind: 'uri', value: uri } as const]),
  ]
}

/**
 * Refuses DNS names that `authority` cannot certify, since they lie outside its zones (CP §7.1.5): asked when a service is
 * added and again when a certificate is made. Throws `SubjectRefused` (`name_outside_zones`).
 */
export function refuseOutsideZones(names: readonly DnsName[], authority: Authority): void {
  const outside = names.filter((value) => !isWithinConstraints(authority, { kind: 'dns', value }))
  if (outside.length === 0) return
  const zones = authority.nameConstraints === 'none' ? 'any' : authority.nameConstraints.dnsNames
  throw new SubjectRefused('name_outside_zones', { names: outside, authority: authority.name, zones })
}
