// What each step of the decision saw, for explanations. They hold names of people, projects and services, so explanations
// go to administrators and owners alone. Nothing secret is among the facts.
import type { Facts } from '../domain/coded-error.ts'
import { methodOf } from './call-checks.ts'
import { certificateOf, type Inquiry, modelIn, principalIn, routed } from './inquiry.ts'
import { rolesOf } from './model-rights.ts'

export function sawFreshness({ snapshot, at }: Inquiry): Facts {
  const ageMilliseconds = at.monotonic - snapshot.confirmedAtMilliseconds
  return { revision: snapshot.revision, ageMilliseconds, staleAfterMilliseconds: snapshot.staleAfterMilliseconds }
}

export function sawAsker({ question }: Inquiry): Facts {
  return { asker: question.asker }
}

export function sawCall({ question: { call, action }, route }: Inquiry): Facts {
  const path = call.path.kind === 'canonical' ? call.path.path : call.path.kind
  const unprotected = route.kind === 'found' ? [...route.deployment.unprotectedPaths] : []
  return { reading: call.reading, method: call.method ?? 'untold', path, action, unprotected }
}

export function sawRoute({ question, route }: Inquiry): Facts {
  const { deployment, host, models } = question.route
  return {
    ...(host === undefined ? {} : { host }),
    ...(deployment === undefined ? {} : { deployment }),
    models,
    found: route.kind === 'found' ? route.deployment.name : false,
  }
}

export function sawCredentials({ snapshot, question: { credentials }, route }: Inquiry): Facts {
  const others = credentials.others.map(methodOf)
  return {
    presented: credentials.certificate === 'absent' ? others : ['mtls', ...others],
    accepted: route.kind === 'found' ? [...route.deployment.authModes] : [],
    activated: [...snapshot.rules.activatedAuthModes],
  }
}

export function sawCertificate({ question, at }: Inquiry): Facts {
  const { certificate } = question.credentials
  if (certificate === 'absent') return {}
  const now = at.wall.toISOString()
  const fault = certificate.kind === 'refused' ? certificate.fault : 'none'
  if (certificate.validity === 'unproven') return { now, fault }
  const notBefore = certificate.validity.notBefore.toISOString()
  return { now, notBefore, notAfter: certificate.validity.notAfter.toISOString(), fault }
}

export function sawRevocation(inquiry: Inquiry): Facts {
  const certificate = certificateOf(inquiry)
  if (certificate === undefined) return {}
  const { issuer, serial } = certificate
  return { issuer, serial, status: inquiry.snapshot.revocation(issuer, serial) ?? 'good' }
}

export function sawPrincipals({ principals }: Inquiry): Facts {
  return { principals: principals.map(({ kind, name }) => `${kind}:${name}`) }
}

export function sawActingUser(inquiry: Inquiry): Facts {
  const { actingUser } = inquiry.question
  const certificate = certificateOf(inquiry)
  return {
    principal: principalIn(inquiry).name,
    ...(certificate === undefined ? {} : { profile: certificate.profile, localities: certificate.localities }),
    actingUser: actingUser.kind === 'named' ? actingUser.name : actingUser.kind,
    deploymentAllows: routed(inquiry).policy.actingUser,
  }
}

export function sawDelegation(inquiry: Inquiry): Facts {
  const { delegatedFor } = inquiry.question
  return { delegatedFor: delegatedFor ?? 'nobody', delegates: [...routed(inquiry).delegates] }
}

export function sawProject(inquiry: Inquiry): Facts {
  const principal = principalIn(inquiry)
  const { project, serviceCallers } = routed(inquiry)
  const { kind } = principal
  if (kind === 'service') return { kind, deploymentProject: project, serviceCallers: [...serviceCallers] }
  if (kind !== 'member' && kind !== 'account') return { kind, deploymentProject: project }
  const role = kind === 'member' ? inquiry.snapshot.member(principal.project, principal.user)?.role : 'service account'
  const { action } = inquiry.question
  return { kind, project: principal.project, deploymentProject: project, role: role ?? 'none', action }
}

export function sawGroups(inquiry: Inquiry): Facts {
  const principal = principalIn(inquiry)
  if (principal.kind !== 'external') return { kind: principal.kind }
  return {
    groups: [...principal.groups],
    granted: routed(inquiry).externalGroups,
    signedInAt: principal.signedInAt?.toISOString() ?? 'never',
    loginAfterHours: inquiry.snapshot.rules.externalLoginAfterHours,
  }
}

export function sawModel(inquiry: Inquiry): Facts {
  const model = modelIn(inquiry)
  if (model === 'none' || model === 'gone') return { model }
  const group = model.group === undefined ? undefined : inquiry.snapshot.modelGroup(model.group)
  const of = { model: model.id, hidden: model.hidden, enabled: model.enabled }
  if (group === undefined) return { ...of, group: model.group ?? 'none' }
  const [groups, assigned] = rolesOf(inquiry.snapshot, principalIn(inquiry))
  return {
    ...of,
    group: group.name,
    access: group.access,
    owner: group.owner ?? 'nobody',
    opensFor: group.roles,
    holds: [...groups, ...assigned],
    modelAccessControl: inquiry.snapshot.modelAccessControl,
  }
}

export function sawScopes({ snapshot, question }: Inquiry): Facts {
  const scopes = question.credentials.others.flatMap((other) => {
    if (other.kind === 'token') return other.verdict === 'verified' ? listed(other.scopes) : []
    return other.kind === 'api-key' ? [...(snapshot.apiKey(other.prefix)?.scopes ?? [])] : ['unrestricted']
  })
  return { scopes, action: question.action }
}

function listed(scopes: ReadonlySet<string> | 'unrestricted'): readonly string[] {
  return scopes === 'unrestricted' ? [scopes] : [...scopes]
}

export function sawPolicy(inquiry: Inquiry): Facts {
  const { deniedPrincipals, policy } = routed(inquiry)
  const { callsThisMinute } = inquiry.question
  return { denied: [...deniedPrincipals], callsThisMinute, callsPerMinute: policy.callsPerMinute ?? 'unlimited' }
}
