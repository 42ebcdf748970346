// The state that a snapshot starts from: one change for each thing there is, as if the log had only just begun. The caller
// reads in one transaction, so that all of it is as of one number.
import { sql } from 'kysely'
import type { Change } from '../domain/change.ts'
import { parseIssuerId } from '../domain/issuer-id.ts'
import { apiKeyOf } from './api-key-table.ts'
import { NOT_GOOD } from './certificate-list.ts'
import { deploymentOf } from './deployment-table.ts'
import { proxyOf } from './proxy-table.ts'
import { sidecarOf } from './sidecar-table.ts'
import { serviceOf } from './service-tables.ts'
import { changeOfGroup, changeOfModel } from '../domain/model-change.ts'
import { parseQuarantine } from '../domain/quarantine.ts'
import { groupOf, MODEL_COLUMNS, modelOf } from './model-tables.ts'
import { internalUserOf, roleMappingOf } from './role-tables.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'
import { changeOfSession } from '../domain/session.ts'
import { sessionOf } from './sign-in-tables.ts'

/**
 * How far back ended certificates and tokens are included. Snapshots remember that long, because an entry that a clock which
 * ran ahead had dropped would bring the certificate back to life.
 */
const ENDED_WITHIN_MILLISECONDS = 86_400_000

/** What was deleted or removed is left out, but for API keys. */
export async function readCurrentState(
  session: Session,
  at: Date,
  take: (changes: readonly Change[]) => void,
): Promise<void> {
  const since = at.getTime() - ENDED_WITHIN_MILLISECONDS
  await revocations(session, await revokedSince(session, since), take)
  const rest = [
    ...(await people(session)),
    await services(session),
    await revokedTokens(session, since),
    await apiKeys(session, since),
    await keysAndCrls(session, at),
    await signedIn(session, since),
    await models(session),
    await roles(session),
  ]
  for (const changes of rest) take(changes.flat())
}

/** The database writes the kind into each row, so that a hundred thousand of them need not be copied. */
const kind = <Kind extends Change['kind']>(name: Kind) => sql<Kind>`${sql.lit(name)}`.as('kind')

async function people(session: Session): Promise<readonly (readonly Change[])[]> {
  const users = await session.query(
    session.sql
      .selectFrom('users')
      .select([kind('user'), 'name', 'status', 'platform_role as platformRole'])
      .where('status', '!=', 'deleted'),
  )
  const projects = await session.query(
    session.sql
      .selectFrom('projects')
      .select([kind('project'), 'name', 'status'])
      .where('status', '=', 'active'),
  )
  const members = await session.query(
    session.sql
      .selectFrom('members')
      .select([kind('member'), 'project', 'user_name as user', 'role', 'status'])
      .where('status', '=', 'active'),
  )
  const accounts = await session.query(
    session.sql
      .selectFrom('service_accounts')
      .select([kind('account'), 'project', 'name as account', 'status'])
      .where('status', '=', 'active'),
  )
  return [users, projects, members, accounts]
}

async function services(session: Session): Promise<readonly Change[]> {
  const all = await session.query(session.sql.selectFrom('services').selectAll().where('status', '=', 'active'))
  const deployments = await session.query(
    session.sql.selectFrom('deployments').selectAll().where('status', '=', 'active'),
  )
  const proxies = await session.query(session.sql.selectFrom('proxies').selectAll())
  const sidecars = await session.query(session.sql.selectFrom('sidecars').selectAll().where('status', '=', 'active'))
  return [
    ...all.map((row) => {
      const { dnsNames, name, projects, roles, status, systemUser } = serviceOf(row)
      return { kind: 'service' as const, name, systemUser, dnsNames, roles, projects, status }
    }),
    ...deployments.map((row) => ({ kind: 'deployment' as const, ...deploymentOf(row) })),
    ...proxies.map((row) => ({ kind: 'proxy' as const, ...proxyOf(row), status: 'active' as const })),
    ...sidecars.map((row) => ({ kind: 'sidecar' as const, ...sidecarOf(row) })),
  ]
}

/** Whose CA certificate a row is, null for a leaf: a million identities are not read for the sake of a few. */
const AUTHORITY = sql<string | null>`case when profile = 'issuing-ca' then substr(identity, 8) end`.as('authority')

const REVOKED_AT_ONCE = 2000

/** In pieces, along the index of what is not good: a million rows at once would take more memory than all that is made of them. */
async function revocations(session: Session, since: number, take: (changes: readonly Change[]) => void): Promise<void> {
  for (const status of ['revoked', 'held'] as const) {
    let after: readonly [number, number] = [since, Number.MAX_SAFE_INTEGER]
    for (;;) {
      const rows = await revokedAfter(session, status, after)
      take(rows.map(revocationOf))
      const last = rows.at(-1)
      if (last === undefined || rows.length < REVOKED_AT_ONCE) break
      after = [last.not_after, last.position]
      // Others have their turn: this may take seconds.
      await new Promise((turn) => void setImmediate(turn))
    }
  }
}

type RevokedRow = Pick<
  Schema['certificates'],
  'issuer' | 'serial' | 'status' | 'revoked_at' | 'reason' | 'not_after' | 'crl_partition'
> & { readonly authority: string | null }

function revokedAfter(session: Session, status: 'revoked' | 'held', after: readonly [number, number]) {
  return session.query(
    session.sql
      .selectFrom('certificates')
      .select([
        'issuer',
        'serial',
        'status',
        'revoked_at',
        'reason',
        'not_after',
        'crl_partition',
        'position',
        AUTHORITY,
      ])
      .where('status', '=', status)
      .where(NOT_GOOD)
      .where((row) => row(row.refTuple('not_after', 'position'), '>', row.tuple(...after)))
      .orderBy('not_after')
      .orderBy('position')
      .limit(REVOKED_AT_ONCE),
  )
}

