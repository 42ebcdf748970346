// What journals tell of the time since a backup, and whether they tell all of it.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { issuerId } from '../../src/domain/issuer-id.ts'
import type { JournalEntry } from '../../src/domain/journal-entry.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import { type SurveyTask, surveyJournals } from '../../src/storage/backup/survey-journal.ts'
import { openJournal } from '../../src/storage/journal.ts'
import { codeOf } from './fixtures.ts'

const START = new Date('2026-06-01T12:00:00Z')
const SERIAL = parseSerialNumber(`01${'0'.repeat(31)}7`)
const at = (second: number) => new Date(START.getTime() + second * 1000)

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'signet-survey-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const tokenKey = (seq: number): JournalEntry => ({ kind: 'change', seq, of: { kind: 'token-key', kid: String(seq) } })
const crl = (seq: number, number: number): JournalEntry => {
  const issuer = issuerId('users', 1)
  return { kind: 'change', seq, of: { kind: 'crl', issuer, scope: 'users-1' as never, number } }
}
const revocation = (seq: number, status: 'revoked' | 'held' | 'released'): JournalEntry => {
  const dates = { revokedAt: at(0).getTime(), notAfter: at(9000).getTime() }
  const whose = { issuer: issuerId('users', 1), serial: SERIAL }
  return { kind: 'change', seq, of: { kind: 'revocation', ...whose, status, reason: 'certificateHold', ...dates } }
}
const user = (seq: number, status: 'active' | 'blocked'): JournalEntry => {
  return { kind: 'change', seq, of: { kind: 'user', name: 'al' as never, status, platformRole: 'user' } }
}

async function journal(name: string, lines: readonly (readonly [second: number, entry: JournalEntry])[]) {
  const path = join(folder, name)
  const opened = await openJournal(path)
  for (const [second, entry] of lines) await opened.append([entry], at(second))
  await opened.close()
  return path
}

const survey = (paths: readonly string[], task: Partial<SurveyTask> = {}) =>
  surveyJournals({ paths, seq: 5, madeAt: START, installation: 'ours', damaged: 'refuse', ...task })

const from = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => [index, tokenKey(first + index)] as const)

describe('the reach', () => {
  test.each([
    ['all of it', [from(1, 9)], { kind: 'complete' }],
    ['nothing was done since', [from(1, 5)], { kind: 'complete' }],
    ['two processes in turn', [from(1, 6), from(7, 9)], { kind: 'complete' }],
    ['no journal', [], { kind: 'incomplete', why: 'no-journal', firstMissing: 5 }],
    ['one that was begun anew', [[]], { kind: 'incomplete', why: 'not-continued', firstMissing: 5 }],
    ['one that began after the backup', [from(6, 9)], { kind: 'incomplete', why: 'not-continued', firstMissing: 5 }],
    ['a copy from before the backup', [from(1, 4)], { kind: 'incomplete', why: 'not-continued', firstMissing: 5 }],
    ['a change that is missing', [[...from(1, 6), ...from(8, 9)]], { kind: 'incomplete', why: 'gap', firstMissing: 7 }],
    ['the journal of another process', [from(1, 5), from(7, 7)], { kind: 'incomplete', why: 'gap', firstMissing: 6 }],
  ] as const)('%s', async (_, journals, reach) => {
    const paths = await Promise.all(journals.map((lines, index) => journal(String(index), lines)))
    expect((await survey(paths)).reach).toEqual(reach)
  })

  test('goes on behind a restore, whose numbers begin far above', async () => {
    const restored: JournalEntry = { kind: 'change', seq: 1000, of: { kind: 'restored', epoch: 'e' } }
    const path = await journal('j', [...from(1, 6), [10, restored], [11, tokenKey(1001)]])
    expect(await survey([path])).toMatchObject({ reach: { kind: 'complete' }, lastSeq: 1001 })
    const without = await journal('k', [...from(1, 6), [11, tokenKey(1001)]])
    expect((await survey([without])).reach).toMatchObject({ why: 'gap', firstMissing: 7 })
  })
})

describe('a restore in the journal', () => {
  const restored = (seq: number, after: number): JournalEntry => {
    return { kind: 'change', seq, of: { kind: 'restored', epoch: 'e', after } }
  }

  test.each([
    ['that knew all before it', 6, { kind: 'complete' }],
    ['of an older backup without journals', 2, { kind: 'complete' }],
    ['that knew more than is there', 8, { kind: 'incomplete', why: 'gap', firstMissing: 7 }],
  ] as const)('%s', async (_, after, reach) => {
    const path = await journal('j', [...from(1, 6), [10, restored(1000, after)], [11, tokenKey(1001)]])
    expect((await survey([path])).reach).toEqual(reach)
  })
})

