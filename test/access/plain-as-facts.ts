// Plain worlds and questions in the shapes that the decision takes.
import type { CallPath, DecisionTime, Question } from '../../src/access/decision.ts'
import type { CertificateFacts, OtherCredential, TokenFacts, TokenSubject } from '../../src/access/facts.ts'
import { LiveSnapshot } from '../../src/access/live-snapshot.ts'
import type { Snapshot } from '../../src/access/snapshot.ts'
import { ALL_ACCESS, DEFAULT_DEPLOYMENT_POLICY, superadminKey } from '../../src/domain/access-policy.ts'
import type { AccessRules, AuthMode, DeploymentPolicy } from '../../src/domain/access-policy.ts'
import type { Change } from '../../src/domain/change.ts'
import type {
  PlainCertificate,
  PlainCredential,
  PlainDeployment,
  PlainKey,
  PlainQuestion,
  PlainToken,
  PlainWorld,
} from './second-opinion.ts'
import * as made from './world.ts'
import { MONOTONIC, named, numbered } from './world.ts'

export function snapshotOf(world: PlainWorld): Snapshot {
  const snapshot = dated(new LiveSnapshot(), world)
  snapshot.govern(rulesOf(world))
  snapshot.apply(numbered([...peopleOf(world), ...modelsOf(world), ...endingsOf(world)]))
  snapshot.confirm(MONOTONIC - world.unconfirmedFor)
  return world.broken ? new Proxy(snapshot, { get: broken }) : snapshot
}

export function momentOf(world: PlainWorld): DecisionTime {
  return { wall: instant(world.now), monotonic: MONOTONIC }
}

export function questionOf(plain: PlainQuestion): Question {
  const { certificate } = plain
  return {
    asker: named(plain.asker),
    call: {
      reading: plain.ambiguous ? 'ambiguous' : 'clear',
      method: plain.method ?? undefined,
      path: pathFacts(plain),
    },
    route: { deployment: plain.name ?? undefined, host: plain.host ?? undefined, models: plain.models },
    action: named(plain.action),
    credentials: {
      certificate: certificate === null ? 'absent' : certificateFacts(certificate),
      certificateSeen: certificate?.direct === false ? 'told' : 'on-this-connection',
      others: plain.others.map(otherFacts),
    },
    actingUser: plain.actingUser === null ? { kind: 'credential-itself' } : { kind: 'named', name: plain.actingUser },
    delegatedFor: plain.delegatedFor ?? undefined,
    callsThisMinute: plain.callsThisMinute,
  }
}

function pathFacts({ path, raw }: PlainQuestion): CallPath {
  if (path === null) return { kind: 'untold' }
  return path === '' ? { kind: 'refused' } : { kind: 'canonical', path, raw: raw ?? path }
}

/** As a sidecar holds it: what it knows of revocations ends. */
function dated(snapshot: LiveSnapshot, { revocationsGoodUntil }: PlainWorld): LiveSnapshot {
  if (revocationsGoodUntil.length === 0) return snapshot
  const value = (issuer: string): number =>
    Math.min(
      Infinity,
      ...revocationsGoodUntil.filter((row) => row.issuer === issuer).map(({ until }) => instant(until).getTime()),
    )
  return Object.defineProperty(snapshot, 'revocationsGoodUntil', { value })
}

function broken(): never {
  throw new Error('broken on purpose')
}

function instant(seconds: number): Date {
  return new Date(Math.round(seconds * 1000))
}

function rulesOf(world: PlainWorld): AccessRules {
  return {
    activatedAuthModes: new Set(world.methods.map((method) => named<AuthMode>(method))),
    externalLoginAfterHours: world.loginAfterHours,
    adminSeesModelGroups: world.adminSeesGroups,
    ownerMustHoldRole: world.ownerMustHoldRole,
    superadmins: new Set(world.superadmins.map(({ issuer, profile, dn }) => superadminKey(issuer, profile, dn))),
  }
}