function revocationOf(row: RevokedRow): Change {
  const { issuer, serial, status, revoked_at, reason, not_after, crl_partition, authority } = row
  return {
    kind: 'revocation',
    issuer,
    serial,
    status: status === 'held' ? 'held' : 'revoked',
    revokedAt: revoked_at ?? 0,
    reason: reason ?? 'unspecified',
    notAfter: not_after,
    ...(crl_partition === null ? {} : { partition: crl_partition }),
    ...(authority === null ? {} : { authority: parseIssuerId(authority) }),
  }
}

/** Entries that no CRL has listed past their end yet are among them, however long nobody made one (RFC 5280 §3.3). */
async function revokedSince(session: Session, since: number): Promise<number> {
  const [row] = await session.query(
    session.sql
      .selectFrom('crls')
      .select(({ fn }) => fn.min('ended_before').as('first'))
      .where('ended_before', '>', 0),
  )
  return Math.min(since, (row?.first ?? since) - 1)
}

async function revokedTokens(session: Session, since: number): Promise<readonly Change[]> {
  const tokens = await session.query(
    session.sql
      .selectFrom('tokens')
      .select(['jti', 'expires_at'])
      .where('revoked_at', 'is not', null)
      .where('expires_at', '>', since),
  )
  return tokens.map(({ jti, expires_at }) => ({ kind: 'token-revocation' as const, jti, expiresAt: expires_at }))
}

async function apiKeys(session: Session, since: number): Promise<readonly Change[]> {
  const rows = await session.query(session.sql.selectFrom('api_keys').selectAll().where('expires_at', '>', since))
  return rows.map((row) => {
    // One that has ended is told apart from one that never was (`KEY_REVOKED`), after a restart too.
    const status = row.ended_at === null ? 'active' : 'ended'
    const { prefix, user, salt, hash, scopes, reach, deployments, expiresAt } = apiKeyOf(row)
    const whose = { prefix, user, salt, hash }
    return { kind: 'api-key', ...whose, scopes, reach, deployments, expiresAt: expiresAt.getTime(), status }
  })
}

async function keysAndCrls(session: Session, at: Date): Promise<readonly Change[]> {
  const issuers = await session.query(session.sql.selectFrom('issuers').select('id').orderBy('id'))
  const crls = await session.query(
    session.sql.selectFrom('crls').select(['issuer', 'scope', 'number']).orderBy('scope'),
  )
  const keys = await session.query(
    session.sql.selectFrom('token_keys').select('kid').where('published_until', '>', at.getTime()).orderBy('kid'),
  )
  return [
    ...issuers.map(({ id }) => ({ kind: 'issuer' as const, issuer: id })),
    ...crls.map((row) => ({ kind: 'crl' as const, ...row })),
    ...keys.map((row) => ({ kind: 'token-key' as const, ...row })),
  ]
}

async function signedIn(session: Session, since: number): Promise<readonly Change[]> {
  const sessions = await session.query(
    session.sql.selectFrom('sessions').selectAll().where('ended_at', 'is', null).where('ends_at', '>', since),
  )
  const signIns = await session.query(
    session.sql
      .selectFrom('sign_ins')
      .selectAll()
      .where('user_name', 'in', (rows) => rows.selectFrom('users').select('name').where('status', '!=', 'deleted')),
  )
  const groups = Map.groupBy(
    await session.query(session.sql.selectFrom('user_groups').selectAll()),
    ({ user_name }) => user_name,
  )
  return [
    ...sessions.map((row) => changeOfSession(sessionOf(row))),
    ...signIns.map(({ user_name: user, provider, subject, at }) => {
      const names = (groups.get(user) ?? []).map(({ group_name }) => group_name)
      return { kind: 'sign-in' as const, user, provider, subject, groups: names, at }
    }),
  ]
}

async function models(session: Session): Promise<readonly Change[]> {
  const groups = await session.query(session.sql.selectFrom('model_groups').selectAll())
  const all = await session.query(session.sql.selectFrom('models').select(MODEL_COLUMNS))
  return [
    ...groups.map((row) => changeOfGroup(groupOf(row), 'active')),
    ...all.map((row) => changeOfModel(modelOf(row), 'active')),
  ]
}

async function roles(session: Session): Promise<readonly Change[]> {
  const users = await session.query(session.sql.selectFrom('internal_users').selectAll())
  const mappings = await session.query(session.sql.selectFrom('role_mappings').selectAll())
  const settings = await session.query(session.sql.selectFrom('settings').selectAll())
  const [kept] = await session.query(
    session.sql.selectFrom('metadata').select('value').where('name', '=', 'quarantine'),
  )
  const quarantine = parseQuarantine(kept?.value)
  return [
    ...(quarantine.kind === 'none'
      ? []
      : [{ kind: 'quarantine' as const, status: 'on' as const, since: quarantine.since.getTime() }]),
    ...users.map(internalUserOf).map(({ user, roles }) => ({ kind: 'user-roles' as const, user, roles })),
    ...mappings.map((row) => ({ kind: 'role-mapping' as const, ...roleMappingOf(row), status: 'active' as const })),
    ...settings.map(({ value }) => ({ kind: 'setting' as const, name: 'model-access-control' as const, value })),
  ]
}
