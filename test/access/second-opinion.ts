// The decision once more, written from the table of docs/decision.md, slowly and plainly, over lists of plain records. It
// imports nothing, so that it cannot share a mistake with what it is compared with.

export interface PlainWorld {
  /** Seconds since the epoch. */
  now: number
  /** Milliseconds since the snapshot was confirmed. */
  unconfirmedFor: number
  broken: boolean
  users: { name: string; status: string; role: string }[]
  projects: { name: string; status: string }[]
  members: { project: string; user: string; status: string }[]
  accounts: { project: string; name: string; status: string }[]
  services: { name: string; systemUser: string; status: string }[]
  deployments: { name: string; project: string; host: string; service: string; callers: string[]; status: string }[]
  revocations: { issuer: string; serial: string; status: string }[]
}

export interface PlainCertificate {
  /** The reason for which a verifier would refuse it, or an empty text. */
  refused: string
  kind: string
  issuer: string
  serial: string
  cn: string
  project: string
  user: string
  account: string
  service: string
  systemUser: string
  l: string[]
  from: number
  to: number
}

export interface PlainQuestion {
  name: string | null
  host: string | null
  certificate: PlainCertificate | null
  otherCredentials: string[]
  /** Null: the credential itself. */
  actingUser: string | null
}

/** The reason of the first step that fails, or ALLOWED. */
export function secondOpinion(world: PlainWorld, question: PlainQuestion): string {
  if (world.broken) return 'PDP_UNAVAILABLE'
  if (world.unconfirmedFor >= 5000) return 'SNAPSHOT_STALE'

  // 2
  const alive = world.deployments.filter((d) => d.status === 'active')
  let heldBack = ''
  let deployment: PlainWorld['deployments'][number] | undefined
  if (question.host !== null) {
    const host = plainHost(question.host)
    deployment = alive.find((d) => d.host === host)
    if (deployment === undefined) return 'ROUTE_UNKNOWN'
  }
  if (question.name !== null) {
    const byName = alive.find((d) => d.name === question.name)
    if (byName === undefined) heldBack = 'ROUTE_UNKNOWN'
    else if (deployment !== undefined && deployment.name !== byName.name) heldBack = 'ROUTE_CONFLICT'
    else deployment = byName
  }

  // 5, 6
  const certificate = question.certificate
  if (certificate === null && question.otherCredentials.length === 0) return 'CREDENTIAL_MISSING'
  if (certificate === null || question.otherCredentials.length > 0) return 'AUTH_METHOD_NOT_ENABLED'

  // 7c
  if (certificate.refused === 'CERT_MALFORMED' || certificate.refused === 'CERT_UNTRUSTED') return certificate.refused
  if (world.now < certificate.from) return 'CERT_NOT_YET_VALID'
  if (world.now > certificate.to) return 'CERT_EXPIRED'
  if (certificate.refused !== '') return certificate.refused

  // 7r
  const revoked = world.revocations.filter((r) => r.issuer === certificate.issuer && r.serial === certificate.serial)
  const last = revoked[revoked.length - 1]
  if (last !== undefined && last.status !== 'released') return 'CERT_REVOKED'

  // 9
  const known = subjectProblem(world, certificate)
  if (known !== '') return known
  if (heldBack !== '' || deployment === undefined) return heldBack

  // 10u
  const ofProject = ['project-user', 'job', 'service-account', 'account-job'].includes(certificate.kind)
  if (ofProject && !sameBytes(certificate.cn, question.actingUser)) return 'CERT_CN_MISMATCH'

  // 10s
  if (certificate.kind === 'service') {
    const one = certificate.l.length === 1 ? certificate.l[0] : undefined
    if (one === undefined || !sameBytes(one, question.actingUser)) return 'CERT_L_MISMATCH'
    if (one.split('__').length > 1) return 'CERT_L_MISMATCH'
    if (one !== certificate.systemUser) return 'CERT_L_MISMATCH'
  }

  // 13
  if (certificate.kind === 'admin') return 'ADMIN_NO_DATA'

  // 14
  const project = deployment.project
  if (certificate.kind === 'service') {
    if (!world.projects.some((p) => p.name === project && p.status === 'active')) return 'PROJECT_BOUNDARY'
    return deployment.callers.includes(certificate.service) ? 'ALLOWED' : 'NOT_MEMBER'
  }
  return certificate.project === project ? 'ALLOWED' : 'PROJECT_BOUNDARY'
}

/** Step 0 for a server that asks: the reason, or an empty text. */
export function secondOpinionOnAsker(world: PlainWorld, question: PlainQuestion): string {
  if (world.broken) return 'PDP_UNAVAILABLE'
  if (world.unconfirmedFor >= 5000) return 'SNAPSHOT_STALE'
  // With a route that cannot fail, what is left before step 10 is who it is.
  const certificate = question.certificate
  if (certificate === null) return 'CREDENTIAL_MISSING'
  const identity = secondOpinion(
    { ...world, deployments: [{ name: 'x', project: '', host: '', service: '', callers: [], status: 'active' }] },
    { ...question, name: 'x', host: null, otherCredentials: [] },
  )
  if (/^(CERT_(?!CN|L_)|SUBJECT)/.test(identity)) return identity
  const meant = world.deployments.filter(
    (d) =>
      d.status === 'active' &&
      (d.name === question.name || (question.host !== null && d.host === plainHost(question.host))),
  )
  const serves = meant.length > 0 && meant.every((d) => d.service === certificate.service)
  return certificate.kind === 'service' && serves ? '' : 'PEP_UNTRUSTED'
}

function subjectProblem(world: PlainWorld, certificate: PlainCertificate): string {
  if (certificate.kind === 'service-account' || certificate.kind === 'account-job') {
    const account = world.accounts.find((a) => a.project === certificate.project && a.name === certificate.account)
    const home = world.projects.find((p) => p.name === certificate.project)
    return home?.status === 'active' && account?.status === 'active' ? '' : 'SUBJECT_UNKNOWN'
  }
  if (certificate.kind === 'service') {
    const service = world.services.find((s) => s.name === certificate.service && s.status === 'active')
    return service?.systemUser === certificate.systemUser ? '' : 'SUBJECT_UNKNOWN'
  }
  const user = world.users.find((u) => u.name === certificate.user)
  if (user === undefined || user.status === 'deleted') return 'SUBJECT_UNKNOWN'
  if (user.status === 'blocked') return 'SUBJECT_BLOCKED'
  if (certificate.kind === 'admin') return user.role === 'admin' ? '' : 'SUBJECT_UNKNOWN'
  const project = world.projects.find((p) => p.name === certificate.project)
  const member = world.members.find((m) => m.project === certificate.project && m.user === certificate.user)
  return project?.status === 'active' && member?.status === 'active' ? '' : 'SUBJECT_UNKNOWN'
}

function plainHost(host: string): string {
  let text = host
  const colon = text.lastIndexOf(':')
  if (colon >= 0 && Array.from(text.slice(colon + 1)).every((c) => '0123456789'.includes(c)))
    text = text.slice(0, colon)
  if (text.endsWith('.')) text = text.slice(0, -1)
  const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
  return Array.from(text, (c) => (upper.includes(c) ? c.toLowerCase() : c)).join('')
}

function sameBytes(a: string, b: string | null): boolean {
  if (b === null) return false
  const left = new TextEncoder().encode(a)
  const right = new TextEncoder().encode(b)
  return left.length === right.length && left.every((byte, i) => byte === right[i])
}
