// Sidecars (directory/sidecar-store.ts). A row stays when its sidecar is deleted: the name is its service's.
import type { Sidecar, SidecarStore } from '../directory/sidecar-store.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { SidecarName } from '../domain/sidecar-name.ts'
import { decodeList, encodeList } from './columns.ts'
import { readPage } from './cursor.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function sidecarTable(session: Session): SidecarStore {
  const find = session.prepareRead((p: { name: SidecarName }) =>
    session.sql.selectFrom('sidecars').selectAll().where('name', '=', p.name),
  )
  const put = session.prepare((p: Schema['sidecars']) =>
    session.sql
      .insertInto('sidecars')
      .values({ name: p.name, service: p.service, deployments: p.deployments, status: p.status })
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet({ service: p.service, deployments: p.deployments, status: p.status }),
      ),
  )
  const ofService = session.prepare((p: { service: ServiceName }) =>
    session.sql.selectFrom('sidecars').selectAll().where('status', '=', 'active').where('service', '=', p.service),
  )
  const list = session.prepare((p: { after: SidecarName; limit: number }) =>
    session.sql
      .selectFrom('sidecars')
      .selectAll()
      .where('status', '=', 'active')
      .where('name', '>', p.after)
      .orderBy('name')
      .limit(p.limit),
  )
  return {
    sidecar: async (name, lock) => {
      const [row] = await find(lock, { name })
      return row && sidecarOf(row)
    },
    putSidecar: async ({ deployments, ...sidecar }) => {
      await put({ ...sidecar, deployments: encodeList(deployments) })
    },
    sidecarsOfService: async (service) => (await ofService({ service })).map(sidecarOf),
    listSidecars: (page) =>
      readPage(page, {
        name: 'sidecars',
        start: ['' as SidecarName] as const,
        fetch: ([after], limit) => list({ after, limit }),
        keyOf: (row) => [row.name] as const,
        itemOf: sidecarOf,
      }),
  }
}

export function sidecarOf({ deployments, ...row }: Schema['sidecars']): Sidecar {
  return { ...row, deployments: decodeList(deployments) }
}
