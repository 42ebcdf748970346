// Each profile against the rules that no policy can relax (CP §7.1): what a leaf and a CA may be at all.
import { PROFILE_FACTS } from './profile-facts.ts'
import type { NameTemplate, Placeholder } from './name-template.ts'
import type { PolicyFault } from './policy-rejected.ts'
import type { Policy } from './policy.ts'
import type { Profile } from './profile.ts'

export function checkProfiles(policy: Policy): PolicyFault[] {
  const profiles = [...policy.profiles.values()]
  return [
    ...profiles.flatMap((profile) =>
      PROFILE_RULES.filter((rule) => !rule.holds(profile, policy)).map(({ field, rule }) => ({
        file: `profiles/${profile.name}.json`,
        field,
        rule,
      })),
    ),
    ...profiles
      .filter((profile) => sharesOid(profile, profiles))
      .map((profile) => ({
        file: `profiles/${profile.name}.json`,
        field: 'policyOid',
        rule: 'is the OID of this profile alone',
      })),
  ]
}

interface ProfileRule {
  readonly field: string
  readonly rule: string
  readonly holds: (profile: Profile, policy: Policy) => boolean
}

const PROFILE_RULES: readonly ProfileRule[] = [
  {
    field: 'policyOid',
    rule: 'lies below the policyArc of hierarchy.json',
    holds: ({ policyOid }, { hierarchy }) => policyOid.startsWith(`${hierarchy.policyArc}.`),
  },
  {
    field: 'subject',
    rule: 'names only what is known when this certificate is made',
    holds: ({ name, subject }) => subject.every(({ template }) => isKnown(template, PROFILE_FACTS[name])),
  },
  {
    field: 'subjectAltName.uri',
    rule: 'names only what is known when this certificate is made, and stands under spiffe://{trustDomain}/',
    holds: ({ name, subjectAltName: { uri } }) =>
      uri === null || (uri.text.startsWith('spiffe://{trustDomain}/') && isKnown(uri, PROFILE_FACTS[name])),
  },
  {
    field: 'subjectAltName.uri',
    rule: 'is present exactly in leaves that speak as clients',
    holds: (profile) => (profile.subjectAltName.uri !== null) === purposesOf(profile).includes('clientAuth'),
  },
  {
    field: 'subjectAltName.ipAddresses',
    rule: "is none in every profile but Signet's own server",
    holds: ({ name, subjectAltName }) => name === 'signet-server' || subjectAltName.ipAddresses.max === 0,
  },
  {
    field: 'subjectAltName.dnsNames',
    rule: 'has at least one exactly in leaves that speak as servers',
    holds: (profile) => profile.subjectAltName.dnsNames.min > 0 === purposesOf(profile).includes('serverAuth'),
  },
  {
    field: 'subjectAltName.dnsNames',
    rule: 'is none in every leaf that does not speak as a server',
    holds: (profile) => profile.subjectAltName.dnsNames.max === 0 || purposesOf(profile).includes('serverAuth'),
  },
  {
    field: 'basicConstraints',
    rule: 'is critical, and limits the path length of every CA and of no leaf',
    holds: ({ basicConstraints: { critical, authority, pathLength } }) =>
      critical && authority === (pathLength !== null),
  },
  {
    field: 'keyUsage',
    rule: 'is critical: keyCertSign and cRLSign in a CA, digitalSignature alone in a leaf',
    holds: ({ basicConstraints: { authority }, keyUsage: { critical, bits } }) =>
      critical && bits.toSorted().join() === (authority ? 'cRLSign,keyCertSign' : 'digitalSignature'),
  },
  {
    field: 'extendedKeyUsage',
    rule: 'is said by the hierarchy for a CA, and by the profile for a leaf',
    holds: ({ basicConstraints: { authority }, extendedKeyUsage }) =>
      authority === (extendedKeyUsage === 'of-the-authority'),
  },
  {
    field: 'certificatePolicies',
    rule: 'is own for every leaf',
    holds: ({ basicConstraints: { authority }, certificatePolicies }) => authority || certificatePolicies === 'own',
  },
  {
    field: 'ocspNoCheck',
    rule: 'is true exactly when OCSPSigning is the only purpose, which no other profile has',
    holds: (profile) => {
      const purposes = purposesOf(profile)
      return profile.ocspNoCheck === purposes.includes('OCSPSigning') && (!profile.ocspNoCheck || purposes.length === 1)
    },
  },
  {
    field: 'crlDistributionPoint',
    rule: 'is true in whatever can be revoked: all but a root and an OCSP responder',
    holds: ({ issuedBy, ocspNoCheck, crlDistributionPoint }) =>
      crlDistributionPoint === !(issuedBy === 'itself' || ocspNoCheck),
  },
  {
    field: 'subjectKeys',
    rule: 'allows some key',
    holds: ({ subjectKeys: { ecCurves, rsaBits, ed25519, mlDsaParameterSets } }) =>
      ecCurves.length > 0 || rsaBits.max > 0 || ed25519 || mlDsaParameterSets.length > 0,
  },
]

function isKnown(template: NameTemplate, facts: readonly Placeholder[]): boolean {
  return template.placeholders.every((placeholder) => facts.includes(placeholder))
}

function purposesOf({ extendedKeyUsage }: Profile): readonly string[] {
  return extendedKeyUsage === 'of-the-authority' ? [] : extendedKeyUsage.purposes
}

function sharesOid(profile: Profile, profiles: readonly Profile[]): boolean {
  return profiles.some((other) => other !== profile && other.policyOid === profile.policyOid)
}
