// Brings into a restored database the changes that its journals tell of: what was added, changed, taken away since the backup. What
// cannot be brought back is named for the operator, so that nothing returns in silence; and nobody may do more than before.
import { randomUUID } from 'node:crypto'
import type { Deployment } from '../directory/deployment-store.ts'
import { type JournalledChange, type JournalledDeployment, passphraseMark } from '../domain/journal-entry.ts'
import { authorityIdentity, partsOfIssuerId } from '../domain/issuer-id.ts'
import type { ProxyName } from '../domain/proxy-name.ts'
import type { QuietUnit } from './replay-journal.ts'

/** `review`: it is not, or not wholly, as it was. */
export type Replayed =
  { readonly kind: 'applied' } | { readonly kind: 'nothing' } | { readonly kind: 'review'; readonly what: string }

const APPLIED: Replayed = { kind: 'applied' }
const NOTHING: Replayed = { kind: 'nothing' }
const review = (what: string): Replayed => ({ kind: 'review', what })

type Told<Kind extends JournalledChange['kind']> = Extract<JournalledChange, { readonly kind: Kind }>

export async function replayChange(tx: QuietUnit, change: JournalledChange, at: Date): Promise<Replayed> {
  switch (change.kind) {
    case 'user':
      return replayUser(tx, change, at)
    case 'project':
      return replayProject(tx, change, at)
    case 'member':
      return replayMember(tx, change, at)
    case 'account':
      return replayAccount(tx, change, at)
    case 'service':
      return replayService(tx, change, at)
    case 'deployment':
      return replayDeployment(tx, change)
    case 'model-group':
      return replayModelGroup(tx, change, at)
    case 'model':
      return replayModel(tx, change, at)
    case 'proxy':
      return replayProxy(tx, change)
    case 'sidecar':
      return replaySidecar(tx, change)
    case 'user-roles':
      return replayRoles(tx, change)
    case 'user-links':
      return replayLinks(tx, change, at)
    case 'sign-in':
      await tx.putSignIn({ ...change, at: new Date(change.at) })
      return APPLIED
    case 'role-mapping':
      return replayMapping(tx, change)
    case 'setting':
      await tx.setAccessSwitch(change.value)
      return APPLIED
    case 'api-key':
      return replayApiKey(tx, change, at)
    case 'issuer':
      return replayIssuer(tx, change, at)
    // Every session and token ends with the restore; CRLs, revocations and quarantine are looked at by themselves.
    case 'session':
    case 'token-revocation':
    case 'token-key':
    case 'revocation':
    case 'crl':
    case 'quarantine':
    case 'restored':
      return NOTHING
    default:
      return change satisfies never
  }
}

async function replayUser(tx: QuietUnit, { name, status, platformRole }: Told<'user'>, at: Date): Promise<Replayed> {
  const user = await tx.user(name, 'update')
  // Also one that was deleted since: its name stays taken.
  if (user === undefined) await tx.insertUser({ id: randomUUID(), name, status, platformRole, createdAt: at })
  else await tx.updateUser({ ...user, status, platformRole })
  if (status === 'deleted') await tx.deleteInternalUser(name)
  return APPLIED
}

async function replayProject(tx: QuietUnit, { name, status }: Told<'project'>, at: Date): Promise<Replayed> {
  const project = await tx.project(name, 'update')
  if (project === undefined) await tx.insertProject({ id: randomUUID(), name, status, createdAt: at })
  else await tx.updateProject({ ...project, status })
  // Its members and accounts have no change of their own.
  if (status === 'deleted') await tx.endEverythingOf(name, 'cessationOfOperation', at)
  return APPLIED
}

async function replayMember(
  tx: QuietUnit,
  { project, user, role, status }: Told<'member'>,
  at: Date,
): Promise<Replayed> {
  const found = await tx.membership(project, user, 'update')
  if (found === undefined) await tx.insertMember({ id: randomUUID(), project, user, role, status, createdAt: at })
  else await tx.updateMember({ ...found.member, role, status })
  if (status === 'removed') await tx.deleteKeptKey(project, user)
  return APPLIED
}

async function replayAccount(
  tx: QuietUnit,
  { project, account, status }: Told<'account'>,
  at: Date,
): Promise<Replayed> {
  const found = await tx.account(project, account, 'update')
  const made = { id: randomUUID(), project, name: account, status, createdBy: 'restore', createdAt: at }
  if (found === undefined) await tx.insertAccount(made)
  else await tx.updateAccount({ ...found, status })
  return APPLIED
}

async function replayService(tx: QuietUnit, change: Told<'service'>, at: Date): Promise<Replayed> {
  const { name, systemUser, dnsNames, roles, projects, status } = change
  const found = await tx.service(name, 'update')
  const told = { name, systemUser, dnsNames, roles, projects, status }
  if (found !== undefined) {
    await tx.updateService({ ...found, ...told })
    return APPLIED
  }
  await tx.insertService({ id: randomUUID(), ...told, createdAt: at })
  return status === 'deleted' ? APPLIED : review(`service ${name}: its owner and its rotation are not known`)
}

async function replayDeployment(tx: QuietUnit, change: JournalledDeployment): Promise<Replayed> {
  const { name, project } = change
  const found = await tx.deployment(name, 'update')
  if (found === undefined && change.status === 'deleted') return NOTHING
  const deployment = restoredDeployment(found, change)
  await tx.putDeployment(deployment)
  const lost = change.policy.passphrases.length - deployment.policy.passphrases.length
  if (change.status === 'deleted' || lost === 0) return APPLIED
  return review(`deployment ${name} of project ${project}: ${String(lost)} passphrases are lost, set them anew`)
}

