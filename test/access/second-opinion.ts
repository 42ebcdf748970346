// The decision once more, written from the table of the decision, slowly and plainly, over lists of plain records. It imports
// nothing, so that it cannot share a mistake with what it is compared with. It finds things by walking through lists, keeps
// nothing between two questions, and says beside the reason which rule allowed.
//
// It does not verify anything: like the decision it is told what the verifiers found. Instants are seconds since the epoch.

export interface Opinion {
  reason: string
  /** The rule by which the call is allowed; empty where it is refused. */
  way: string
  /** Who is allowed; empty where nobody was asked for, or it is refused. */
  who: string
}

export interface PlainWorld {
  now: number
  /** Milliseconds since the snapshot was confirmed. */
  unconfirmedFor: number
  broken: boolean
  /** Restores without the journal (`on`) and their confirmations (`off`), in the order in which they came about. */
  quarantine: string[]
  /** -1: a sign-in never grows old. 0: no external access at all. Else hours. */
  loginAfterHours: number
  /** Credentials that the platform takes; `none` is its permission for deployments that ask for none. */
  methods: string[]
  groupsGuarded: boolean
  adminSeesGroups: boolean
  ownerMustHoldRole: boolean
  superadmins: { issuer: string; profile: string; dn: string }[]
  users: { name: string; status: string; role: string }[]
  assignedRoles: { user: string; roles: string[] }[]
  signIns: { user: string; provider: string; subject: string; groups: string[]; at: number }[]
  /** Holders of the role that sees all model groups. */
  allAccess: { users: string[]; roles: string[] } | null
  projects: { name: string; status: string }[]
  members: { project: string; user: string; role: string; status: string }[]
  accounts: { project: string; name: string; status: string }[]
  services: { name: string; systemUser: string; status: string }[]
  groups: { id: string; owner: string | null; access: string; roles: string[]; status: string }[]
  models: PlainModel[]
  deployments: PlainDeployment[]
  /** `deployments` null: all. */
  proxies: { service: string; deployments: string[] | null; status: string }[]
  keys: PlainKey[]
  /** In the order in which they came about. */
  revocations: { issuer: string; serial: string; status: string }[]
  revokedTokens: string[]
  /** Until when what is known of the issuer's revocations may be relied on; issuers that are not here, for ever. */
  revocationsGoodUntil: { issuer: string; until: number }[]
}

export interface PlainModel {
  id: string
  name: string
  group: string | null
  creator: string
  hidden: boolean
  enabled: boolean
  status: string
}

export interface PlainDeployment {
  name: string
  project: string
  hosts: string[]
  /** Empty: every path of the hosts. */
  paths: string[]
  unprotected: string[]
  model: string | null
  modelMustBeNamed: boolean
  service: string
  callers: string[]
  methods: string[]
  externalGroups: string[]
  passphrases: string[]
  /** Whether a call may do without an acting user. */
  credentialItself: boolean
  delegates: string[]
  denied: string[]
  callsPerMinute: number | null
  status: string
}

export interface PlainKey {
  prefix: string
  user: string
  /** `platform`, `user`, or the name of one project. */
  reach: string
  scopes: string[]
  /** Null: any deployment. */
  only: string[] | null
  expires: number
  status: string
}

export interface PlainCertificate {
  /** The reason for which a verifier refuses it, or an empty text. */
  refused: string
  /** Refused as nothing of ours, so that its dates say nothing. */
  foreign: boolean
  /** The profile. */
  kind: string
  issuer: string
  serial: string
  fingerprint: string
  /** Shown on the connection of whoever asks, and not told by somebody else. */
  direct: boolean
  cn: string
  ou: string[]
  l: string[]
  project: string
  user: string
  account: string
  service: string
  systemUser: string
  from: number
  to: number
}

export interface PlainToken {
  refused: string
  method: string
  kind: string
  project: string
  user: string
  account: string
  service: string
  idp: string
  subject: string
  groups: string[]
  signedInAt: number
  /** Null: its issuer's entry fixes the audience, and the verifier compared it. */
  audience: string[] | null
  id: string | null
  from: number
  to: number
  boundTo: string | null
  scopes: string[] | null
}

