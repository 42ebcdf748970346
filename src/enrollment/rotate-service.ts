// Asks for new keys of a service (CP §4.7). Nothing is issued and nothing revoked here: the service's agent sees that its key
// is older than the wish, and rekeys. A wish that is repeated counts from its last time.
import type { ServiceName } from '../domain/dns-name.ts'
import type { Service } from '../directory/entities.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, once } from './directory-act.ts'
import { activeService } from './second-look.ts'
import { KEPT_SERVICE } from './directory-acts.ts'
import { requireKeeper } from './service-keeper.ts'

export async function rotateService(
  context: ActContext,
  asked: Asked & { readonly name: ServiceName },
): Promise<Service> {
  const { name, caller } = asked
  return context.acts.run(async (tx) => {
    const at = context.clock.now()
    await requireKeeper(tx, caller, name, await tx.service(name, 'update'), at)
    return once(context, tx, asked, KEPT_SERVICE, async () => {
      const rotated: Service = { ...(await activeService(tx, name, 'update')), rotationAskedAt: at }
      await tx.updateService(rotated)
      await audit(context, tx, asked, 'service.rotate', `service:${name}`, {})
      return rotated
    })
  })
}
