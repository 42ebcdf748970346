import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PUBLIC, SECRET, writeAtomically, writeNewAtomically } from '../../src/cli/atomic-file.ts'
import { Refused } from '../../src/cli/refused.ts'
import { TemporaryFolder } from './temporary-folder.ts'

let folder: TemporaryFolder
beforeEach(() => {
  folder = new TemporaryFolder()
})
afterEach(() => folder[Symbol.dispose]())

function refusalOf(act: () => void): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (error instanceof Refused) return error.code
    throw error
  }
}

describe.each([
  ['writeAtomically', writeAtomically],
  ['writeNewAtomically', writeNewAtomically],
])('%s', (_, write) => {
  it.each([
    ['for its owner alone', SECRET, 0o600],
    ['for everyone to read', PUBLIC, 0o644],
  ])('%s, whatever the umask says', (__, mode, expected) => {
    const before = process.umask(0o077)
    try {
      write(folder.at('file'), 'text', mode)
    } finally {
      process.umask(before)
    }
    expect(statSync(folder.at('file')).mode & 0o777).toBe(expected)
    expect(folder.read('file')).toBe('text')
    expect(readdirSync(folder.path)).toEqual(['file'])
  })

  it.skipIf(process.getuid?.() !== 0)('of whom it is to be', () => {
    write(folder.at('file'), 'text', { ...SECRET, owner: { uid: 12_345, gid: 54_321 } })
    const { uid, gid, mode } = statSync(folder.at('file'))
    expect([uid, gid, mode & 0o777]).toEqual([12_345, 54_321, 0o600])
  })

  it('refuses a folder that is not there', () => {
    expect(refusalOf(() => write(folder.at('nowhere/file'), 'text', PUBLIC))).toBe('file_unwritable')
  })

  it('refuses the place of a folder, and leaves nothing behind', () => {
    mkdirSync(folder.at('file'))
    const code = refusalOf(() => write(folder.at('file'), 'text', PUBLIC))
    expect(['file_exists', 'file_unwritable']).toContain(code)
    expect(readdirSync(folder.path)).toEqual(['file'])
  })
})

it('writeAtomically takes the place of what is there, with its own mode', () => {
  folder.write('file', 'before')
  chmodSync(folder.at('file'), 0o666)
  writeAtomically(folder.at('file'), 'after', SECRET)
  expect(folder.read('file')).toBe('after')
  expect(statSync(folder.at('file')).mode & 0o777).toBe(0o600)
})

it('writeAtomically takes the place of a link, and leaves alone what it points to', () => {
  folder.write('target', 'before')
  symlinkSync(folder.at('target'), folder.at('link'))
  writeAtomically(folder.at('link'), 'after', PUBLIC)
  expect([folder.read('target'), folder.read('link')]).toEqual(['before', 'after'])
})

it.each([
  ['a file', () => folder.write('file', 'before')],
  ['a link to nothing', () => symlinkSync(folder.at('nothing'), folder.at('file'))],
])('writeNewAtomically never takes the place of %s', (_, make) => {
  make()
  expect(refusalOf(() => writeNewAtomically(folder.at('file'), 'after', SECRET))).toBe('file_exists')
  expect(existsSync(folder.at('nothing'))).toBe(false)
  expect(readdirSync(folder.path)).toEqual(['file'])
})