/** Of passphrases only those that are the same as in the backup: a hash stands in no journal. */
function restoredDeployment(found: Deployment | undefined, told: JournalledDeployment): Deployment {
  const { name, project, host, service, serviceCallers, status } = told
  const passphrases = told.policy.passphrases.flatMap(({ id, mark }) => {
    const kept = found?.policy.passphrases.find((each) => each.id === id)
    return kept !== undefined && passphraseMark(kept.hash) === mark ? [kept] : []
  })
  return { name, project, host, service, serviceCallers, status, policy: { ...told.policy, passphrases } }
}

async function replayModelGroup(tx: QuietUnit, told: Told<'model-group'>, at: Date): Promise<Replayed> {
  const { id, name, owner, access, roles, status } = told
  const found = await tx.modelGroup(id, 'update')
  if (status === 'deleted') {
    if (found === undefined) return NOTHING
    await tx.deleteModelGroup(id)
    return APPLIED
  }
  if (found !== undefined) {
    await tx.updateModelGroup({ ...found, name, access, roles, updatedAt: at })
    return APPLIED
  }
  const whose = owner === undefined ? {} : { owner }
  const made = { id, name, ...whose, access, roles, description: '', latestVersion: 0, createdAt: at, updatedAt: at }
  await tx.insertModelGroup(made)
  return review(`model group ${name} was added: its description and its models are not there`)
}

async function replayModel(tx: QuietUnit, told: Told<'model'>, at: Date): Promise<Replayed> {
  const { id, name, enabled, status } = told
  const found = await tx.model(id, 'update')
  if (status === 'deleted') {
    if (found === undefined) return NOTHING
    await tx.deleteModel(id)
    return APPLIED
  }
  await countVersion(tx, told)
  if (found === undefined) return review(`model ${name} (${id}) was added: it is not there`)
  await tx.updateModel({ ...found, name, enabled, updatedAt: at })
  return review(`model ${name} (${id}) was changed: what is not about access is as in the backup`)
}

/** A number of a version is not given again. */
async function countVersion(tx: QuietUnit, { group, version }: Told<'model'>): Promise<void> {
  const found = group === undefined ? undefined : await tx.modelGroup(group, 'update')
  if (found === undefined || found.latestVersion >= version) return
  await tx.updateModelGroup({ ...found, latestVersion: version })
}

async function replayProxy(tx: QuietUnit, change: Told<'proxy'>): Promise<Replayed> {
  const { service, certificateDialect, hops, deployments, status } = change
  // It was checked before it was written.
  const name = change.name as ProxyName
  if (status === 'active') await tx.putProxy({ name, service, certificateDialect, hops, deployments })
  else await tx.deleteProxy(name)
  return APPLIED
}

async function replaySidecar(
  tx: QuietUnit,
  { name, service, deployments, status }: Told<'sidecar'>,
): Promise<Replayed> {
  await tx.putSidecar({ name, service, deployments, status })
  return APPLIED
}

async function replayRoles(tx: QuietUnit, { user, roles }: Told<'user-roles'>): Promise<Replayed> {
  // Without roles it may have been taken away: then no password of a test installation is left either.
  const found = roles.length === 0 ? undefined : await tx.internalUser(user)
  await tx.putInternalUser({ ...(found ?? { user }), roles })
  return APPLIED
}

/** Whoever is no longer linked signs in as nobody; who is linked now does again. */
async function replayLinks(tx: QuietUnit, { user, links }: Told<'user-links'>, at: Date): Promise<Replayed> {
  const before = await tx.linksOf(user)
  for (const provider of new Set(before.map((link) => link.provider))) await tx.deleteLinks(user, provider)
  for (const link of links) {
    const same = before.find(({ provider, subject }) => provider === link.provider && subject === link.subject)
    const taken = await tx.link(link.provider, link.subject, 'none')
    if (taken === undefined) await tx.insertLink(same ?? { ...link, user, createdAt: at })
  }
  return APPLIED
}

async function replayMapping(
  tx: QuietUnit,
  { role, users, backendRoles, status }: Told<'role-mapping'>,
): Promise<Replayed> {
  if (status === 'active') await tx.putRoleMapping({ role, users, backendRoles })
  else await tx.deleteRoleMapping(role)
  return APPLIED
}

async function replayApiKey(tx: QuietUnit, { prefix, user, status }: Told<'api-key'>, at: Date): Promise<Replayed> {
  const found = await tx.apiKey(prefix, 'update')
  if (status === 'ended') return (await tx.endApiKeys({ kind: 'one', prefix }, at)).length > 0 ? APPLIED : NOTHING
  if (found === undefined) return review(`API key ${prefix} of ${user} was made: it is not there`)
  // What a key may do was perhaps made less.
  await tx.endApiKeys({ kind: 'one', prefix }, at)
  return review(`API key ${prefix} of ${user} was changed, nobody knows how: it is ended`)
}

/** Its generation is never given again, and its certificate can be revoked. */
async function replayIssuer(tx: QuietUnit, { issuer }: Told<'issuer'>, at: Date): Promise<Replayed> {
  if ((await tx.issuers()).some(({ id }) => id === issuer)) return NOTHING
  const { items } = await tx.listCertificates({ identity: authorityIdentity(issuer) }, at, { limit: 1 })
  const [record] = items
  if (record === undefined) return review(`issuing CA ${issuer} was made: nothing is known of it`)
  const { authority, generation } = partsOfIssuerId(issuer)
  await tx.insertIssuer({ id: issuer, authority, generation, certificate: record.der, createdAt: record.issuedAt })
  if (record.status === 'revoked') return APPLIED
  return review(
    `issuing CA ${issuer} was made: its key is lost, revoke it: signet ceremony revoke-ca --issuer ${issuer}`,
  )
}