function peopleOf(world: PlainWorld): Change[] {
  return [
    ...world.users.map(({ name, status, role }) =>
      made.user(name, { status: named(status), platformRole: named(role) }),
    ),
    ...world.assignedRoles.map(({ user, roles }): Change => ({ kind: 'user-roles', user: named(user), roles })),
    ...world.signIns
      .filter(({ user }) => world.users.some(({ name, status }) => name === user && status !== 'deleted'))
      .map(({ user, provider, subject, groups, at }): Change => ({
        kind: 'sign-in',
        user: named(user),
        provider,
        subject,
        groups,
        at: instant(at).getTime(),
      })),
    ...world.projects.map(({ name, status }) => made.project(name, named(status))),
    ...world.members.map(({ project, user, role, status }): Change => ({
      kind: 'member',
      project: named(project),
      user: named(user),
      role: named(role),
      status: named(status),
    })),
    ...world.accounts.map(({ project, name, status }) => made.account(project, name, named(status))),
    ...world.services.map(({ name, systemUser, status }) => made.service(name, systemUser, { status: named(status) })),
  ]
}

function modelsOf(world: PlainWorld): Change[] {
  const { allAccess } = world
  return [
    ...world.groups.map(({ id, owner, access, roles, status }): Change => ({
      kind: 'model-group',
      id,
      name: id,
      ...(owner === null ? {} : { owner }),
      access: named(access),
      roles,
      status: named(status),
    })),
    ...world.models.map(({ id, name, group, creator, hidden, enabled, status }): Change => ({
      kind: 'model',
      id,
      name,
      version: 1,
      ...(group === null ? {} : { group }),
      creator,
      hidden,
      enabled,
      status: named(status),
    })),
    ...world.deployments.map(deploymentChange),
    ...world.proxies.map(proxyChange),
    ...world.keys.map(keyChange),
    ...(allAccess === null
      ? []
      : [
          {
            kind: 'role-mapping',
            role: ALL_ACCESS,
            users: allAccess.users,
            backendRoles: allAccess.roles,
            status: 'active',
          } as const,
        ]),
    ...(world.groupsGuarded ? [] : [{ kind: 'setting', name: 'model-access-control', value: 'disabled' } as const]),
  ]
}

function endingsOf(world: PlainWorld): Change[] {
  return [
    ...world.revocations.map(({ serial, status, issuer }) =>
      made.revocation(serial, named(status), { issuer: named(issuer) }),
    ),
    ...world.revokedTokens.map((jti): Change => ({ kind: 'token-revocation', jti, expiresAt: Date.now() })),
    ...world.quarantine.map((status): Change => ({ kind: 'quarantine', status: named(status), since: 0 })),
  ]
}

function deploymentChange(plain: PlainDeployment): Change {
  const { name, project, hosts, service, callers, status } = plain
  const [first = `${name}.nowhere.internal`, ...more] = hosts
  return made.deployment(name, project, {
    host: named(first),
    service: named(service),
    serviceCallers: callers.map((caller) => named(caller)),
    policy: policyOf(plain, more),
    status: named(status),
  })
}

function policyOf(plain: PlainDeployment, moreHosts: readonly string[]): DeploymentPolicy {
  const { model, callsPerMinute } = plain
  return {
    ...DEFAULT_DEPLOYMENT_POLICY,
    moreHosts: moreHosts.map((host) => named(host)),
    paths: plain.paths,
    unprotectedPaths: plain.unprotected,
    ...(model === null ? {} : { model }),
    modelSelector: plain.modelMustBeNamed ? 'required' : 'optional',
    authModes: plain.methods.map((method) => named(method)),
    externalGroups: plain.externalGroups,
    actingUser: plain.credentialItself ? 'credential-itself' : 'named',
    passphrases: plain.passphrases.map((id) => ({ id, hash: '' })),
    delegates: plain.delegates,
    deniedPrincipals: plain.denied,
    ...(callsPerMinute === null ? {} : { callsPerMinute }),
  }
}

