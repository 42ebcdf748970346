// How a command ends whose job was ended at the service: by itself when it can, and killed when it does not.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runCommand, type RunningCommand } from '../../src/cli/running-command.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'running-command-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs until it is ended, and does as it was told on TERM. */
async function ready(name: string, onTerm: string, graceSeconds: number): Promise<RunningCommand> {
  const path = join(folder, name)
  const environment = { PATH: process.env['PATH'], READY: path }
  const script = `trap '${onTerm}' TERM; : > "$READY"; while :; do sleep 0.05; done`
  const command = runCommand(['sh', '-c', script], { environment, graceSeconds, say: () => undefined })
  await vi.waitFor(() => expect(existsSync(path)).toBe(true), 10_000)
  return command
}

test('a command that does not care for SIGTERM is killed after the grace', async () => {
  const command = await ready('stubborn', '', 0.05)
  command.end()
  expect(await command.ended).toBe(137)
})

test('a command that ends within the grace has its own status', async () => {
  const command = await ready('willing', 'exit 4', 600)
  command.end()
  command.end()
  expect(await command.ended).toBe(4)
})

test('a command that has ended leaves no handler of a signal behind', async () => {
  const before = process.listenerCount('SIGTERM')
  const command = await ready('counted', 'exit 0', 600)
  expect(process.listenerCount('SIGTERM')).toBe(before + 1)
  command.end()
  await command.ended
  expect(process.listenerCount('SIGTERM')).toBe(before)
})
