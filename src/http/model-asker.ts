// Who asks about models over HTTP: the caller as everywhere; a superadmin by the certificate of this very connection; and in test
// installations, on OpenSearch's paths alone, a name and a password (RFC 7617).
import type { MlAction } from '../access/ml-permissions.ts'
import { recogniseSuperadmin } from '../access/recognise.ts'
import type { UserName } from '../domain/user-name.ts'
import type { AskedOfModels, ModelContext } from '../enrollment/model-act.ts'
import type { ModelAsker } from '../enrollment/model-asker.ts'
import { type ModelReading, openReading } from '../enrollment/model-views.ts'
import { callerFrom, nowOf, shownFacts } from './authenticate.ts'
import { clientAddressOf } from './client-address.ts'
import type { ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'
import { type ApiContext, callerIn, idempotentRequestOf, originOf } from './route.ts'

/** Throws what `callerIn` throws. */
async function modelAskerIn(parts: ApiParts, context: ApiContext): Promise<ModelAsker> {
  const authorization = context.req.header('authorization')
  if (authorization === undefined && context.get('listener') === 'programs') {
    const facts = shownFacts(parts, context.get('socket'))
    const found = facts === 'absent' ? facts : recogniseSuperadmin(parts.snapshot, facts, nowOf(parts))
    // One that does not hold is refused where every certificate is.
    if (found !== 'absent' && found.kind === 'recognised') {
      return { kind: 'superadmin', caller: callerFrom(found.certificate) }
    }
  }
  const isPassword = authorization?.startsWith('Basic ') === true && context.req.path.startsWith('/_plugins/')
  if (isPassword && parts.testPasswords !== 'off') {
    return byPassword(parts, context, authorization)
  }
  return { kind: 'caller', caller: await callerIn(parts, context) }
}

export async function askedOfModels(parts: ApiParts, context: ApiContext): Promise<AskedOfModels> {
  const asker = await modelAskerIn(parts, context)
  return { asker, idempotent: await idempotentRequestOf(context), origin: originOf(context) }
}

export function modelContextOf({ context, snapshot }: ApiParts): ModelContext {
  return { ...context, accessRules: () => snapshot.rules }
}

/** Looks in one consistent view, as whoever asks. Throws `ModelRefused`. */
export async function readModels<Result>(
  parts: ApiParts,
  context: ApiContext,
  action: MlAction,
  look: (reading: ModelReading) => Promise<Result>,
): Promise<Result> {
  const asker = await modelAskerIn(parts, context)
  return parts.reader.read(async (view) => look(await openReading(view, asker, parts.snapshot.rules, action)))
}

/** A certificate beside it would be a second principal. */
async function byPassword(parts: ApiParts, context: ApiContext, authorization: string): Promise<ModelAsker> {
  if (shownFacts(parts, context.get('socket')) !== 'absent') throw new HttpRefused('credential_conflict')
  const [name = '', password = ''] = decoded(authorization)
  const attempt = { kind: 'sign-in', credential: name, address: clientAddressOf(context.get('socket')) } as const
  return parts.credentialLimit.run(attempt, async () => {
    const user = await verifiedUser(parts, name, password)
    if (user === undefined) throw new HttpRefused('sign_in_refused')
    return { kind: 'password', user }
  })
}

async function verifiedUser(parts: ApiParts, name: string, password: string): Promise<UserName | undefined> {
  if (parts.testPasswords === 'off') return undefined
  const user = parts.snapshot.user(name)
  const kept = user && (await parts.reader.read((view) => view.internalUser(user.name)))
  const isRight = await parts.testPasswords.verify(password, kept?.passwordHash)
  return isRight && user?.status === 'active' ? user.name : undefined
}

function decoded(authorization: string): readonly string[] {
  const text = Buffer.from(authorization.slice('Basic '.length), 'base64').toString()
  const colon = text.indexOf(':')
  return colon === -1 ? [] : [text.slice(0, colon), text.slice(colon + 1)]
}
