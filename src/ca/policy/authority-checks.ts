// The hierarchy as a whole: one tree, each kind of certificate from one place, every CA constrained (CP §1.3.1, §7.1.5).
import { KEY_ALGORITHMS } from '../../domain/key-algorithm.ts'
import type { ProfileName } from '../../domain/profile-name.ts'
import type { Authority } from './hierarchy.ts'
import { fillNameTemplate } from './name-template.ts'
import type { PolicyFault } from './policy-rejected.ts'
import { type Policy, profileNamed } from './policy.ts'
import type { Profile } from './profile.ts'

export function checkAuthorities(policy: Policy): PolicyFault[] {
  const authorities = [...policy.hierarchy.authorities.values()]
  return [
    ...authorities.flatMap((authority) => AUTHORITY_RULES.flatMap((rule) => faultsOf(rule, authority, policy))),
    ...checkRoots(authorities),
    ...checkIssuers(policy, authorities),
    ...checkFamilies(policy),
  ]
}

interface AuthorityRule {
  readonly field: string
  readonly rule: string
  readonly holds: (authority: Authority, profile: Profile, policy: Policy) => boolean
}

const AUTHORITY_RULES: readonly AuthorityRule[] = [
  {
    field: 'profile',
    rule: 'is a profile of CA certificates, and that of a root exactly when it has no parent',
    holds: ({ parent }, profile) =>
      profile.basicConstraints.authority && (parent === null) === (profile.issuedBy === 'itself'),
  },
  {
    field: 'parent',
    rule: 'is an authority of the hierarchy that issues the profile',
    holds: ({ parent, profile }, _profile, { hierarchy }) =>
      parent === null || (hierarchy.authorities.get(parent)?.issues.includes(profile) ?? false),
  },
  {
    field: 'parent',
    rule: 'is a root: pathLength allows no CA below an issuing CA',
    holds: ({ parent }, _profile, { hierarchy }) =>
      parent === null || hierarchy.authorities.get(parent)?.parent === null,
  },
  {
    field: 'key',
    rule: 'is offline for a root and online for every other',
    holds: ({ parent, key }) => (parent === null) === (key === 'offline'),
  },
  {
    field: 'nameConstraints',
    rule: 'constrains every authority whose key is online',
    holds: ({ key, nameConstraints }) => key === 'offline' || nameConstraints !== 'none',
  },
  {
    field: 'nameConstraints.dnsNames',
    rule: 'is none when no profile that it issues has DNS names, and else a list of zones',
    holds: (authority, _profile, policy) => {
      if (authority.nameConstraints === 'none') return true
      const isNamed = issuedProfiles(authority, policy).some((profile) => profile.subjectAltName.dnsNames.max > 0)
      const { dnsNames } = authority.nameConstraints
      return isNamed ? typeof dnsNames !== 'string' : dnsNames === 'none'
    },
  },
  {
    field: 'nameConstraints.ipAddresses',
    rule: 'is none exactly when no profile that it issues has IP addresses',
    holds: (authority, _profile, policy) => {
      if (authority.nameConstraints === 'none') return true
      const isNamed = issuedProfiles(authority, policy).some((profile) => profile.subjectAltName.ipAddresses.max > 0)
      return isNamed === (authority.nameConstraints.ipAddresses === 'any')
    },
  },
  {
    field: 'extendedKeyUsage',
    rule: 'lists purposes for every authority whose key is online, and each purpose of the profiles that it issues',
    holds: (authority, _profile, policy) => {
      if (authority.extendedKeyUsage === 'any') return authority.key === 'offline'
      const allowed = authority.extendedKeyUsage
      return issuedProfiles(authority, policy).every(
        ({ extendedKeyUsage: wanted }) =>
          wanted === 'of-the-authority' || wanted.purposes.every((purpose) => allowed.includes(purpose)),
      )
    },
  },
  {
    field: 'issues',
    rule: 'names only profiles whose longest life, times renewBeforeLeafLives, is below its own',
    holds: (authority, profile, policy) =>
      issuedProfiles(authority, policy).every(
        ({ lifetime }) => lifetime.maxSeconds * policy.hierarchy.renewBeforeLeafLives < profile.lifetime.defaultSeconds,
      ),
  },
  {
    field: 'issues',
    rule: 'names no profile with an OCSP address when its key is offline',
    holds: (authority, _profile, policy) =>
      authority.key === 'online' || issuedProfiles(authority, policy).every((profile) => !profile.ocsp),
  },
  {
    field: 'commonName',
    rule: 'fits a common name with the longest organization and the highest generation',
    holds: ({ commonName }, _profile, { names }) => {
      const organization = 'x'.repeat(names.organization.maxLength)
      const longest = fillNameTemplate(commonName, { organization, generation: '999999' })
      return longest !== undefined && longest.length <= names.commonNameMaxLength
    },
  },
]

function faultsOf(rule: AuthorityRule, authority: Authority, policy: Policy): PolicyFault[] {
  if (rule.holds(authority, profileNamed(policy, authority.profile), policy)) return []
  return [{ file: 'hierarchy.json', field: `authorities.${authority.name}.${rule.field}`, rule: rule.rule }]
}

function issuedProfiles(authority: Authority, policy: Policy): Profile[] {
  return authority.issues.map((name) => profileNamed(policy, name))
}

function checkRoots(authorities: readonly Authority[]): PolicyFault[] {
  if (authorities.filter(({ parent }) => parent === null).length === 1) return []
  return [{ file: 'hierarchy.json', field: 'authorities', rule: 'has exactly one root, an authority without parent' }]
}

/** The kind of a certificate is told by its issuer: a profile that two could issue would tell nothing. */
function checkIssuers(policy: Policy, authorities: readonly Authority[]): PolicyFault[] {
  return [...policy.profiles.values()].flatMap(({ name, issuedBy }) => {
    const issuers = authorities
      .filter((authority) => authority.issues.includes(name))
      .map((authority) => authority.name)
    const wanted = ISSUER_RULES[issuedBy]
    if (wanted.holds(issuers, authorities, name)) return []
    return [
      { file: 'hierarchy.json', field: 'authorities', rule: `${name} ${wanted.rule} (now: ${issuers.join(', ')})` },
    ]
  })
}

interface IssuerRule {
  readonly rule: string
  readonly holds: (issuers: readonly string[], authorities: readonly Authority[], profile: ProfileName) => boolean
}

const ISSUER_RULES: Readonly<Record<Profile['issuedBy'], IssuerRule>> = {
  itself: {
    rule: 'is listed by no issuer, since it signs itself',
    holds: (issuers) => issuers.length === 0,
  },
  'one-authority': {
    rule: 'is listed by exactly one issuer',
    holds: (issuers) => issuers.length === 1,
  },
  'each-online-authority': {
    rule: 'is listed by every issuer whose key is online, and by no other',
    holds: (issuers, authorities) =>
      authorities.every(({ name, key }) => issuers.includes(name) === (key === 'online')),
  },
}

function checkFamilies({ hierarchy }: Policy): PolicyFault[] {
  const listed = hierarchy.keyFamilies.flatMap((family) => family.algorithms)
  const isPartition =
    listed.length === KEY_ALGORITHMS.size && [...KEY_ALGORITHMS.values()].every(({ name }) => listed.includes(name))
  if (isPartition) return []
  return [{ file: 'hierarchy.json', field: 'keyFamilies', rule: 'names every key algorithm in exactly one family' }]
}
