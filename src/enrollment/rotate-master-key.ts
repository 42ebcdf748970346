// Takes every sealed key from one master key to the next while the service runs (CP §6.2.4). First the database says that the
// next key seals: what seals holds that row for `share`, so nothing comes under the old key afterwards. Then every row is
// re-wrapped, some at a time, each by compare-and-swap. Stopped at any point, each row opens under one of the two keys, and
// the next run goes on. The processes that serve must hold both keys until it is done.
import { randomUUID } from 'node:crypto'
import type { DataKeyUse, KeyStore } from '../ca/keystore/key-store.ts'
import type { Clock } from '../domain/clock.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { Recording, Transactions } from '../domain/transactions.ts'
import { KeyRejected } from '../x509/public-key.ts'
import { CertificateRejected } from '../x509/tbs-certificate.ts'
import { SealBroken } from '../ca/keystore/errors.ts'
import type { InstallationStore } from './installation-store.ts'
import { contextOf, nameOf } from './sealed-keys.ts'
import {
  SEALED_KINDS,
  type SealedKeyStore,
  type SealedKind,
  type SealedPlace,
  type SealedRow,
} from './sealed-key-store.ts'

export type RotationErrorCode =
  'master_key_next_missing' | 'master_key_same' | 'rotation_running' | 'rotation_stopped' | 'sealed_keys_broken'

export class RotationRefused extends CodedError<RotationErrorCode> {}

/** What a rotation works on; `acquireLease` makes it the only one. */
export interface RotationTx extends Recording, SealedKeyStore, Pick<InstallationStore, 'sealingKey' | 'setSealingKey'> {
  acquireLease(name: string, holder: string, at: Date, seconds: number): Promise<object | undefined>
  releaseLease(name: string, holder: string, at: Date): Promise<void>
}

/** What it takes to see how far a rotation is. */
export interface Looking {
  readonly reader: { read<Result>(look: (view: RotationView) => Promise<Result>): Promise<Result> }
  readonly keyStore: KeyStore
  readonly installation: string
  /** Rows that are read at once, and written in one transaction. */
  readonly batchRows: number
}

export type RotationView = Pick<SealedKeyStore, 'sealedKeys'> & Pick<InstallationStore, 'sealingKey'>

export interface RotationMeans extends Looking {
  readonly acts: Transactions<RotationTx>
  readonly clock: Clock
  /** Who does it, as audit events write it. */
  readonly actor: string
  /** Between two batches the database is the service's. */
  readonly pause: (milliseconds: number) => Promise<void>
  /** Ends the rotation after the batch that is going on. */
  readonly stop: AbortSignal
  readonly onProgress: (counts: Counts) => void
}

/** Rows of one kind: those that were re-sealed, those that needed nothing, and those that neither key opens. */
export interface KindCounts {
  readonly resealed: number
  readonly current: number
  readonly broken: readonly string[]
}

export type Counts = Readonly<Record<SealedKind, KindCounts>>

export interface Rotated {
  /** Ids of master keys. `from` sealed when it began; it is `to` when a run that was stopped is finished. */
  readonly from: string
  readonly to: string
  readonly counts: Counts
}

/** Some hundredths of a second of writing, for which the service waits on SQLite; each batch waits for its turn about as long. */
export const BATCH_ROWS = 500

const LEASE = 'master-key-rotation'
/** Many times what a batch takes. A run that was killed keeps the next one waiting for so long. */
const LEASE_SECONDS = 5

const NONE: KindCounts = { resealed: 0, current: 0, broken: [] }
const NOTHING: Counts = {
  issuer: NONE,
  server: NONE,
  snapshot: NONE,
  responder: NONE,
  token: NONE,
  member: NONE,
  connector: NONE,
}

/**
 * Goes through until a pass finds nothing left. Throws `RotationRefused`: `master_key_next_missing`, `master_key_same`,
 * `rotation_running`; `rotation_stopped` when told to stop; `sealed_keys_broken` with the names of the rows that neither key
 * opens, after all others were re-sealed.
 */
export async function rotateMasterKey(means: RotationMeans, dataKey: DataKeyUse): Promise<Rotated> {
  const { acts, clock } = means
  const to = nextKey(means.keyStore)
  const run: Run = { means, to, holder: randomUUID() }
  const from = await begin(run, dataKey)
  try {
    let done = await pass(run, dataKey)
    while (rewritten((await planRotation(means)).counts) > 0) done = joined(done, await pass(run, 'kept'))
    await finish(run, done)
    return { from, to, counts: done }
  } finally {
    await acts.run((tx) => tx.releaseLease(LEASE, run.holder, clock.now()))
  }
}

/** What a rotation would find, with nothing written. Throws `RotationRefused`. */
export async function planRotation(means: Looking): Promise<Rotated> {
  const to = nextKey(means.keyStore)
  const from = await means.reader.read((view) => view.sealingKey('none'))
  let counts = NOTHING
  for (const kind of SEALED_KINDS) {
    for await (const rows of pagesOf(means, kind)) {
      for (const row of rows) counts = counted(counts, kind, lookAt(means, to, row, 'kept'))
    }
  }
  return { from, to, counts }
}

interface Run {
  readonly means: RotationMeans
  readonly to: string
  readonly holder: string
}

function nextKey({ masterKeys: [first, next] }: KeyStore): string {
  if (next === undefined) throw new RotationRefused('master_key_next_missing', { setting: 'masterKey.nextFile' })
  if (next === first) throw new RotationRefused('master_key_same', { masterKey: first })
  return next
}

