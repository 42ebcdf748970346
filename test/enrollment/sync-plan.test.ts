// What a sync would do, and the brake of rule 25 at both sides of each of its bounds.
import { describe, expect, test } from 'vitest'
import type { ProjectRole } from '../../src/domain/change.ts'
import { parseProjectName, type ProjectName } from '../../src/domain/project-name.ts'
import { parseUserName, type UserName } from '../../src/domain/user-name.ts'
import type { DirectoryReading, SyncedGroup } from '../../src/enrollment/directory-source.ts'
import {
  brakesOf,
  digestOf,
  isEmpty,
  planSync,
  type PlannedMember,
  type SyncState,
} from '../../src/enrollment/sync-plan.ts'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import { OWN_POLICY_FOLDER } from '../../src/main/installation.ts'

const { names } = loadPolicy(OWN_POLICY_FOLDER)
const user = (name: string): UserName => parseUserName(name, names)
const vision: ProjectName = parseProjectName('vision', names)
const speech: ProjectName = parseProjectName('speech', names)
const GROUPS: readonly SyncedGroup[] = [
  { group: 'g-vision', project: vision, role: 'scientist' },
  { group: 'g-owners', project: vision, role: 'owner' },
  { group: 'g-speech', project: speech, role: 'scientist' },
]

/** Each person's subject is their name. */
function reading(members: Record<string, string[]>, gone: string[] = []): DirectoryReading {
  return {
    members: new Map(Object.entries(members).map(([group, people]) => [group, new Set(people)])),
    gone: new Set(gone),
  }
}

function member(name: string, more: { role?: ProjectRole; project?: ProjectName; addedBy?: 'sync' | 'other' } = {}) {
  return { project: vision, role: 'scientist', addedBy: 'sync', user: user(name), ...more } as const
}

function state(members: SyncState['members'], linked: string[] = members.map((each) => each.user)): SyncState {
  const owners = (project: ProjectName) =>
    new Set(members.filter((each) => each.project === project && each.role === 'owner').map((each) => each.user))
  return {
    linked: new Map(linked.map((name) => [name, user(name)])),
    members,
    projects: new Set([vision, speech]),
    owners: new Map([
      [vision, owners(vision)],
      [speech, owners(speech)],
    ]),
  }
}

const many = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `user${String(from + index)}`)
const users = (members: readonly PlannedMember[]): string[] => members.map((each) => each.user)

describe('a plan', () => {
  test('adds whom a group names and a link knows, and nobody else', () => {
    const plan = planSync(GROUPS, reading({ 'g-vision': ['alice', 'stranger'] }), state([], ['alice']), 'block')
    expect(plan).toEqual({
      add: [{ project: vision, user: 'alice', role: 'scientist' }],
      change: [],
      remove: [],
      block: [],
    })
  })
  test('removes whom the sync added; what others added is theirs', () => {
    const before = state([member('alice'), member('bob', { addedBy: 'other' })])
    const plan = planSync(GROUPS, reading({}), before, 'block')
    expect(users(plan.remove)).toEqual(['alice'])
  })
  test('a member of another is not added again, nor changed', () => {
    const before = state([member('bob', { addedBy: 'other', role: 'owner' })])
    expect(isEmpty(planSync(GROUPS, reading({ 'g-vision': ['bob'] }), before, 'block'))).toBe(true)
  })
  test('of two groups the one with more rights counts, in either order', () => {
    for (const groups of [GROUPS, [...GROUPS].reverse()]) {
      const found = reading({ 'g-vision': ['alice'], 'g-owners': ['alice'] })
      expect(planSync(groups, found, state([], ['alice']), 'block').add).toMatchObject([{ role: 'owner' }])
    }
  })
  test("who leaves the group of owners keeps no owner's rights", () => {
    const before = state([member('alice', { role: 'owner' }), member('bob', { role: 'owner' })])
    const plan = planSync(GROUPS, reading({ 'g-vision': ['alice'], 'g-owners': ['bob'] }), before, 'block')
    expect(plan.change).toEqual([{ project: vision, user: 'alice', role: 'scientist' }])
  })
  test('a subject is known to the letter', () => {
    expect(isEmpty(planSync(GROUPS, reading({ 'g-vision': ['Alice'] }), state([], ['alice']), 'block'))).toBe(true)
  })
  test('who is gone is blocked when the entry says so, and added nowhere', () => {
    const found = reading({ 'g-vision': ['alice'] }, ['alice'])
    expect(planSync(GROUPS, found, state([], ['alice']), 'block')).toMatchObject({ add: [], block: ['alice'] })
    expect(planSync(GROUPS, found, state([], ['alice']), 'leave')).toMatchObject({ add: [], block: [] })
  })
  test('of two links of one user, one that is left is enough', () => {
    const linked = new Map(['old', 'new'].map((subject) => [subject, user('alice')]))
    const before: SyncState = { ...state([]), linked }
    expect(planSync(GROUPS, reading({}, ['old']), before, 'block').block).toEqual([])
    expect(planSync(GROUPS, reading({}, ['old', 'new']), before, 'block').block).toEqual(['alice'])
  })
  test('a project that is not there gets nobody', () => {
    const before: SyncState = { ...state([], ['alice']), projects: new Set() }
    expect(isEmpty(planSync(GROUPS, reading({ 'g-vision': ['alice'] }), before, 'block'))).toBe(true)
  })
  test('has a digest that changes with each part of it', () => {
    const plan = planSync(GROUPS, reading({ 'g-vision': ['alice'] }), state([], ['alice']), 'block')
    const others = [
      digestOf('b', plan),
      digestOf('a', { ...plan, add: [] }),
      digestOf('a', { ...plan, remove: plan.add }),
      digestOf('a', { ...plan, change: plan.add }),
      digestOf('a', { ...plan, block: [user('alice')] }),
    ]
    expect(new Set([digestOf('a', plan), ...others]).size).toBe(6)
    expect(digestOf('a', { ...plan })).toBe(digestOf('a', plan))
  })
})

