// A person's sign-in token as the subject of an exchange (SECURITY rule 12). It names no project: the request does, and what comes of it
// is the person as a member there and nowhere else. It ends to the second, with the session's token (CP §4.15).
import type { Caller } from '../domain/caller.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { TokenRejected } from '../tokens/errors.ts'
import { EnrollmentRefused } from './errors.ts'
import { ExchangeRefused } from './exchange-errors.ts'
import { callerStillGood } from './second-look.ts'
import type { TokenContext } from './token-acts.ts'
import type { SubjectToken } from './token-subject.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export type SessionCaller = Extract<Caller, { readonly kind: 'session' }>

export interface PersonBehind {
  readonly caller: SessionCaller
  /** Of the token, which ends before its session or with it. */
  readonly expiresAt: Date
}

export interface SignInAsSubject {
  readonly project: ProjectName
  /** As every other request of a session is judged: also a token that was kept. Throws `TokenRejected`, `SignInRefused`. */
  readonly personBehind: (token: string) => Promise<PersonBehind>
}

/** Whether the person is a member of the project is looked up under lock. Throws `TokenRejected`, `SignInRefused`. */
export async function signInSubject(
  { clock }: TokenContext,
  token: string,
  { project, personBehind }: SignInAsSubject,
): Promise<SubjectToken> {
  const { caller, expiresAt } = await personBehind(token)
  if (clock.now() >= expiresAt) throw new TokenRejected('token_expired', { claim: 'exp' })
  return {
    subject: { kind: 'project-user', project, user: caller.user },
    expiresAt,
    cnf: undefined,
    from: { kind: 'sign-in', caller },
  }
}

/** In the recording transaction, after the membership: the order in which a block has user and sessions. */
export async function signInStillGood(tx: UnitOfWork, caller: SessionCaller, at: Date): Promise<void> {
  try {
    await callerStillGood(tx, caller, at)
  } catch (error) {
    if (!(error instanceof EnrollmentRefused)) throw error
    throw new ExchangeRefused('subject_token_refused', { reason: 'session_ended' })
  }
}
