// Whom a credential speaks for: one principal each. All credentials of a call have to name the same one (step 8).
//
// A certificate or a token is of one identity. An API key made with a membership certificate is that member; one made in a
// sign-in is the person: a member of the deployment's project, where they are one, and otherwise an external user, who has
// what their groups are granted and nothing of the project.
import type { ServiceName } from '../domain/dns-name.ts'
import { SEPARATOR } from '../domain/name-rules.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { SystemUser } from '../domain/system-user.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'
import type { Subject } from './decision.ts'
import type { OtherCredential, TokenSubject, VerifiedCertificate } from './facts.ts'
import type { ApiKeyView, DeploymentView, Snapshot } from './snapshot.ts'

export type Principal =
  | { readonly kind: 'member'; readonly name: string; readonly project: ProjectName; readonly user: UserName }
  | {
      readonly kind: 'account'
      readonly name: string
      readonly project: ProjectName
      readonly account: ServiceAccountName
    }
  | {
      readonly kind: 'service'
      readonly name: string
      readonly service: ServiceName
      /** Of the certificate; a token does not say. */
      readonly systemUser: SystemUser | undefined
    }
  /** An administrator, acting as such. */
  | { readonly kind: 'admin'; readonly name: string; readonly user: UserName }
  | {
      readonly kind: 'external'
      /** `provider|subject`. */
      readonly name: string
      /** Whose sign-in it was; undefined for a token of an issuer whose people are not users here. */
      readonly user: UserName | undefined
      readonly groups: ReadonlySet<string>
      /** Undefined: never signed in. */
      readonly signedInAt: Date | undefined
    }
  | { readonly kind: 'passphrase'; readonly name: string }

export function principalOfCertificate(certificate: VerifiedCertificate): Principal {
  const name = certificate.commonName
  switch (certificate.profile) {
    case 'project-user':
    case 'job':
      return { kind: 'member', name, project: certificate.project, user: certificate.user }
    case 'service-account':
    case 'account-job':
      return { kind: 'account', name, project: certificate.project, account: certificate.account }
    case 'service':
      return { kind: 'service', name, service: certificate.service, systemUser: certificate.systemUser }
    case 'admin':
      return { kind: 'admin', name, user: certificate.user }
    default:
      return certificate satisfies never
  }
}

/** Undefined for one that has not held. `deployment` is undefined while the route is held. */
export function principalOfOther(
  snapshot: Snapshot,
  credential: OtherCredential,
  deployment: DeploymentView | undefined,
): Principal | undefined {
  switch (credential.kind) {
    case 'token':
      return credential.verdict === 'verified' ? principalOfToken(credential.subject) : undefined
    case 'api-key': {
      const key = snapshot.apiKey(credential.prefix)
      return key === undefined ? undefined : principalOfKey(snapshot, key, deployment)
    }
    case 'passphrase':
      return credential.verdict === 'held'
        ? { kind: 'passphrase', name: `passphrase|${credential.deployment}|${credential.entry}` }
        : undefined
    case 'unreadable':
      return undefined
    default:
      return credential satisfies never
  }
}

function principalOfToken(subject: TokenSubject): Principal {
  switch (subject.kind) {
    case 'member':
      return { ...subject, name: `${subject.project}${SEPARATOR}${subject.user}` }
    case 'account':
      return { ...subject, name: `${subject.project}${SEPARATOR}${subject.account}` }
    case 'service':
      return { kind: 'service', name: subject.service, service: subject.service, systemUser: undefined }
    case 'external': {
      const { idp, groups, signedInAt } = subject
      return { kind: 'external', name: `${idp}|${subject.subject}`, user: undefined, groups, signedInAt }
    }
    default:
      return subject satisfies never
  }
}

function principalOfKey(
  snapshot: Snapshot,
  { user, reach }: ApiKeyView,
  deployment: DeploymentView | undefined,
): Principal {
  switch (reach.kind) {
    case 'platform':
      return { kind: 'admin', name: user, user }
    case 'project':
      return { kind: 'member', name: `${reach.project}${SEPARATOR}${user}`, project: reach.project, user }
    case 'user':
      return principalOfPerson(snapshot, user, deployment)
    default:
      return reach satisfies never
  }
}

/** Membership is judged first: groups never widen what a member's role allows. */
function principalOfPerson(snapshot: Snapshot, user: UserName, deployment: DeploymentView | undefined): Principal {
  const project = deployment?.project
  if (project !== undefined && isMemberOf(snapshot, project, user)) {
    return { kind: 'member', name: `${project}${SEPARATOR}${user}`, project, user }
  }
  if (snapshot.user(user)?.platformRole === 'admin') return { kind: 'admin', name: user, user }
  const signIn = snapshot.signIn(user)
  // Of whoever was unlinked before sign-ins kept it, nobody knows what the provider calls them: two such are not one person.
  if (signIn === undefined || signIn.subject === '') {
    return { kind: 'external', name: `|${user}`, user, groups: new Set(), signedInAt: undefined }
  }
  const { provider, subject, groups, at } = signIn
  return { kind: 'external', name: `${provider}|${subject}`, user, groups, signedInAt: new Date(at) }
}

/** A row of a project that is no more makes nobody a member. */
export function isMemberOf(snapshot: Snapshot, project: string, user: string): boolean {
  return snapshot.project(project) !== undefined && snapshot.member(project, user) !== undefined
}

export function samePrincipal(a: Principal, b: Principal): boolean {
  return a.kind === b.kind && a.name === b.name
}

export function subjectOf(principal: Principal, certificate: VerifiedCertificate | undefined): Subject {
  const { kind, name } = principal
  if (certificate === undefined) return { kind, name }
  return { kind, name, profile: certificate.profile, spiffeId: certificate.spiffeId }
}
