// One event for every act, written in the same transaction as the act. Facts only: no secret, no key, no token.
import type { Facts } from './coded-error.ts'

export type AuditAct =
  | 'installation.init'
  | 'user.add'
  | 'user.block'
  | 'user.unblock'
  | 'user.promote'
  | 'user.demote'
  | 'user.delete'
  | 'user.quota'
  | 'user.link'
  | 'user.unlink'
  | 'user.sign-in'
  | 'user.sign-out'
  | 'session.end'
  | 'project.add'
  | 'project.delete'
  | 'member.add'
  | 'member.remove'
  | 'member.role'
  | 'directory.sync'
  | 'directory.wait'
  | 'account.add'
  | 'account.remove'
  | 'service.add'
  | 'service.update'
  | 'service.remove'
  | 'service.rotate'
  | 'deployment.put'
  | 'deployment.groups'
  | 'deployment.delete'
  | 'proxy.put'
  | 'proxy.delete'
  | 'enrolment.create'
  | 'enrolment.spend'
  | 'api-key.create'
  | 'api-key.update'
  | 'api-key.delete'
  | 'certificate.issue'
  | 'certificate.revoke'
  | 'certificate.hold'
  | 'certificate.release'
  | 'certificate.replace'
  | 'requester.revoke'
  | 'job.start'
  | 'job.finish'
  | 'lease.pause'
  | 'lease.resume'
  | 'lease.confirm'
  | 'token.issue'
  | 'token.exchange'
  | 'token.revoke'
  | 'token-key.add'
  | 'token-key.remove'
  | 'master-key.begin'
  | 'master-key.rotate'
  | 'project.settings'
  | 'key.keep'
  | 'key.hand-over'
  | 'crl.publish'
  | 'issuer.add'

export interface AuditEvent {
  readonly at: Date
  /** Who acted: `member:PROJECT__USER`, `service:NAME`, `admin:USER`, `offline:admin`, `system`. */
  readonly actor: string
  readonly act: AuditAct
  /** What it was done to: `certificate:01ab…`, `member:PROJECT__USER`. */
  readonly object: string
  readonly requestId: string
  readonly details: Facts
}