export type PlainCredential =
  | { is: 'token'; token: PlainToken }
  | { is: 'api-key'; prefix: string; rightSecret: boolean }
  | { is: 'passphrase'; refused: string; deployment: string; entry: string }
  | { is: 'unreadable' }

export interface PlainQuestion {
  /** `self`, or a server or proxy that was recognised (`trusted`) or was not. */
  asker: string
  ambiguous: boolean
  method: string | null
  /** Null: nobody told it. Empty: it is not canonical. */
  path: string | null
  /** The path as it was sent, with its query; null where it is the same. */
  raw: string | null
  name: string | null
  host: string | null
  models: string[]
  action: string
  certificate: PlainCertificate | null
  others: PlainCredential[]
  /** Null: the credential itself. */
  actingUser: string | null
  delegatedFor: string | null
  callsThisMinute: number
}

interface Principal {
  kind: string
  name: string
  project: string
  user: string
  account: string
  service: string
  /** Null: its credential does not say. */
  systemUser: string | null
  groups: string[]
  signedInAt: number | null
}

/** The reason of the first step that fails, or ALLOWED and the rule that allowed. */
export function secondOpinion(world: PlainWorld, question: PlainQuestion): Opinion {
  if (world.broken) return no('PDP_UNAVAILABLE')
  if (world.quarantine.at(-1) === 'on') return no('QUARANTINED')
  if (world.unconfirmedFor >= 5000) return no('SNAPSHOT_STALE')
  // 0, 1a, 1b
  if (question.asker === 'untrusted') return no('PEP_UNTRUSTED')
  if (question.ambiguous) return no('REQUEST_AMBIGUOUS')
  if (question.path === '') return no('PATH_NOT_CANONICAL')

  // 2: what is held back leaves no deployment to speak of until 9 has passed
  const route = routeOf(world, question)
  if (route.hostUnknown) return no('ROUTE_UNKNOWN')
  const deployment = route.deployment

  if (deployment !== null) {
    // 3
    const reads = question.method === 'GET' || question.method === 'HEAD'
    const isListed = question.path !== null && deployment.unprotected.includes(question.raw ?? question.path)
    if (reads && isListed) return yes('public_path')
    // 4
    if (deployment.methods.includes('none') && world.methods.includes('none')) return yes('unauthenticated')
  }

  // 5 to 9: while the refusal is held back, what host and path mean says which credentials count
  const presented = presentedProblem(world, question, route.asked)
  if (presented !== '') return no(presented)
  const holds = credentialProblem(world, question, route.asked)
  if (holds !== '') return no(holds)
  const named = principals(world, question, route.asked)
  const who = named[0]
  if (who === undefined) return no('SUBJECT_UNKNOWN')
  if (named.some((other) => other.kind !== who.kind || other.name !== who.name)) return no('CREDENTIAL_CONFLICT')
  const absent = isSuperadmin(world, question) ? '' : subjectProblem(world, who)
  if (absent !== '') return no(absent)

  // 2 again
  if (deployment === null) return no(route.held)

  const acting = actingProblem(world, question, deployment, who)
  if (acting !== '') return no(acting)
  return rights(world, question, deployment, who)
}

/** Step 0, for whoever asks about another's call: the reason, or an empty text. */
export function secondOpinionOnAsker(world: PlainWorld, question: PlainQuestion): string {
  if (world.broken) return 'PDP_UNAVAILABLE'
  if (world.quarantine.at(-1) === 'on') return 'QUARANTINED'
  if (world.unconfirmedFor >= 5000) return 'SNAPSHOT_STALE'
  const certificate = question.certificate
  if (certificate === null) return 'CREDENTIAL_MISSING'
  const holds = credentialProblem(world, { ...question, others: [] }, null)
  if (holds !== '') return holds
  const asker = principals(world, { ...question, others: [] }, null)[0]
  if (asker === undefined) return 'SUBJECT_UNKNOWN'
  const absent = subjectProblem(world, asker)
  if (absent !== '') return absent
  if (asker.kind !== 'service') return 'PEP_UNTRUSTED'

  const proxy = world.proxies.findLast((p) => p.service === asker.service && p.status === 'active')
  if (proxy?.deployments === null) return ''
  const host = question.host === null ? '' : plainHost(question.host)
  const meant = world.deployments.filter(
    (d) => d.status === 'active' && (d.name === question.name || (question.host !== null && d.hosts.includes(host))),
  )
  const mayAsk = meant.every((d) => d.service === asker.service || proxy?.deployments?.includes(d.name) === true)
  return meant.length > 0 && mayAsk ? '' : 'PEP_UNTRUSTED'
}

