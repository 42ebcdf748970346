// API keys (enrollment/api-key-store.ts). Rows stay when a key has ended: who had which key, and when, is history.
import { certifiedBy } from './bulk-ending.ts'
import type { ApiKeyReach } from '../domain/api-key.ts'
import { PRIVILEGED_SCOPES } from '../domain/api-scope.ts'
import { NameTaken } from '../domain/name-taken.ts'
import type { UserName } from '../domain/user-name.ts'
import type { ApiKeyRecord, ApiKeyStore, EndedKeys } from '../enrollment/api-key-store.ts'
import { decodeList, encodeList, instantOf } from './columns.ts'
import { RecordMissing } from './errors.ts'
import { apiKeysOf, type Obtained, obtainedBy } from './obtained-tables.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

type Row = Omit<Schema['api_keys'], 'ended_at'>

export function apiKeyTable(session: Session): ApiKeyStore {
  const insert = session.prepareChange((p: Row) =>
    session.sql
      .insertInto('api_keys')
      .values({
        prefix: p.prefix,
        user_name: p.user_name,
        name: p.name,
        salt: p.salt,
        hash: p.hash,
        scopes: p.scopes,
        privileged: p.privileged,
        reach: p.reach,
        project: p.project,
        deployments: p.deployments,
        created_by: p.created_by,
        created_with: p.created_with,
        created_at: p.created_at,
        expires_at: p.expires_at,
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const find = session.prepareRead((p: { prefix: string }) =>
    session.sql.selectFrom('api_keys').selectAll().where('prefix', '=', p.prefix).where('ended_at', 'is', null),
  )
  const ofUser = session.prepare((p: { user: UserName }) =>
    session.sql
      .selectFrom('api_keys')
      .selectAll()
      .where('user_name', '=', p.user)
      .where('ended_at', 'is', null)
      .orderBy('name'),
  )
  const update = session.prepareChange((p: Pick<Row, 'prefix' | 'scopes' | 'privileged' | 'deployments'>) =>
    session.sql
      .updateTable('api_keys')
      .set({ scopes: p.scopes, privileged: p.privileged, deployments: p.deployments })
      .where('prefix', '=', p.prefix)
      .where('ended_at', 'is', null),
  )
  const end = endings(session)
  return {
    insertApiKey: async (record) => {
      if ((await insert(rowOf(record))) === 0) throw new NameTaken('api_key_exists', { name: record.name })
    },
    updateApiKey: async (record) => {
      const { prefix, scopes, privileged, deployments } = rowOf(record)
      if ((await update({ prefix, scopes, privileged, deployments })) === 0) throw new RecordMissing('api key', prefix)
    },
    apiKey: async (prefix, lock) => {
      const [row] = await find(lock, { prefix })
      return row && apiKeyOf(row)
    },
    apiKeysOf: async (user) => (await ofUser({ user })).map(apiKeyOf),
    endApiKeys: async (which, at) => (await end(which, at.getTime())).map(apiKeyOf),
  }
}

function endings(session: Session): (which: EndedKeys, at: number) => Promise<readonly Row[]> {
  const end = (at: number) =>
    session.sql.updateTable('api_keys').set({ ended_at: at }).where('ended_at', 'is', null).returningAll()
  type Wanted<Kind extends EndedKeys['kind']> = Extract<EndedKeys, { readonly kind: Kind }> & { readonly at: number }
  const ofUser = session.prepare((p: Wanted<'of-user'>) => end(p.at).where('user_name', '=', p.user))
  const one = session.prepare((p: Wanted<'one'>) => end(p.at).where('prefix', '=', p.prefix))
  const all = session.prepare((p: Wanted<'all'>) => end(p.at))
  const privileged = session.prepare((p: Wanted<'privileged'>) =>
    end(p.at).where('user_name', '=', p.user).where('privileged', '=', 1),
  )
  const ofMember = session.prepare((p: Wanted<'of-member'>) =>
    end(p.at).where('project', '=', p.project).where('user_name', '=', p.user),
  )
  const ofProject = session.prepare((p: Wanted<'of-project'>) => end(p.at).where('project', '=', p.project))
  const obtained = session.prepare((p: Obtained) => end(p.at).where(apiKeysOf(p)))
  const madeWith = session.prepare((p: Wanted<'made-with'>) => end(p.at).where('created_with', '=', p.proof))
  const inSessions = session.prepare((p: Wanted<'made-in-sessions'>) =>
    end(p.at).where('user_name', '=', p.user).where('created_with', 'like', 'session:%'),
  )
  const madeUnder = session.prepare((p: Wanted<'made-under'>) =>
    end(p.at).where('created_with', 'in', certifiedBy(p.issuer)),
  )
  return (which, at) => {
    switch (which.kind) {
      case 'of-user':
        return ofUser({ ...which, at })
      case 'one':
        return one({ ...which, at })
      case 'all':
        return all({ ...which, at })
      case 'privileged':
        return privileged({ ...which, at })
      case 'of-member':
        return ofMember({ ...which, at })
      case 'of-project':
        return ofProject({ ...which, at })
      case 'made-with':
        return madeWith({ ...which, at })
      case 'obtained-by':
        return obtained(obtainedBy(which.requester, new Date(at)))
      case 'made-under':
        return madeUnder({ ...which, at })
      case 'made-in-sessions':
        return inSessions({ ...which, at })
      default:
        return which satisfies never
    }
  }
}

function rowOf({
  prefix,
  user,
  name,
  salt,
  hash,
  scopes,
  reach,
  deployments,
  createdBy,
  createdWith,
  ...rest
}: ApiKeyRecord): Row {
  return {
    prefix,
    user_name: user,
    name,
    salt,
    hash,
    scopes: encodeList(scopes),
    privileged: scopes.some((scope) => PRIVILEGED_SCOPES.has(scope)) ? 1 : 0,
    reach: reach.kind,
    project: reach.kind === 'project' ? reach.project : null,
    deployments: JSON.stringify(deployments),
    created_by: createdBy,
    created_with: createdWith,
    created_at: rest.createdAt.getTime(),
    expires_at: rest.expiresAt.getTime(),
  }
}

export function apiKeyOf(row: Row): ApiKeyRecord {
  const { prefix, user_name: user, name, salt, hash } = row
  return {
    prefix,
    user,
    name,
    salt,
    hash,
    scopes: decodeList(row.scopes),
    reach: reachOf(row),
    deployments: JSON.parse(row.deployments) as ApiKeyRecord['deployments'],
    createdBy: row.created_by,
    createdWith: row.created_with,
    createdAt: instantOf(row.created_at),
    expiresAt: instantOf(row.expires_at),
  }
}

/** A row that says neither reaches nothing but its user's own name: `platform` opens no project. */
function reachOf({ reach, project }: Pick<Row, 'reach' | 'project'>): ApiKeyReach {
  if (project !== null) return { kind: 'project', project }
  return reach === 'user' ? { kind: 'user' } : { kind: 'platform' }
}
