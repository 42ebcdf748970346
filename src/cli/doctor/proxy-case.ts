// The cases that can be asked from outside, as data: of the table of hostile requests what one caller can send with what the
// doctor was told, and cases of connections. Each stands beside its benign twin. Sends and judges nothing.
//
// A proxy does not tell Signet of the body: what stands in the body alone is no case here (the sidecar reads it).
import {
  type Call,
  type HostileRequest,
  type HostileWorld,
  plainCall,
  set,
  without,
} from './hostile/hostile-request.ts'
import { SENT_BY_CLIENTS } from './hostile/sent-by-clients.ts'

/** Which certificate the client shows: the caller's, none, one that says the same and is of no CA, or one that was revoked. */
export type Shows = 'own' | 'nothing' | 'foreign' | 'revoked'

export interface Attempt {
  readonly call: Call
  readonly shows: Shows
  /** `resumed`: a TLS session that was made with this certificate is taken up again, where the proxy allows that. */
  readonly session: 'new' | 'resumed'
}

/** Numbers of the list of traps in docs/proxies.md. */
export type ProxyTrap = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 10 | 15

export interface ProxyCase {
  readonly trap: ProxyTrap
  readonly name: string
  readonly hostile: Attempt
  readonly twin: Attempt
  /** A proxy may take the trick out of what it hands on, and allow the rest; of all others nothing may be let through. */
  readonly trick: 'removable' | 'refused'
}

/** What the doctor may be told and need not be. */
export type Needed = keyof typeof OTHERS

/** What is absent cannot be asked about. */
export type KnownWorld = Omit<HostileWorld, Needed> & Partial<Pick<HostileWorld, Needed>>

export interface CasesWanted {
  readonly world: KnownWorld
  /** Whether the unprotected path lets nobody in: otherwise there is none here. */
  readonly unprotected: 'open' | 'closed'
  readonly revoked: 'given' | 'absent'
}

export interface Cases {
  readonly cases: readonly ProxyCase[]
  /** What is missing, and how many cases need it. */
  readonly notAsked: ReadonlyMap<Needed, number>
}

/** Stand for what the doctor was not told, in rows that do not need it. */
const PLACEHOLDERS = {
  gatewayHost: 'gateway.invalid',
  model: 'model',
  otherModel: 'other-model',
  modelHeader: 'x-gateway-model-name',
  apiKey: 'a.b',
} as const satisfies Partial<HostileWorld>

/** Others, to see which rows those are. */
const OTHERS = {
  gatewayHost: 'gateway-2.invalid',
  model: 'model-2',
  otherModel: 'other-model-2',
  modelHeader: 'x-model-2',
  apiKey: 'c.d',
} as const satisfies Partial<HostileWorld>

function isNeeded(name: string): name is Needed {
  return name in OTHERS
}

/** What is told agrees with itself; the body alone, which the doctor does not send, says otherwise. */
const AGAINST_THE_BODY: ReadonlySet<string> = new Set([
  'the header names the right model and the body another',
  'path and body disagree at a gateway',
  'header and body disagree at a gateway',
])

/** Headers that decide something only where a deployment says so. */
const OF_SOME_DEPLOYMENTS = /^X-(Api-Key|Gateway-Model-Name) (twice|and) /

export function proxyCases(wanted: CasesWanted): Cases {
  const notAsked = new Map<Needed, number>()
  const cases: ProxyCase[] = []
  for (const row of SENT_BY_CLIENTS) {
    const missing = missingFor(row, wanted.world)
    if (missing === undefined) cases.push(...caseOf(row, wanted))
    else notAsked.set(missing, (notAsked.get(missing) ?? 0) + 1)
  }
  return { cases: [...ofConnections(wanted), ...cases], notAsked }
}

/** What a row is built from and the doctor was not told: something whose change shows in what is sent. */
function missingFor(row: HostileRequest, world: KnownWorld): Needed | undefined {
  if (OF_SOME_DEPLOYMENTS.test(row.name) && world.modelHeader === undefined) return 'modelHeader'
  const base = { ...PLACEHOLDERS, ...world }
  const absent = Object.keys(OTHERS)
    .filter(isNeeded)
    .filter((name) => world[name] === undefined)
  return absent.find((name) => toldOf(row, base) !== toldOf(row, { ...base, [name]: OTHERS[name] }))
}

function toldOf(row: HostileRequest, world: HostileWorld): string {
  return [row.hostile(world), row.twin(world)].map((call) => told(attemptOf(call, world))).join('\n')
}

/** None where nothing of the trick is left without the body. */
function caseOf(row: HostileRequest, { world, unprotected }: CasesWanted): ProxyCase[] {
  const whole = { ...PLACEHOLDERS, ...world }
  if (AGAINST_THE_BODY.has(row.name) || row.name.startsWith('X-Api-Key ')) return []
  const hostile = attemptOf(row.hostile(whole), whole)
  const isOpen = row.trap === 6 && unprotected === 'open'
  const twin = row.trap === 6 && !isOpen ? plainAttempt(whole) : attemptOf(row.twin(whole), whole)
  if (told(hostile) === told(twin)) return []
  const trick = /^(headers|certificate): /.test(row.refused) && hostile.shows === 'own' ? 'removable' : 'refused'
  return [{ trap: row.trap, name: row.name, hostile, twin, trick }]
}

/** The honest call. */
export function plainAttempt(world: KnownWorld): Attempt {
  const whole = { ...PLACEHOLDERS, ...world }
  return attemptOf(plainCall('client', whole), whole)
}

/** Where the table posts to the model, the doctor gets: it makes no model work. */
function attemptOf(call: Call, world: HostileWorld): Attempt {
  const keeps = call.target === world.unprotectedPath
  const asked: Call = keeps ? call : { ...without(call, 'content-type'), method: 'GET', body: '' }
  return { call: asked, shows: call.shows, session: 'new' }
}

function told({ call: { method, target, headers }, shows }: Attempt): string {
  return JSON.stringify([method, target, shows, headers.filter(([name]) => !/^content-/i.test(name))])
}

function ofConnections({ world, revoked }: CasesWanted): ProxyCase[] {
  const twin = plainAttempt(world)
  const asOther = set(twin.call, ['Signet-Act-As', 'vision__mallory'])
  const one = (trap: ProxyTrap, name: string, change: Partial<Attempt>, honest: Partial<Attempt> = {}): ProxyCase => ({
    trap,
    name,
    hostile: { ...twin, ...change },
    twin: { ...twin, ...honest },
    trick: 'refused',
  })
  return [
    one(1, 'nobody: no certificate, no token, no key', { shows: 'nothing' }),
    one(2, 'a certificate that says the same and is of no CA', { shows: 'foreign' }),
    one(10, 'nobody, right after the caller was allowed the same', { shows: 'nothing' }),
    one(
      15,
      'acting as somebody else on a resumed session',
      { call: asOther, session: 'resumed' },
      { session: 'resumed' },
    ),
    ...(revoked === 'given'
      ? [
          one(15, 'a revoked certificate', { shows: 'revoked' }),
          one(15, 'a revoked certificate on a resumed session', { shows: 'revoked', session: 'resumed' }),
        ]
      : []),
  ]
}