function no(reason: string): Opinion {
  return { reason, way: '', who: '' }
}

function yes(way: string, who = ''): Opinion {
  return { reason: 'ALLOWED', way, who }
}

interface PlainRoute {
  hostUnknown: boolean
  /** Null while anything about the route is unknown or in conflict. */
  deployment: PlainDeployment | null
  /** What host and path mean, whatever else the call names. */
  asked: PlainDeployment | null
  held: string
}

function routeOf(world: PlainWorld, question: PlainQuestion): PlainRoute {
  const alive = world.deployments.filter((d) => d.status === 'active')
  const named = alive.filter((d) => d.name === question.name)
  if (question.host === null) return byModel(world, question, longestPrefix(named, question), null)

  const host = plainHost(question.host)
  const ofHost = alive.filter((d) => d.hosts.includes(host))
  if (ofHost.length === 0) return { hostUnknown: true, deployment: null, asked: null, held: '' }
  const onPath = longestPrefix(ofHost, question)
  const asked = alone(onPath) ?? alone(ofHost)
  if (question.name === null) return byModel(world, question, onPath, asked)

  if (named.length === 0) return heldBack('ROUTE_UNKNOWN', asked)
  if (!ofHost.some((d) => d.name === question.name)) return heldBack('ROUTE_CONFLICT', asked)
  if (onPath.length > 0 && !onPath.some((d) => d.name === question.name)) return heldBack('ROUTE_CONFLICT', asked)
  const both = onPath.filter((d) => d.name === question.name)
  return byModel(world, question, both, asked)
}

/** Those that share the path too are told apart by the model, and every model that is said has to be that deployment's. */
function byModel(
  world: PlainWorld,
  question: PlainQuestion,
  onPath: PlainDeployment[],
  asked: PlainDeployment | null,
): PlainRoute {
  let meant = onPath
  if (onPath.length > 1) {
    meant = onPath.filter((d) => question.models.some((said) => meansModelOf(world, d, said)))
    if (meant.length > 1) return heldBack('ROUTE_CONFLICT', asked)
  }
  const deployment = alone(meant)
  if (deployment === null) return heldBack('ROUTE_UNKNOWN', asked)
  if (deployment.modelMustBeNamed && question.models.length === 0) return heldBack('ROUTE_UNKNOWN', asked)
  for (const said of question.models) {
    if (meansModelOf(world, deployment, said)) continue
    const ofAModel = world.models.some((m) => m.status === 'active' && !m.hidden && (said === m.id || said === m.name))
    const ofADeployment = world.deployments.some((d) => d.status === 'active' && d.name === said)
    return heldBack(ofAModel || ofADeployment ? 'ROUTE_CONFLICT' : 'ROUTE_UNKNOWN', asked)
  }
  return { hostUnknown: false, deployment, asked: deployment, held: '' }
}

function heldBack(held: string, asked: PlainDeployment | null): PlainRoute {
  return { hostUnknown: false, deployment: null, asked, held }
}

function alone(deployments: PlainDeployment[]): PlainDeployment | null {
  return deployments.length === 1 ? (deployments[0] ?? null) : null
}

/** By the deployment's name, or by the model's id or name. */
function meansModelOf(world: PlainWorld, deployment: PlainDeployment, said: string): boolean {
  const own = world.models.find((m) => m.status === 'active' && m.id === deployment.model)
  return said === deployment.name || said === deployment.model || (own !== undefined && said === own.name)
}

