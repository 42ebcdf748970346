// What only the confirmation of a restore writes (enrollment/restore-store.ts).
import type { IssuerId } from '../domain/issuer-id.ts'
import type { RestoreStore } from '../enrollment/restore-store.ts'
import type { Session } from './session.ts'

export function restoreTable(session: Session): RestoreStore {
  const raise = session.prepareChange((p: { issuer: IssuerId; number: number }) =>
    session.sql
      .updateTable('crls')
      // The bytes that are there are those of another number.
      .set({ number: p.number, der: null, signature: null })
      .where('issuer', '=', p.issuer)
      .where('number', '<', p.number),
  )
  return {
    raiseCrlNumbers: async (issuer, number) => {
      await raise({ issuer, number })
    },
  }
}
