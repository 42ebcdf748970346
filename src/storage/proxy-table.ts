// Registered proxies (directory/proxy-store.ts).
import type { Proxy, ProxyStore } from '../directory/proxy-store.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import { NameTaken } from '../domain/name-taken.ts'
import type { ProxyName } from '../domain/proxy-name.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function proxyTable(session: Session): ProxyStore {
  const find = session.prepareRead((p: { name: ProxyName }) =>
    session.sql.selectFrom('proxies').selectAll().where('name', '=', p.name),
  )
  const ofService = session.prepare((p: { service: ServiceName }) =>
    session.sql.selectFrom('proxies').selectAll().where('service', '=', p.service),
  )
  const put = session.prepareChange((p: Schema['proxies']) =>
    session.sql
      .insertInto('proxies')
      .values({
        name: p.name,
        service: p.service,
        certificate_dialect: p.certificate_dialect,
        hops: p.hops,
        deployments: p.deployments,
      })
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet({
          service: p.service,
          certificate_dialect: p.certificate_dialect,
          hops: p.hops,
          deployments: p.deployments,
        }),
      ),
  )
  const remove = session.prepareChange((p: { name: ProxyName }) =>
    session.sql.deleteFrom('proxies').where('name', '=', p.name),
  )
  const list = session.prepare(() => session.sql.selectFrom('proxies').selectAll().orderBy('name'))
  return {
    proxy: async (name, lock) => {
      const [row] = await find(lock, { name })
      return row && proxyOf(row)
    },
    proxyOfService: async (service) => {
      const [row] = await ofService({ service })
      return row && proxyOf(row)
    },
    putProxy: async (proxy) => {
      try {
        await put(proxyRow(proxy))
      } catch (error) {
        const { service } = proxy
        throw session.isDuplicate(error) ? new NameTaken('proxy_service_taken', { service }) : error
      }
    },
    deleteProxy: async (name) => {
      await remove({ name })
    },
    listProxies: async () => (await list({})).map(proxyOf),
  }
}

function proxyRow({ name, service, certificateDialect, hops, deployments }: Proxy): Schema['proxies'] {
  return { name, service, certificate_dialect: certificateDialect, hops, deployments: JSON.stringify(deployments) }
}

export function proxyOf({ certificate_dialect, deployments, ...row }: Schema['proxies']): Proxy {
  return {
    ...row,
    certificateDialect: certificate_dialect,
    deployments: JSON.parse(deployments) as Proxy['deployments'],
  }
}