/** As proxies do it. A path that one lists as unprotected is its own only where no other serves that path. */
function longestPrefix(deployments: PlainDeployment[], question: PlainQuestion): PlainDeployment[] {
  const { path, raw } = question
  if (path === null) return deployments
  const lengthOf = (d: PlainDeployment): number => {
    if (d.paths.length === 0) return 0
    const lengths = d.paths.filter((p) => p === '/' || path === p || path.startsWith(`${p}/`)).map((p) => p.length)
    if (lengths.length > 0) return Math.max(...lengths)
    return d.unprotected.includes(raw ?? path) ? -1 : -2
  }
  const longest = Math.max(-2, ...deployments.map(lengthOf))
  return longest === -2 ? [] : deployments.filter((d) => lengthOf(d) === longest)
}

/** Steps 5 and 6. */
function presentedProblem(world: PlainWorld, question: PlainQuestion, deployment: PlainDeployment | null): string {
  const methods: string[] = question.certificate === null ? [] : ['mtls']
  for (const other of question.others) methods.push(other.is === 'token' ? other.token.method : other.is)
  if (methods.length === 0) return 'CREDENTIAL_MISSING'
  for (const method of methods) {
    if (!world.methods.includes(method)) return 'AUTH_METHOD_NOT_ENABLED'
    if (deployment !== null && !deployment.methods.includes(method)) return 'AUTH_METHOD_NOT_ENABLED'
  }
  return ''
}

/** Step 7: every credential must hold. */
function credentialProblem(world: PlainWorld, question: PlainQuestion, deployment: PlainDeployment | null): string {
  const certificate = question.certificate
  // 7c
  if (certificate !== null) {
    if (certificate.refused !== '' && certificate.foreign) return certificate.refused
    if (world.now < certificate.from) return 'CERT_NOT_YET_VALID'
    if (world.now > certificate.to) return 'CERT_EXPIRED'
    if (certificate.refused !== '') return certificate.refused
    // 7r
    const said = world.revocations.filter((r) => r.issuer === certificate.issuer && r.serial === certificate.serial)
    const last = said[said.length - 1]
    if (last !== undefined && last.status !== 'released') return 'CERT_REVOKED'
    if (world.revocationsGoodUntil.some((g) => g.issuer === certificate.issuer && world.now > g.until))
      return 'REVOCATION_STALE'
  }
  // 7t
  for (const other of question.others) {
    if (other.is !== 'token') continue
    const token = other.token
    if (token.refused !== '') return token.refused
    if (
      token.audience !== null &&
      deployment !== null &&
      !token.audience.includes(deployment.name) &&
      !token.audience.includes(deployment.service)
    )
      return 'TOKEN_AUDIENCE'
    if (world.now >= token.to + 60 || world.now < token.from - 60) return 'TOKEN_EXPIRED'
    if (token.id !== null && world.revokedTokens.includes(token.id)) return 'TOKEN_REVOKED'
    if (token.boundTo !== null && (certificate === null || certificate.fingerprint !== token.boundTo))
      return 'TOKEN_BINDING'
  }
  // 7k
  for (const other of question.others) {
    if (other.is !== 'api-key') continue
    const key = world.keys.find((k) => k.prefix === other.prefix)
    if (key === undefined || !other.rightSecret) return 'KEY_INVALID'
    if (world.now >= key.expires) return 'KEY_EXPIRED'
    if (key.status !== 'active') return 'KEY_REVOKED'
  }
  // 7p
  for (const other of question.others) {
    if (other.is !== 'passphrase') continue
    if (other.refused !== '') return other.refused
    if (other.deployment !== deployment?.name || !deployment.passphrases.includes(other.entry))
      return 'PASSPHRASE_INVALID'
  }
  return ''
}

/** Step 8 compares them. */
function principals(world: PlainWorld, question: PlainQuestion, deployment: PlainDeployment | null): Principal[] {
  const found: Principal[] = []
  const certificate = question.certificate
  if (certificate !== null) {
    const { kind, project, user, account, service } = certificate
    if (kind === 'service') found.push(some('service', certificate.cn, { service, systemUser: certificate.systemUser }))
    else if (kind === 'admin') found.push(some('admin', certificate.cn, { user }))
    else if (account !== '') found.push(some('account', certificate.cn, { project, account }))
    else found.push(some('member', certificate.cn, { project, user }))
  }
  for (const other of question.others) {
    if (other.is === 'passphrase') found.push(some('passphrase', `passphrase|${other.deployment}|${other.entry}`, {}))
    if (other.is === 'token') found.push(ofToken(other.token))
    if (other.is === 'api-key') {
      const key = world.keys.find((k) => k.prefix === other.prefix)
      if (key !== undefined) found.push(ofKey(world, key, deployment))
    }
  }
  return found
}