describe('rule 25: the brake', () => {
  const brakes = (before: SyncState, found: DirectoryReading) =>
    brakesOf(planSync(GROUPS, found, before, 'block'), before)

  test.each([
    ['5 of 20', 20, 5, []],
    ['6 of 59 is over a tenth', 59, 6, ['many_removals']],
    ['6 of 60 is a tenth', 60, 6, []],
    ['7 of 60', 60, 7, ['many_removals']],
    ['5 of 6', 6, 5, []],
  ])('%s', (_, before, removed, expected) => {
    const people = many(before)
    const found = reading({ 'g-vision': people.slice(removed) })
    expect(brakes(state(people.map((name) => member(name))), found)).toEqual(expected)
  })

  test('a small project does not hide in a large one', () => {
    const small = many(20, 1000).map((name) => member(name, { project: speech }))
    const large = many(500).map((name) => member(name))
    const found = reading({ 'g-vision': many(500), 'g-speech': many(14, 1000) })
    expect(brakes(state([...large, ...small]), found)).toEqual(['many_removals'])
  })

  test.each([
    ['5 of 20 linked users gone', 20, 5, []],
    ['6 of 59 linked users gone', 59, 6, ['many_removals']],
    ['6 of 60 linked users gone', 60, 6, []],
  ])('%s', (_, linked, gone, expected) => {
    expect(brakes(state([], many(linked)), reading({}, many(gone)))).toEqual(expected)
  })

  test('a group that held two and holds nobody', () => {
    expect(brakes(state([member('alice'), member('bob')]), reading({}))).toEqual(['emptied'])
    expect(brakes(state([member('alice'), member('bob')]), reading({ 'g-vision': ['bob'] }))).toEqual([])
  })

  test.each<[string, SyncState, DirectoryReading, string[]]>([
    ['the last owner leaves', state([member('alice', { role: 'owner' })]), reading({}), ['last_owner']],
    [
      'the last owner becomes less',
      state([member('alice', { role: 'owner' })]),
      reading({ 'g-vision': ['alice'] }),
      ['last_owner'],
    ],
    [
      'the last owner is gone',
      state([member('alice', { role: 'owner', addedBy: 'other' })]),
      reading({}, ['alice']),
      ['last_owner'],
    ],
    [
      'another comes',
      state([member('alice', { role: 'owner' })], ['alice', 'bob']),
      reading({ 'g-owners': ['bob'] }),
      [],
    ],
    [
      'another stays',
      state([member('alice', { role: 'owner' }), member('bob', { role: 'owner', addedBy: 'other' })]),
      reading({}),
      [],
    ],
  ])('%s', (_, before, found, expected) => {
    expect(brakes(before, found)).toEqual(expected)
  })
})