/** From here on nothing is sealed under the old key: whoever was about to has committed. Gives the key that sealed before. */
function begin({ means, to, holder }: Run, dataKeys: DataKeyUse): Promise<string> {
  const { acts, clock, actor } = means
  return acts.run(async (tx) => {
    const at = clock.now()
    await holdLease(tx, holder, at)
    const from = await tx.sealingKey('update')
    if (from !== to) await tx.setSealingKey(to)
    const details = { from, to, dataKeys }
    await tx.audit({ at, actor, act: 'master-key.begin', object: `master-key:${to}`, requestId: '', details })
    return from
  })
}

async function holdLease(tx: RotationTx, holder: string, at: Date): Promise<void> {
  if ((await tx.acquireLease(LEASE, holder, at, LEASE_SECONDS)) !== undefined) return
  throw new RotationRefused('rotation_running', { retryAfterSeconds: LEASE_SECONDS })
}

/** Every row once. */
async function pass(run: Run, dataKey: DataKeyUse): Promise<Counts> {
  const { means } = run
  let counts = NOTHING
  for (const kind of SEALED_KINDS) {
    for await (const rows of pagesOf(means, kind)) {
      if (means.stop.aborted) throw new RotationRefused('rotation_stopped', { done: rewritten(counts) })
      const outcomes = rows.map((row) => lookAt(means, run.to, row, dataKey))
      await swap(run, rows, outcomes)
      for (const outcome of outcomes) counts = counted(counts, kind, outcome)
      means.onProgress(counts)
    }
  }
  return counts
}

/** Only this holds up the service, so it holds nothing but the writing; afterwards it is the service's turn for as long. */
async function swap(run: Run, rows: readonly SealedRow[], outcomes: readonly Outcome[]): Promise<void> {
  if (!outcomes.some(({ kind }) => kind === 'resealed')) return
  const { acts, clock, pause } = run.means
  const began = await acts.run(async (tx) => {
    // From here on others wait; until here this waited for them.
    const holding = clock.monotonicMilliseconds()
    await holdLease(tx, run.holder, clock.now())
    // Another rotation, to another key, has begun since.
    if ((await tx.sealingKey('share')) !== run.to) throw new RotationRefused('rotation_running', { to: run.to })
    for (const [index, row] of rows.entries()) {
      const outcome = outcomes[index]
      // A row that changed meanwhile was sealed under the new key, or is gone.
      if (outcome?.kind === 'resealed') await tx.replaceSealedKey(row, outcome.sealedKey)
    }
    return holding
  })
  await pause(clock.monotonicMilliseconds() - began)
}

type Outcome =
  | { readonly kind: 'resealed'; readonly sealedKey: Uint8Array }
  | { readonly kind: 'current' }
  | { readonly kind: 'broken'; readonly name: string }

/** The seal does not hold, or the certificate that says whose key it is cannot be read. */
const BROKEN = [SealBroken, CertificateRejected, KeyRejected]

/** What neither key opens stays as it is: it is named, and never written over. */
function lookAt({ keyStore, installation }: Looking, to: string, row: SealedRow, dataKey: DataKeyUse): Outcome {
  try {
    const sealedKey = keyStore.reseal(row.sealedKey, contextOf(installation, row.place), to, dataKey)
    return sealedKey === 'current' ? { kind: 'current' } : { kind: 'resealed', sealedKey }
  } catch (error) {
    if (!BROKEN.some((refusal) => error instanceof refusal)) throw error
    return { kind: 'broken', name: nameOf(row.place) }
  }
}

async function finish({ means, to }: Run, counts: Counts): Promise<void> {
  const { acts, clock, actor } = means
  const broken = SEALED_KINDS.flatMap((kind) => counts[kind].broken)
  const details = { resealed: rewritten(counts), broken: broken.length }
  await acts.run((tx) =>
    tx.audit({
      at: clock.now(),
      actor,
      act: 'master-key.rotate',
      object: `master-key:${to}`,
      requestId: '',
      details,
    }),
  )
  if (broken.length === 0) return
  throw new RotationRefused('sealed_keys_broken', {
    ...details,
    rows: broken.slice(0, NAMED_AT_MOST),
    fix: 'keep the old master key; restore these rows from a backup, or replace the keys, and run it again',
  })
}

/** Rows that one refusal names. */
const NAMED_AT_MOST = 100

async function* pagesOf({ reader, batchRows }: Looking, kind: SealedKind) {
  let after: SealedPlace | undefined
  do {
    const rows = await reader.read((view) => view.sealedKeys(kind, after, batchRows))
    yield rows
    after = rows.length < batchRows ? undefined : rows.at(-1)?.place
  } while (after !== undefined)
}

function counted(counts: Counts, kind: SealedKind, outcome: Outcome): Counts {
  const of = counts[kind]
  switch (outcome.kind) {
    case 'resealed':
      return { ...counts, [kind]: { ...of, resealed: of.resealed + 1 } }
    case 'current':
      return { ...counts, [kind]: { ...of, current: of.current + 1 } }
    case 'broken':
      return { ...counts, [kind]: { ...of, broken: [...of.broken, outcome.name] } }
    default:
      return outcome satisfies never
  }
}

export function rewritten(counts: Counts): number {
  return SEALED_KINDS.reduce((sum, kind) => sum + counts[kind].resealed, 0)
}

/** What was re-sealed in both passes; what needed nothing in the first, and what is broken in the last. */
function joined(before: Counts, last: Counts): Counts {
  const of = (kind: SealedKind): KindCounts => ({
    resealed: before[kind].resealed + last[kind].resealed,
    current: before[kind].current,
    broken: last[kind].broken,
  })
  return {
    issuer: of('issuer'),
    server: of('server'),
    snapshot: of('snapshot'),
    responder: of('responder'),
    token: of('token'),
    member: of('member'),
    connector: of('connector'),
  }
}