function some(kind: string, name: string, more: Partial<Principal>): Principal {
  return {
    kind,
    name,
    project: '',
    user: '',
    account: '',
    service: '',
    systemUser: null,
    groups: [],
    signedInAt: null,
    ...more,
  }
}

function ofToken(token: PlainToken): Principal {
  const { kind, project, user, account, service, groups, signedInAt } = token
  if (kind === 'external') return some('external', `${token.idp}|${token.subject}`, { groups, signedInAt })
  if (kind === 'service') return some('service', service, { service })
  if (kind === 'account') return some('account', `${project}__${account}`, { project, account })
  return some('member', `${project}__${user}`, { project, user })
}

/** A key of a person is the member in a project of theirs; in any other the administrator, or the external user of the sign-in. */
function ofKey(world: PlainWorld, key: PlainKey, deployment: PlainDeployment | null): Principal {
  const { user } = key
  if (key.reach === 'platform') return some('admin', user, { user })
  if (key.reach !== 'user') return some('member', `${key.reach}__${user}`, { project: key.reach, user })
  const project = deployment?.project ?? ''
  if (isMember(world, project, user)) return some('member', `${project}__${user}`, { project, user })
  if (world.users.some((u) => u.name === user && u.status !== 'deleted' && u.role === 'admin'))
    return some('admin', user, { user })
  const last = signInOf(world, user)
  if (last === undefined) return some('external', `|${user}`, { user })
  return some('external', `${last.provider}|${last.subject}`, { user, groups: last.groups, signedInAt: last.at })
}

function signInOf(world: PlainWorld, user: string): PlainWorld['signIns'][number] | undefined {
  const signIns = world.signIns.filter((s) => s.user === user)
  return world.users.some((u) => u.name === user && u.status !== 'deleted') ? signIns[signIns.length - 1] : undefined
}

function isMember(world: PlainWorld, project: string, user: string): boolean {
  return (
    world.projects.some((p) => p.name === project && p.status === 'active') &&
    world.members.some((m) => m.project === project && m.user === user && m.status === 'active')
  )
}

/** Step 9. */
function subjectProblem(world: PlainWorld, who: Principal): string {
  if (who.kind === 'passphrase') return ''
  if (who.kind === 'external' && who.user === '') return ''
  if (who.kind === 'service') {
    const service = world.services.find((s) => s.name === who.service && s.status === 'active')
    const same = service !== undefined && (who.systemUser === null || who.systemUser === service.systemUser)
    return same ? '' : 'SUBJECT_UNKNOWN'
  }
  if (who.kind === 'account') {
    const home = world.projects.some((p) => p.name === who.project && p.status === 'active')
    const account = world.accounts.some(
      (a) => a.project === who.project && a.name === who.account && a.status === 'active',
    )
    return home && account ? '' : 'SUBJECT_UNKNOWN'
  }
  const user = world.users.find((u) => u.name === who.user)
  if (user === undefined || user.status === 'deleted') return 'SUBJECT_UNKNOWN'
  if (user.status === 'blocked') return 'SUBJECT_BLOCKED'
  if (who.kind === 'admin') return user.role === 'admin' ? '' : 'SUBJECT_UNKNOWN'
  if (who.kind === 'external') return ''
  return isMember(world, who.project, who.user) ? '' : 'SUBJECT_UNKNOWN'
}

