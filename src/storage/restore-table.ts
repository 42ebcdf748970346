// What only the confirmation of a restore writes (enrollment/restore-store.ts).
import type { IssuerId } from '../domain/issuer-id.ts'
import type { RestoreStore } from '../enrollment/restore-store.ts'
import type { Session } from './session.ts'

export function restoreTable(session: Session): RestoreStore {
  const raise = session.prepareChange((p: { issuer: IssuerId; number: number }) =>
    session.sql
      .updateTable('crls')
      .set({ number: p.number })
      .where('issuer', '=', p.issuer)
      .where('number', '<', p.number),
  )
  return {
    raiseCrlNumbers: async (issuer, number) => {
      await raise({ issuer, number })
    },
  }
}
