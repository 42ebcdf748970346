// Who a token that somebody brings speaks for: one of ours by its claims, one of a trusted issuer by the mapping of its entry (a sign-in
// token: sign-in-subject.ts). And whether that identity is still there, under lock.
import { parseServiceName } from '../domain/dns-name.ts'
import { parseProjectName, type ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import { parseServiceAccountName, parseUserName, type ServiceAccountName, type UserName } from '../domain/user-name.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import { TokenRejected } from '../tokens/errors.ts'
import type { PermittedActor, TokenActor } from '../tokens/token-actor.ts'
import type { TokenClaims, TokenSubject } from '../tokens/token-claims.ts'
import { claimedIssuer, mappedIdentity, verifyForeignToken } from '../tokens/verify-foreign-token.ts'
import type { TrustedIssuer } from '../tokens/trusted-issuer.ts'
import type { TokenExpectations } from '../tokens/verify-token.ts'
import { activeAccount, activeMembership, activeService } from './second-look.ts'
import type { SessionCaller } from './sign-in-subject.ts'
import { type TokenContext, verifyOwnToken } from './token-acts.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface SubjectToken {
  readonly subject: TokenSubject
  readonly expiresAt: Date
  /** The certificate that it is bound to, as `x5t#S256`; the connection has shown it. */
  readonly cnf: string | undefined
  readonly from:
    | {
        readonly kind: 'own'
        readonly jti: string
        readonly actor: TokenActor | undefined
        readonly permittedActor: PermittedActor | undefined
      }
    | { readonly kind: 'sign-in'; readonly caller: SessionCaller }
    | { readonly kind: 'trusted'; readonly issuer: TrustedIssuer; readonly sub: string }
}

type PresentedWith = Exclude<TokenExpectations['presentedWith'], { readonly kind: 'not-seen' }>

/** Good, for Signet, and bound to nothing but this connection. Throws `TokenRejected`, `IssuerUnreachable`, `SubjectUnmapped`. */
export async function judgeSubjectToken(
  context: TokenContext,
  token: string,
  presentedWith: PresentedWith,
): Promise<SubjectToken> {
  const issuer = context.trustedIssuers.get(claimedIssuer(token) ?? '')
  if (issuer !== undefined) return trustedSubject(context, token, issuer, presentedWith)
  const audience = { kind: 'one-of', names: [context.tokenIssuer] } as const
  const { claims } = await verifyOwnToken(context, token, { audience, presentedWith })
  const { jti, act, may_act: permittedActor, cnf, exp } = claims
  return {
    subject: ownSubject(context, claims),
    expiresAt: new Date(exp * 1000),
    cnf: cnf?.['x5t#S256'],
    from: { kind: 'own', jti, actor: act, permittedActor },
  }
}

async function trustedSubject(
  context: TokenContext,
  token: string,
  issuer: TrustedIssuer,
  presentedWith: PresentedWith,
): Promise<SubjectToken> {
  const verified = await verifyForeignToken(token, issuer, context.clock.now())
  const cnf = verified.cnf?.['x5t#S256']
  const isBoundElsewhere = presentedWith.kind === 'none' || presentedWith.thumbprint !== cnf
  if (cnf !== undefined && isBoundElsewhere) throw new TokenRejected('token_binding')
  const { project, who } = mappedIdentity(verified)
  return {
    subject: { kind: 'project-user', project, user: who.name },
    expiresAt: verified.expiresAt,
    cnf,
    from: { kind: 'trusted', issuer, sub: verified.sub },
  }
}

function ownSubject({ policy }: TokenContext, { project, user, job, sub }: TokenClaims): TokenSubject {
  if (project === undefined || user === undefined) {
    return { kind: 'service', name: parseServiceName(sub, policy.names) }
  }
  return {
    kind: 'project-user',
    project: parseProjectName(project, policy.names),
    user: isAccount(user, policy.names.serviceAccountPrefix)
      ? parseServiceAccountName(user, policy.names)
      : parseUserName(user, policy.names),
    ...(job === undefined ? {} : { job }),
  }
}

/** The subject as an actor: what ends that, ends its tokens. */
export function holderOf({ policy }: TokenContext, subject: TokenSubject): string {
  if (subject.kind === 'service') return `service:${subject.name}`
  if (subject.job !== undefined) return `job:${subject.job}`
  const kind = isAccount(subject.user, policy.names.serviceAccountPrefix) ? 'account' : 'member'
  return `${kind}:${projectUserName(subject.project, subject.user, policy.names)}`
}

export type ProjectIdentity =
  | { readonly kind: 'member'; readonly project: ProjectName; readonly user: UserName }
  | { readonly kind: 'account'; readonly project: ProjectName; readonly account: ServiceAccountName }

/** A member or an account by its parts; a job's token speaks for the member or account that it runs for. */
export function projectIdentity(
  { policy }: TokenContext,
  { project, user }: Extract<TokenSubject, { readonly kind: 'project-user' }>,
): ProjectIdentity {
  return isAccount(user, policy.names.serviceAccountPrefix)
    ? { kind: 'account', project, account: parseServiceAccountName(user, policy.names) }
    : { kind: 'member', project, user: parseUserName(user, policy.names) }
}

/** Throws `DirectoryRefused` when the subject has ended. */
export async function subjectStillActive(tx: UnitOfWork, context: TokenContext, subject: TokenSubject): Promise<void> {
  if (subject.kind === 'service') {
    await activeService(tx, subject.name, 'share')
    return
  }
  const identity = projectIdentity(context, subject)
  if (identity.kind === 'member') await activeMembership(tx, identity.project, identity.user, 'share')
  else await activeAccount(tx, identity.project, identity.account, 'share')
  if (subject.job === undefined) return
  const job = await tx.job(subject.job, 'share')
  if (job?.status !== 'active') throw new DirectoryRefused('job_finished', { job: subject.job })
}

function isAccount(name: string, prefix: string): name is ServiceAccountName {
  return name.startsWith(prefix)
}