/** Step 10. */
function actingProblem(
  world: PlainWorld,
  question: PlainQuestion,
  deployment: PlainDeployment,
  who: Principal,
): string {
  const { certificate, others, actingUser } = question
  const is = (name: string): boolean =>
    actingUser === null ? deployment.credentialItself || who.kind === 'passphrase' : sameBytes(name, actingUser)
  if (who.kind === 'admin') {
    // In nobody else's name. Where data is asked for, 13 refuses whatever the name is.
    const another = actingUser !== null && !sameBytes(who.name, actingUser)
    if (another && !touchesData(question)) return certificate === null ? 'SUBJECT_MISMATCH' : 'CERT_CN_MISMATCH'
  } else if (certificate !== null && certificate.kind === 'service') {
    // A token beside the certificate is of the service; the certificate says which system user acts.
    const [one] = certificate.l
    if (one === undefined || certificate.l.length !== 1 || !is(one)) return 'CERT_L_MISMATCH'
    if (one.includes('__') || one !== certificate.systemUser) return 'CERT_L_MISMATCH'
  } else {
    if (certificate !== null && !is(certificate.cn)) return 'CERT_CN_MISMATCH'
    if (others.length > 0 && !is(who.name)) return 'SUBJECT_MISMATCH'
  }
  if (question.delegatedFor !== null && !mayDelegate(world, question, question.delegatedFor, deployment, who))
    return 'DELEGATION_DENIED'
  return ''
}

/** The caller may call for others, and the other is a member who might have called. */
function mayDelegate(
  world: PlainWorld,
  question: PlainQuestion,
  forWhom: string,
  deployment: PlainDeployment,
  who: Principal,
): boolean {
  if (!deployment.delegates.includes(who.name) || question.action !== 'infer') return false
  const project = deployment.project
  const user = forWhom.slice(project.length + 2)
  const active = world.users.some((u) => u.name === user && u.status === 'active')
  if (forWhom !== `${project}__${user}` || !active || !isMember(world, project, user)) return false
  if (deployment.denied.includes(forWhom)) return false
  if (deployment.model === null) return true
  const model = world.models.find((m) => m.status === 'active' && m.id === deployment.model)
  if (model === undefined) return false
  const open = model.hidden || !world.groupsGuarded
  return open || groupProblem(world, model, some('member', forWhom, { project, user })) === ''
}

/** Steps 11 to 19. */
function rights(world: PlainWorld, question: PlainQuestion, deployment: PlainDeployment, who: Principal): Opinion {
  const model = world.models.find((m) => m.status === 'active' && m.id === deployment.model)
  const data = touchesData(question)
  const predictsHidden = model?.hidden === true && question.action === 'infer'
  // 11
  if (isSuperadmin(world, question) && !data) return yes('superadmin', who.name)
  // 12
  if (model?.hidden === true && !predictsHidden) return no('NOT_FOUND')
  // 13
  if (who.kind === 'admin' && data) return no('ADMIN_NO_DATA')
  // 14, 14r
  if (who.kind === 'member' || who.kind === 'account') {
    if (who.project !== deployment.project) return no('PROJECT_BOUNDARY')
    // 9 has looked, unless it is a superadmin's certificate.
    if (subjectProblem(world, who) !== '') return no('NOT_MEMBER')
  }
  if (who.kind === 'service') {
    if (!world.projects.some((p) => p.name === deployment.project && p.status === 'active'))
      return no('PROJECT_BOUNDARY')
    if (!deployment.callers.includes(who.service) || subjectProblem(world, who) !== '') return no('NOT_MEMBER')
  }
  if (!roleAllows(world, question, model, who)) return no('ROLE_INSUFFICIENT')
  // 15
  if (who.kind === 'external') {
    if (world.loginAfterHours === 0) return no('EXTERNAL_ACCESS_DISABLED')
    if (!deployment.externalGroups.some((group) => who.groups.includes(group))) return no('GROUP_NOT_GRANTED')
    if (world.loginAfterHours > 0) {
      if (who.signedInAt === null) return no('EXTERNAL_LOGIN_REQUIRED')
      const age = world.now - who.signedInAt
      if (age > world.loginAfterHours * 3600 || age < -60) return no('EXTERNAL_LOGIN_REQUIRED')
    }
  }
  // 16
  if (deployment.model !== null && model === undefined) return no('MODEL_DISABLED')
  if (model?.enabled === false && data) return no('MODEL_DISABLED')
  // 17
  if (model !== undefined && world.groupsGuarded && !predictsHidden && who.kind !== 'passphrase') {
    const closed = groupProblem(world, model, who)
    if (closed !== '') return no(closed)
  }
  // 18
  for (const other of question.others) {
    const key = other.is === 'api-key' ? world.keys.find((k) => k.prefix === other.prefix) : undefined
    const scopes = other.is === 'token' ? other.token.scopes : (key?.scopes ?? null)
    if (scopes !== null && !scopes.includes(data ? 'SERVING' : 'MODELREGISTRY')) return no('SCOPE_MISSING')
    // Of a sign-in, which need not be one that administers.
    if (!data && who.kind === 'admin' && key?.reach === 'user' && !key.scopes.includes('ADMIN'))
      return no('SCOPE_MISSING')
  }
  for (const other of question.others) {
    const key = other.is === 'api-key' ? world.keys.find((k) => k.prefix === other.prefix) : undefined
    if (key !== undefined && key.only !== null && !key.only.includes(deployment.name))
      return no('KEY_NOT_FOR_DEPLOYMENT')
  }
  // 19
  if (deployment.denied.includes(who.name)) return no('POLICY_DENIED')
  if (deployment.callsPerMinute !== null && question.callsThisMinute >= deployment.callsPerMinute) return no('QUOTA')
  if (predictsHidden) return yes('hidden_model', who.name)
  return yes(who.kind === 'admin' ? 'administrator' : who.kind, who.name)
}

