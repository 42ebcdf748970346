// Who may obtain what a service account holds: an owner of its project, a launcher that lists the project, and the account
// itself. Not a job, not another member, not an administrator (CP §4.2).
import { actorOf, type Caller } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { ServiceAccountName } from '../domain/user-name.ts'
import { profileNamed } from '../ca/policy/policy.ts'
import type { ActContext } from './act-context.ts'
import { endOfExchange } from './exchanged-certificate.ts'
import type { LookedAgain } from './issue-certificate.ts'
import { requireLauncher } from './launcher.ts'
import { activeAccount, callerStillGood, isOwner, notPermitted, refuseReplaced } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export type AccountHolder = Extract<Caller, { readonly kind: 'member' | 'service' | 'account' }>

export interface AskedOfAccount {
  readonly caller: AccountHolder
  readonly project: ProjectName
  readonly account: ServiceAccountName
}

/** The kinds of caller that could be allowed; the rest is looked up under lock. Throws `EnrollmentRefused`. */
export function accountHolder(caller: Caller): AccountHolder {
  if (caller.kind === 'member' || caller.kind === 'service' || caller.kind === 'account') return caller
  throw notPermitted(caller)
}

/**
 * Looked up under lock, the account too. Renewals of what a launcher obtained end with the longest life of one certificate:
 * its grant is not for longer; those of what an owner obtained never end, unless a token of a trusted issuer made the owner known. A renewal is answered for by whoever obtained the first one. Throws `EnrollmentRefused`,
 * `DirectoryRefused`.
 */
export async function accountGrant(context: ActContext, tx: UnitOfWork, asked: AskedOfAccount): Promise<LookedAgain> {
  const granted = await grantTo(context, tx, asked)
  await activeAccount(tx, asked.project, asked.account, 'share')
  return granted
}

async function grantTo(
  context: ActContext,
  tx: UnitOfWork,
  { caller, project, account }: AskedOfAccount,
): Promise<LookedAgain> {
  const at = context.clock.now()
  switch (caller.kind) {
    case 'member':
      if (!(await isOwner(tx, caller, project, at))) throw notPermitted(caller)
      return { renewUntil: await endOfExchange(tx, caller.certificate.serial, at), requester: actorOf(caller) }
    case 'service': {
      await requireLauncher(tx, caller, project, at)
      const { maxSeconds } = profileNamed(context.policy, 'service-account').lifetime
      return { renewUntil: addSeconds(at, maxSeconds), requester: actorOf(caller) }
    }
    case 'account': {
      if (caller.project !== project || caller.account !== account) throw notPermitted(caller)
      const before = await callerStillGood(tx, caller, at)
      refuseReplaced(before)
      const record = await tx.certificate(caller.certificate.serial, 'share')
      return { renewUntil: before?.renewUntil, requester: record?.requester ?? actorOf(caller) }
    }
    default:
      return caller satisfies never
  }
}