describe('the journal of another installation', () => {
  const whose = (id: string) => [0, { kind: 'installation', id } satisfies JournalEntry] as const

  test('is refused, although its numbers go on', async () => {
    const path = await journal('j', [whose('theirs'), ...from(1, 9)])
    expect(await codeOf(survey([path]))).toBe('journal_other_installation')
    const both = [await journal('k', [whose('ours'), ...from(1, 6)]), path]
    expect(await codeOf(survey(both))).toBe('journal_other_installation')
  })

  test('is passed over where ours was begun behind it in one file', async () => {
    const lines = [whose('theirs'), [1, user(6, 'blocked')], whose('ours'), ...from(1, 7)] as const
    const { reach, changes, lastSeq } = await survey([await journal('j', lines)])
    expect([reach.kind, lastSeq, changes.map(({ change }) => change.kind)]).toEqual([
      'complete',
      7,
      ['token-key', 'token-key'],
    ])
  })

  test('says whose it is in its first line, once', async () => {
    const path = join(folder, 'own')
    const opened = await openJournal(path, 'ours')
    await opened.append([], at(0))
    await opened.append([tokenKey(1)], at(1))
    await opened.append([tokenKey(2)], at(2))
    await opened.close()
    const kinds = readFileSync(path, 'utf8').match(/"entry":\{"kind":"[a-z]+"/g)
    expect(kinds?.map((kind) => kind.slice(17, -1))).toEqual(['installation', 'change', 'change'])
  })
})

describe('a number that two lines have', () => {
  test.each([
    ['gives nothing by the first', 'active', 'blocked', ['blocked']],
    ['takes away by both', 'blocked', 'active', ['blocked', 'active']],
  ] as const)('%s', async (_, first, second, believed) => {
    const path = await journal('j', [...from(1, 5), [10, user(6, first)], [11, user(6, second)]])
    const { changes } = await survey([path])
    expect(changes.map(({ change }) => (change.kind === 'user' ? change.status : ''))).toEqual(believed)
  })
})

test('of two processes whose clocks differ, what takes away is believed last', async () => {
  const lost = await journal('ahead', [...from(1, 5), [20, user(6, 'active')]])
  const written = await journal('right', [[11, user(6, 'blocked')]])
  const { changes } = await survey([lost, written])
  expect(changes.at(-1)).toMatchObject({ change: { status: 'blocked' } })
})

describe('a clock that was set back', () => {
  const told = (seq: number, kind: 'revoked' | 'held' | 'released', second: number) => {
    const whose = { issuer: issuerId('users', 1), serial: SERIAL, reason: 'certificateHold' as const }
    const line: JournalEntry = { kind, ...whose, at: START.toISOString() }
    return [
      [second, line],
      [second, revocation(seq, kind)],
    ] as const
  }

  test.each([
    ['a revocation after a release is not forgotten', ['held', 'released', 'revoked'], 'revoked'],
    ['nor a hold', ['held', 'released', 'held'], 'held'],
  ] as const)('%s', async (_, [first, second, third], status) => {
    const lines = [...told(6, first, 100), ...told(7, second, 200), ...told(8, third, 50)]
    const { revocations } = await survey([await journal('j', [...from(1, 5), ...lines])])
    expect(revocations).toMatchObject([{ serial: SERIAL, status }])
  })

  test('the lost one of two lines with one number gives nothing', async () => {
    const path = await journal('j', [...from(1, 5), [20, user(6, 'active')], [10, user(6, 'blocked')]])
    const { changes } = await survey([path])
    expect(changes).toMatchObject([{ change: { status: 'blocked' } }])
  })
})

test('revocations are told by their last change, and CRL numbers by their highest', async () => {
  const lines = [
    [10, revocation(6, 'held')],
    [11, revocation(7, 'released')],
    [12, crl(8, 40)],
    [13, crl(9, 39)],
  ] as const
  const { revocations, crlNumbers } = await survey([await journal('j', [...from(1, 5), ...lines])])
  expect(revocations).toMatchObject([{ serial: SERIAL, status: 'released' }])
  expect([...crlNumbers]).toEqual([['users-1', 40]])
})

test('lines in another order tell the same', async () => {
  const lines = [
    ...from(1, 5),
    [10, revocation(6, 'held')],
    [11, user(7, 'active')],
    [12, revocation(8, 'released')],
    [13, user(9, 'blocked')],
    [14, crl(10, 40)],
  ] as const
  const told = await survey([await journal('j', lines)])
  rmSync(join(folder, 'j'))
  const turned = await survey([await journal('j', lines.toReversed())])
  expect(turned).toEqual(told)
  expect(told.changes.map(({ change }) => change.kind)).toEqual(['user', 'user', 'crl'])
})

test('lines of a Signet that wrote no changes are believed, the last one most', async () => {
  const line = (kind: 'held' | 'released'): JournalEntry => {
    return { kind, issuer: issuerId('users', 1), serial: SERIAL, reason: 'certificateHold', at: START.toISOString() }
  }
  const path = await journal('j', [
    [1, line('held')],
    [2, line('released')],
    [3, line('held')],
  ])
  expect((await survey([path])).revocations).toMatchObject([{ status: 'held' }])
})

describe('damage', () => {
  test('a torn last line is passed over, and one that a process went on behind', async () => {
    const path = await journal('j', from(1, 7))
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, whole.length - 9))
    expect((await survey([path])).lastSeq).toBe(6)
    await journal('j', [[20, tokenKey(7)]])
    expect(await survey([path])).toMatchObject({ reach: { kind: 'complete' }, lastSeq: 7 })
  })

  test('a damaged line in the middle is refused, or passed over in quarantine', async () => {
    const path = await journal('j', from(1, 7))
    writeFileSync(path, readFileSync(path, 'utf8').replace('"kid":"2"', '"kid":"3"'))
    expect(await codeOf(survey([path]))).toBe('journal_damaged')
    expect((await survey([path], { damaged: 'skip' })).reach).toMatchObject({ kind: 'incomplete', why: 'damaged' })
  })

  test('two damaged lines at the end are more than a crash leaves', async () => {
    const path = await journal('j', from(1, 7))
    appendFileSync(path, 'x\ny')
    expect(await codeOf(survey([path]))).toBe('journal_damaged')
  })

  test('a journal that cannot be read is named', async () => {
    expect(await codeOf(survey([folder]))).toBe('journal_unreadable')
  })
})
