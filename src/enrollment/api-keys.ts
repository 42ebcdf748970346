// API keys (CP §4.14): a user's own, for programs that read. Made by a person with a certificate or a sign-in, shown once, kept as
// a hash. A key buys nothing, and neither outlives nor outranks what it was made with.
import { apiKeyHash, type ApiKeyReach, MAX_API_KEY_NAME } from '../domain/api-key.ts'
import { type ApiScope, PRIVILEGED_SCOPES } from '../domain/api-scope.ts'
import { actorOf, type Caller } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { CertificateStanding } from '../ca/inventory.ts'
import type { ActContext } from './act-context.ts'
import type { ApiKeyRecord } from './api-key-store.ts'
import { type Asked, audit } from './directory-act.ts'
import { apiKeyChange, endApiKeys } from './end-api-keys.ts'
import { EnrollmentRefused } from './errors.ts'
import { refuseStaleSignIn } from './fresh-sign-in.ts'
import { requireReachedDeployments } from './key-deployments.ts'
import { onceFor } from './idempotency.ts'
import { callerStillGood, notPermitted, refuseReplaced, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** 96 bits find the key, 256 bits are its secret, 128 bits salt its hash. */
const [PREFIX_BYTES, SECRET_BYTES, SALT_BYTES] = [12, 32, 16]

/** Who may hold keys: a person, by what they prove themselves with. */
export type Maker = Extract<Caller, { readonly kind: 'member' | 'admin' | 'session' }>

export interface WantedApiKey {
  readonly name: string
  readonly scopes: readonly ApiScope[]
  /** Deployments that it may call. */
  readonly deployments: readonly DeploymentName[] | 'all'
  /** Undefined: as late as may be. */
  readonly expiresAt: Date | undefined
}

export interface MadeApiKey {
  readonly record: ApiKeyRecord
  /** Told once: `prefix.secret`. */
  readonly value: string
}

/** Throws `EnrollmentRefused`, `NameTaken`, `SignInRefused`. */
export async function createApiKey(context: ActContext, asked: Asked & WantedApiKey): Promise<MadeApiKey> {
  refuseMisnamed(asked)
  const maker = makerOf(asked.caller)
  refuseStaleSignIn(context, maker)
  return context.acts.run(async (tx) => {
    const now = context.clock.now()
    // For update: of two at once, the second counts the first one's key. Whoever blocks the user holds the same row.
    await tx.user(maker.user, 'update')
    const standing = await callerStillGood(tx, maker, now)
    refuseReplaced(standing)
    await refuseOutranking(tx, maker, asked.scopes, now)
    await requireReachedDeployments(tx, { user: maker.user, reach: reachOf(maker) }, asked.deployments)
    return onceFor(context, tx, actorOf(maker), asked.idempotent, 'secret', async () => {
      await refuseTooMany(context, tx, maker)
      const latest = latestEnd(context, maker, standing, now)
      return keep(context, tx, asked, maker, expiryOf(asked.expiresAt, now, latest))
    })
  })
}

/** The caller's own that it reaches, by name. Throws `EnrollmentRefused`. */
export async function listApiKeys(context: ActContext, caller: Caller): Promise<readonly ApiKeyRecord[]> {
  const maker = makerOf(caller)
  return context.acts.run(async (tx) => {
    await callerStillGood(tx, maker, context.clock.now())
    return reachable(tx, maker)
  })
}

/** One by its name, or all, of the caller's own that it reaches. Throws `EnrollmentRefused`. */
export async function deleteApiKeys(
  context: ActContext,
  asked: Asked & { readonly which: { readonly kind: 'all' } | { readonly kind: 'named'; readonly name: string } },
): Promise<void> {
  const maker = makerOf(asked.caller)
  const { which, origin } = asked
  await context.acts.run(async (tx) => {
    const at = context.clock.now()
    await callerStillGood(tx, maker, at)
    const nothing = { encode: () => '', decode: () => undefined }
    await onceFor(context, tx, actorOf(maker), asked.idempotent, nothing, async () => {
      const found = (await reachable(tx, maker)).filter(({ name }) => which.kind === 'all' || name === which.name)
      if (which.kind === 'named' && found.length === 0) throw new EnrollmentRefused('api_key_unknown')
      for (const { prefix } of found)
        await endApiKeys(tx, { kind: 'one', prefix }, { at, actor: actorOf(maker), origin })
      return undefined
    })
  })
}

/** What it may change: all of its own that it reaches. */
export async function reachable(tx: UnitOfWork, maker: Maker): Promise<readonly ApiKeyRecord[]> {
  const own = reachOf(maker)
  return (await tx.apiKeysOf(maker.user)).filter(({ reach }) => own.kind === 'user' || sameReach(own, reach))
}

function sameReach(a: ApiKeyReach, b: ApiKeyReach): boolean {
  return a.kind === b.kind && (a.kind !== 'project' || b.kind !== 'project' || a.project === b.project)
}

export function makerOf(caller: Caller): Maker {
  if (caller.kind === 'member' || caller.kind === 'admin' || caller.kind === 'session') return caller
  throw notPermitted(caller)
}

function reachOf(maker: Maker): ApiKeyReach {
  switch (maker.kind) {
    case 'admin':
      return { kind: 'platform' }
    case 'member':
      return { kind: 'project', project: maker.project }
    case 'session':
      return { kind: 'user' }
    default:
      return maker satisfies never
  }
}

function refuseMisnamed({ name, scopes }: Pick<WantedApiKey, 'name' | 'scopes'>): void {
  if (name.trim() === '') throw new EnrollmentRefused('api_key_name_empty')
  if (name.length > MAX_API_KEY_NAME) {
    throw new EnrollmentRefused('api_key_name_too_long', { maxCharacters: MAX_API_KEY_NAME })
  }
  if (scopes.length === 0) throw new EnrollmentRefused('api_key_scopes_empty')
}

/** Scopes for administrators go to whoever may act as one now: an administrator's own membership certificate may not. */
export async function refuseOutranking(
  tx: UnitOfWork,
  maker: Maker,
  scopes: readonly ApiScope[],
  at: Date,
): Promise<void> {
  const scope = scopes.find((wanted) => PRIVILEGED_SCOPES.has(wanted))
  if (scope === undefined) return
  try {
    await requireAdministrator(tx, maker, at)
  } catch (error) {
    if (error instanceof EnrollmentRefused && error.code === 'not_permitted') {
      throw new EnrollmentRefused('api_key_scope_privileged', { scope })
    }
    throw error
  }
}

async function refuseTooMany({ policy }: ActContext, tx: UnitOfWork, { user }: Maker): Promise<void> {
  const { maxPerUser } = policy.credentials.apiKey
  if ((await tx.apiKeysOf(user)).length >= maxPerUser) throw new EnrollmentRefused('api_key_too_many', { maxPerUser })
}

/** No key outlives what its maker could go on with: a certificate without renewals, or the renewals after a sign-in. */
export function latestEnd(
  { policy }: ActContext,
  maker: Maker,
  standing: CertificateStanding | undefined,
  now: Date,
): Date {
  const { apiKey, renewalSeconds } = policy.credentials
  const ofPolicy = addSeconds(now, apiKey.maxSeconds)
  const ofMaker =
    maker.kind === 'session'
      ? addSeconds(maker.signedInAt, renewalSeconds)
      : (standing?.renewUntil ?? maker.certificate.notAfter)
  return ofMaker < ofPolicy ? ofMaker : ofPolicy
}

function expiryOf(wanted: Date | undefined, now: Date, latest: Date): Date {
  if (wanted === undefined) return latest
  if (wanted > now && wanted <= latest) return wanted
  throw new EnrollmentRefused('api_key_expiry_rejected', { latest: latest.toISOString() })
}

async function keep(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked & WantedApiKey,
  maker: Maker,
  expiresAt: Date,
): Promise<MadeApiKey> {
  const [prefix, secret] = [randomText(context, PREFIX_BYTES), randomText(context, SECRET_BYTES)]
  const salt = Buffer.from(context.random(SALT_BYTES)).toString('hex')
  const record: ApiKeyRecord = {
    prefix,
    user: maker.user,
    name: asked.name,
    salt,
    hash: apiKeyHash(secret, salt),
    scopes: [...new Set(asked.scopes)],
    reach: reachOf(maker),
    deployments: asked.deployments,
    createdBy: actorOf(maker),
    createdWith: maker.kind === 'session' ? `session:${maker.sessionId}` : maker.certificate.serial,
    createdAt: context.clock.now(),
    expiresAt,
  }
  await tx.insertApiKey(record)
  await tx.change(apiKeyChange(record, 'active'))
  const { user, name, scopes, reach, deployments } = record
  const details = { user, name, scopes, reach: reach.kind, deployments, expiresAt: expiresAt.toISOString() }
  await audit(context, tx, asked, 'api-key.create', `api-key:${prefix}`, details)
  return { record, value: `${prefix}.${secret}` }
}

function randomText({ random }: ActContext, bytes: number): string {
  return Buffer.from(random(bytes)).toString('base64url')
}
