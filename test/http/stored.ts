// What is stored and signed: the inventory, the newest act in the audit record, and the lines of the journal. A refusal
// leaves all three as they were.
import { expect } from 'vitest'
import { readJournal } from '../../src/storage/journal.ts'
import type { TestService } from '../support/test-service.ts'

export interface Stored {
  readonly serials: readonly string[]
  readonly newestAct: unknown
  readonly journalLines: number
}

export async function stored(service: TestService): Promise<Stored> {
  const inventory = await service.get('/v1/certificates?limit=1000', service.admin)
  const audit = await service.get('/v1/audit?limit=100', service.admin)
  const certificates = inventory.json['certificates'] as { serial: string }[]
  const events = audit.json['events'] as { act: string }[]
  return {
    serials: certificates.map(({ serial }) => serial),
    // CRLs are published in the background, whatever is asked.
    newestAct: events.find(({ act }) => act !== 'crl.publish'),
    journalLines: await journalLines(service.configuration.journal),
  }
}

async function journalLines(path: string): Promise<number> {
  let lines = 0
  for await (const line of readJournal(path)) {
    const isCrl = line.kind === 'entry' && line.entry.kind === 'change' && line.entry.of.kind === 'crl'
    if (!isCrl) lines += 1
  }
  return lines
}

/** Runs `act` and expects that it stored and signed nothing. */
export async function leavesNothing<Result>(service: TestService, act: () => Promise<Result>): Promise<Result> {
  const before = await stored(service)
  const result = await act()
  expect(await stored(service)).toEqual(before)
  return result
}
