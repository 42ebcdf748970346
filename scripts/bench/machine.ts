// The machine that the figures were taken on. A figure without it says nothing.
import { statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os'

export interface MachineFacts {
  readonly processor: string
  readonly cores: number
  readonly memoryGib: number
  readonly node: string
  readonly openssl: string
  readonly sqliteOn: string
  /** Average of the last minute, before the first benchmark: others who used the cores. */
  readonly load: number
}

/** statfs(2): a memory file system makes every sync free, and the figures untrue. */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x01021994, 'tmpfs (no durability)'],
  [0x9123683e, 'btrfs'],
  [0x58465342, 'xfs'],
  [0x794c7630, 'overlayfs'],
])

export function machineFacts(): MachineFacts {
  const { type } = statfsSync(tmpdir())
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    openssl: process.versions.openssl,
    sqliteOn: FILE_SYSTEMS.get(type) ?? `file system 0x${type.toString(16)}`,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}
