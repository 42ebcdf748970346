// The switch of model access control, by administrators. Turning it off opens every private and restricted group at once, so that
// has to be confirmed; it is audited, and `/v1/status` shows it for as long as it lasts.
import type { ActContext } from './act-context.ts'
import { type Asked, audit, once } from './directory-act.ts'
import { keptAsJson } from './idempotency.ts'
import { ModelRefused } from './model-refused.ts'
import type { AccessSwitch } from './model-store.ts'
import { requireAdministrator } from './second-look.ts'

export interface SwitchState {
  readonly value: AccessSwitch
}

const KEPT_STATE = keptAsJson<SwitchState>()

export async function setAccessControl(
  context: ActContext,
  asked: Asked & SwitchState & { readonly confirmation: 'given' | 'missing' },
): Promise<SwitchState> {
  const { value, confirmation } = asked
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, asked.caller, context.clock.now())
    return once(context, tx, asked, KEPT_STATE, async () => {
      const before = await tx.accessSwitch('update')
      if (before === value) return { value }
      if (value === 'disabled' && confirmation === 'missing') throw new ModelRefused('setting_unconfirmed')
      await tx.setAccessSwitch(value)
      await tx.change({ kind: 'setting', name: 'model-access-control', value })
      await audit(context, tx, asked, 'setting.change', 'setting:model-access-control', { before, value })
      return { value }
    })
  })
}
