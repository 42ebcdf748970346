// The record of acts: written by group commit, read newest first.
import type { AuditEvent } from '../domain/audit-event.ts'
import type { Facts } from '../domain/coded-error.ts'
import type { Page, PageRequest } from '../domain/transactions.ts'
import { instantOf } from './columns.ts'
import { readPage } from './cursor.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export interface AuditLog {
  /** Newest first. Throws `CursorRejected`. */
  listAudit(page: PageRequest): Promise<Page<AuditEvent>>
}

type AuditRow = Omit<Schema['audit_events'], 'position'>

export function auditTable(session: Session): AuditLog {
  const list = session.prepare((p: { before: number; limit: number }) =>
    session.sql
      .selectFrom('audit_events')
      .selectAll()
      .where('position', '<', p.before)
      .orderBy('position', 'desc')
      .limit(p.limit),
  )
  return {
    listAudit: (page) =>
      readPage(page, {
        name: 'audit',
        start: [Number.MAX_SAFE_INTEGER] as const,
        fetch: ([before], limit) => list({ before, limit }),
        keyOf: (row) => [row.position] as const,
        itemOf: auditEventOf,
      }),
  }
}

export function auditRow({ at, actor, act, object, requestId, details }: AuditEvent): AuditRow {
  return { at: at.getTime(), actor, act, object, request_id: requestId, details: JSON.stringify(details) }
}

function auditEventOf({ at, actor, act, object, request_id, details }: AuditRow): AuditEvent {
  return { at: instantOf(at), actor, act, object, requestId: request_id, details: JSON.parse(details) as Facts }
}