function proxyChange({ service, deployments, status }: PlainWorld['proxies'][number], index: number): Change {
  return {
    kind: 'proxy',
    name: `proxy-${index}`,
    service: named(service),
    certificateDialect: 'none',
    hops: 0,
    deployments: deployments === null ? 'all' : deployments.map((name) => named(name)),
    status: named(status),
  }
}

function keyChange({ prefix, user, reach, scopes, only, expires, status }: PlainKey): Change {
  return {
    kind: 'api-key',
    prefix,
    user: named(user),
    salt: '',
    hash: '',
    scopes: scopes.map((scope) => named(scope)),
    reach: reach === 'platform' || reach === 'user' ? { kind: reach } : { kind: 'project', project: named(reach) },
    deployments: only === null ? 'all' : only.map((name) => named(name)),
    expiresAt: instant(expires).getTime(),
    status: named(status),
  }
}

function certificateFacts(plain: PlainCertificate): CertificateFacts {
  const validity = { notBefore: instant(plain.from), notAfter: instant(plain.to) }
  switch (plain.refused) {
    case 'CERT_MALFORMED':
    case 'CERT_UNTRUSTED':
      if (plain.foreign) return { kind: 'refused', reason: plain.refused, fault: 'issuer', validity: 'unproven' }
      return { kind: 'refused', reason: plain.refused, fault: 'names', validity }
    case 'CERT_EKU':
    case 'CERT_AMBIGUOUS_CN':
      return { kind: 'refused', reason: plain.refused, fault: 'common-name', validity }
    default:
      return {
        ...identityOf(plain),
        issuer: named(plain.issuer),
        serial: named(plain.serial),
        fingerprint: plain.fingerprint,
        commonName: plain.cn,
        organizationalUnits: plain.ou,
        localities: plain.l,
        validity,
      }
  }
}

function identityOf({ kind, project, user, account, service, systemUser }: PlainCertificate) {
  if (kind === 'service') return made.serviceCertificate(service, systemUser)
  if (kind === 'admin') return made.adminCertificate(user)
  if (kind === 'job') return made.jobCertificate(project, user)
  if (kind === 'service-account') return made.accountCertificate(project, account)
  if (kind === 'account-job') return made.accountJobCertificate(project, account)
  return made.memberCertificate(project, user)
}

function otherFacts(plain: PlainCredential): OtherCredential {
  switch (plain.is) {
    case 'token':
      return tokenFacts(plain.token)
    case 'api-key':
      return { kind: 'api-key', prefix: plain.prefix, secret: plain.rightSecret ? 'matches' : 'differs' }
    case 'passphrase':
      if (plain.refused !== '') return { kind: 'passphrase', verdict: 'refused', reason: named(plain.refused) }
      return { kind: 'passphrase', verdict: 'held', deployment: plain.deployment, entry: plain.entry, hash: '' }
    case 'unreadable':
      return { kind: 'unreadable' }
    default:
      return plain satisfies never
  }
}

function tokenFacts(plain: PlainToken): TokenFacts {
  const method = plain.method === 'oidc' ? 'oidc' : 'jwt'
  if (plain.refused !== '') return { kind: 'token', method, verdict: 'refused', reason: named(plain.refused) }
  return {
    kind: 'token',
    method,
    verdict: 'verified',
    subject: subjectOf(plain),
    audience: plain.audience ?? 'configured',
    jti: plain.id ?? undefined,
    notBefore: instant(plain.from),
    expiresAt: instant(plain.to),
    boundTo: plain.boundTo ?? undefined,
    scopes: plain.scopes === null ? 'unrestricted' : new Set(plain.scopes),
  }
}

function subjectOf({
  kind,
  project,
  user,
  account,
  service,
  idp,
  subject,
  groups,
  signedInAt,
}: PlainToken): TokenSubject {
  switch (kind) {
    case 'service':
      return { kind, service: named(service) }
    case 'account':
      return { kind, project: named(project), account: named(account) }
    case 'external':
      return { kind, idp, subject, groups: new Set(groups), signedInAt: instant(signedInAt) }
    default:
      return { kind: 'member', project: named(project), user: named(user) }
  }
}
