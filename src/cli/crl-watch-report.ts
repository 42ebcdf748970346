// How fresh a watched CRL file is: as a line for people, as a JSON file for whoever watches the watcher.
import { PUBLIC, writeAtomically } from './atomic-file.ts'

export interface CrlWatchFigures {
  readonly file: string
  readonly crls: readonly {
    readonly issuer: string
    readonly number: string
    readonly thisUpdate: Date
    readonly nextUpdate: Date | undefined
  }[]
  /** When the file was last known to be the newest there is. */
  readonly lastGood: Date | undefined
  /** In a row. */
  readonly failures: number
  /** Of the last failure. */
  readonly code: string | undefined
  readonly isReloadDue: boolean
  /** Whether news come at once; else it looks now and then. */
  readonly isFollowing: boolean
}

/** When the first of them ends, and with it the file. */
function endOf({ crls }: Pick<CrlWatchFigures, 'crls'>): Date | undefined {
  const ends = crls.flatMap(({ nextUpdate }) => nextUpdate?.getTime() ?? [])
  return ends.length === 0 ? undefined : new Date(Math.min(...ends))
}

export function statusOf(figures: CrlWatchFigures, now: Date): object {
  const end = endOf(figures)
  return {
    ...figures,
    checkedAt: now,
    staleSeconds: figures.lastGood === undefined ? null : secondsBetween(figures.lastGood, now),
    endsAt: end ?? null,
    endsInSeconds: end === undefined ? null : secondsBetween(now, end),
  }
}

export function lineOf(figures: CrlWatchFigures, now: Date): string {
  const { file, lastGood, failures, isReloadDue, isFollowing } = figures
  const end = endOf(figures)
  const parts = [
    end === undefined ? 'no CRL' : `good until ${end.toISOString()}`,
    lastGood === undefined ? 'never up to date' : `up to date ${String(secondsBetween(lastGood, now))} s ago`,
    isFollowing ? 'following' : 'polling',
    ...(failures === 0 ? [] : [`${String(failures)} failures in a row`]),
    ...(isReloadDue ? ['the command has not succeeded'] : []),
  ]
  return `${file}: ${parts.join(', ')}`
}

/** Undefined while there is time enough. */
export function warningOf(figures: CrlWatchFigures, now: Date, warnSeconds: number): string | undefined {
  const end = endOf(figures)
  if (end === undefined) return undefined
  const left = secondsBetween(now, end)
  if (left <= 0) return `${figures.file}: has ENDED at ${end.toISOString()}: what checks it refuses everyone`
  return left <= warnSeconds ? `${figures.file}: ends in ${String(left)} s, at ${end.toISOString()}` : undefined
}

export function writeStatus(file: string | undefined, figures: CrlWatchFigures, now: Date): void {
  if (file !== undefined) writeAtomically(file, `${JSON.stringify(statusOf(figures, now), undefined, 2)}\n`, PUBLIC)
}

function secondsBetween(from: Date, to: Date): number {
  return Math.floor((to.getTime() - from.getTime()) / 1000)
}