function touchesData(question: PlainQuestion): boolean {
  return question.action === 'infer' || question.action === 'run'
}

/** Issuer, profile and name, from the connection itself. */
function isSuperadmin(world: PlainWorld, question: PlainQuestion): boolean {
  const certificate = question.certificate
  if (certificate === null || !certificate.direct) return false
  const parts = [
    `CN=${certificate.cn}`,
    ...certificate.ou.map((ou) => `OU=${ou}`),
    ...certificate.l.map((l) => `L=${l}`),
  ]
  const dn = parts.join(',')
  return world.superadmins.some((s) => s.issuer === certificate.issuer && s.profile === certificate.kind && s.dn === dn)
}

/** Step 14r. */
function roleAllows(
  world: PlainWorld,
  question: PlainQuestion,
  model: PlainModel | undefined,
  who: Principal,
): boolean {
  const { action } = question
  if (who.kind === 'admin') return true
  if (who.kind === 'external' || who.kind === 'passphrase' || who.kind === 'service') return action === 'infer'
  if (who.kind === 'member') {
    const row = world.members.find((m) => m.project === who.project && m.user === who.user && m.status === 'active')
    if (row?.role === 'owner') return true
  }
  if (['infer', 'read', 'run', 'new-version'].includes(action)) return true
  return model !== undefined && model.creator === who.name
}

/** Step 17. */
function groupProblem(world: PlainWorld, model: PlainModel, who: Principal): string {
  if (model.group === null) return ''
  const group = world.groups.find((g) => g.status === 'active' && g.id === model.group)
  if (group === undefined) return 'GROUP_PRIVATE'
  // Without an owner it was made while nothing was guarded, and is public for ever (row OS23).
  if (group.access === 'public' || group.owner === null) return ''
  const own = ownerName(who)
  const given = world.assignedRoles.filter((a) => a.user === who.user)
  const assigned = given[given.length - 1]?.roles ?? []
  const signedIn = signInOf(world, who.user)?.groups ?? []
  const roles = [...assigned, ...signedIn, ...who.groups]
  const all =
    world.allAccess !== null &&
    (world.allAccess.users.includes(own) || world.allAccess.roles.some((r) => roles.includes(r)))
  if (world.adminSeesGroups && (all || who.kind === 'admin')) return ''
  const owns = group.owner === own
  if (group.access === 'private') return owns ? '' : 'GROUP_PRIVATE'
  const holds = group.roles.some((role) => roles.includes(role))
  if (owns && (holds || !world.ownerMustHoldRole)) return ''
  if (group.roles.length === 0) return 'RESTRICTED_WITHOUT_ROLES'
  return holds ? '' : 'GROUP_RESTRICTED'
}

/** How owners and role mappings name it: a service without a dot could be the namesake of a user. */
function ownerName(who: Principal): string {
  if (who.kind === 'service') return who.service.includes('.') ? who.service : `service:${who.service}`
  return who.user === '' ? who.name : who.user
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

function sameBytes(a: string, b: string): boolean {
  const left = new TextEncoder().encode(a)
  const right = new TextEncoder().encode(b)
  return left.length === right.length && left.every((byte, i) => byte === right[i])
}
