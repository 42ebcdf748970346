// What is stored and signed: the inventory, the newest act in the audit record, and the length of the journal. A refusal
// leaves all three as they were.
import { statSync } from 'node:fs'
import { expect } from 'vitest'
import type { TestService } from '../support/test-service.ts'

export interface Stored {
  readonly serials: readonly string[]
  readonly newestAct: unknown
  readonly journalBytes: number
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
    journalBytes: statSync(service.configuration.journal).size,
  }
}

/** Runs `act` and expects that it stored and signed nothing. */
export async function leavesNothing<Result>(service: TestService, act: () => Promise<Result>): Promise<Result> {
  const before = await stored(service)
  const result = await act()
  expect(await stored(service)).toEqual(before)
  return result
}
