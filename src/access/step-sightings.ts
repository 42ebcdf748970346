// What each step of the decision saw, for explanations. They hold names of people, projects and services, so explanations
// go to administrators and owners alone. Nothing secret is among the facts.
import type { Facts } from '../domain/coded-error.ts'
import type { Route } from './decision.ts'
import { type Inquiry, routed, verified } from './inquiry.ts'

export function sawFreshness({ snapshot, at }: Inquiry): Facts {
  const ageMilliseconds = at.monotonic - snapshot.confirmedAtMilliseconds
  return { revision: snapshot.revision, ageMilliseconds, staleAfterMilliseconds: snapshot.staleAfterMilliseconds }
}

export function sawRoute({ question, route }: Inquiry): Facts {
  const found = route.kind === 'found' ? route.deployment.name : false
  return { ...selectors(question.route), found }
}

function selectors(route: Route): Facts {
  if (route.kind === 'host') return { host: route.host }
  return route.kind === 'deployment'
    ? { deployment: route.deployment }
    : { deployment: route.deployment, host: route.host }
}

export function sawCredentials({ question: { credentials } }: Inquiry): Facts {
  const presented = credentials.certificate === 'absent' ? credentials.others : ['certificate', ...credentials.others]
  return { presented, accepted: ['certificate'] }
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
  const { issuer, serial } = verified(inquiry)
  return { issuer, serial, status: inquiry.snapshot.revocation(issuer, serial) ?? 'good' }
}

export function sawSubject(inquiry: Inquiry): Facts {
  const { profile, spiffeId } = verified(inquiry)
  return { profile, spiffeId }
}

export function sawActingUser(inquiry: Inquiry): Facts {
  const { profile, commonName, localities } = verified(inquiry)
  const { actingUser } = inquiry.question
  return {
    profile,
    commonName,
    localities,
    actingUser: actingUser.kind === 'named' ? actingUser.name : actingUser.kind,
  }
}

export function sawProfile(inquiry: Inquiry): Facts {
  return { profile: verified(inquiry).profile }
}

export function sawProject(inquiry: Inquiry): Facts {
  const certificate = verified(inquiry)
  const { project, serviceCallers } = routed(inquiry)
  if ('project' in certificate) return { project: certificate.project, deploymentProject: project }
  return { profile: certificate.profile, deploymentProject: project, serviceCallers: [...serviceCallers] }
}
