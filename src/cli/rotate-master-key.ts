// `signet rotate master-key`: at the machine, with the old and the new master key; the service runs meanwhile and holds both.
import { Command } from 'commander'
import { setTimeout as delay } from 'node:timers/promises'
import type { Configuration } from '../ops/configuration.ts'
import type { Counts, Rotated, RotationMeans } from '../enrollment/rotate-master-key.ts'
import { SEALED_KINDS } from '../enrollment/sealed-key-store.ts'
import { addConfigurationOptions, configurationOf } from './configuration-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, table } from './printed.ts'
import { withProgress } from './progress.ts'

type Options = Parameters<typeof configurationOf>[0] & {
  readonly plan?: true
  readonly reencrypt?: true
  readonly json?: true
}

export function rotateMasterKeyCommand(host: Host): Command {
  const command = addConfigurationOptions(new Command('master-key'))
    .description(
      'take every key in the database from the master key to the next one; stop it when you like, run it again',
    )
    .option('--plan', 'say how many keys would be re-sealed, and write nothing')
    .option('--reencrypt', 'new data keys as well: after the old master key has leaked')
    .option('--json', 'print one JSON document')
    .action((options: Options) => (options.plan === true ? plan(options, host) : rotate(options, host)))
  return withExample(
    command,
    'signet rotate master-key --next-master-key-file /etc/signet/next.key --config /etc/signet/signet.yaml',
  )
}

async function plan(options: Options, host: Host): Promise<void> {
  const { planRotation } = await import('../enrollment/rotate-master-key.ts')
  const planned = await withMeans(options, host, 'looking', (means) => planRotation(means))
  const words = options.reencrypt === true ? 'all of them get new data keys' : 'data keys stay as they are'
  print(host, options, documentOf(planned), [...countsOf(planned, 'to re-seal'), `${words}; nothing was written`])
}

async function rotate(options: Options, host: Host): Promise<void> {
  const { rotateMasterKey } = await import('../enrollment/rotate-master-key.ts')
  const dataKey = options.reencrypt === true ? 'new' : 'kept'
  const rotated = await withMeans(options, host, 're-sealing', (means) => rotateMasterKey(means, dataKey))
  const at = host.clock.now().toISOString()
  print(host, options, { ...documentOf(rotated), at }, [
    ...countsOf(rotated, 're-sealed'),
    'every key in the database is under the new master key; what is left to do:',
    '1. make the new key the only one: masterKey.file names it, masterKey.nextFile goes, every process starts again',
    `2. keep the old key as long as backups that were made before ${at}: they open with it alone`,
  ])
}

function documentOf({ from, to, counts }: Rotated): object {
  return { from, to, keys: counts }
}

const TABLES = {
  issuer: 'issuers',
  server: 'server_keys',
  token: 'token_keys',
  member: 'member_keys',
  connector: 'models',
  snapshot: 'snapshot_keys',
  responder: 'responder_keys',
} as const

function countsOf({ from, to, counts }: Rotated, what: string): string[] {
  const rows = SEALED_KINDS.map((kind) => {
    const { resealed, current, broken } = counts[kind]
    return [TABLES[kind], ...[resealed, current, broken.length].map(String)]
  })
  return [`from ${from} to ${to}`, ...table(['table', what, 'were so already', 'open with neither'], rows)]
}

async function withMeans<Result>(
  options: Options,
  host: Host,
  text: string,
  act: (means: RotationMeans) => Promise<Result>,
): Promise<Result> {
  const { BATCH_ROWS } = await import('../enrollment/rotate-master-key.ts')
  const { NotInitialised, openInstallation, refuseEmpty } = await import('../main/installation.ts')
  const configuration: Configuration = configurationOf(options)
  refuseEmpty(configuration)
  const { storage, keyStore, facts, means } = await openInstallation(configuration)
  const stop = stopSignal()
  try {
    if (facts === undefined) throw new NotInitialised(configuration.dataFolder)
    const { installation } = facts
    return await withProgress(host, text, (say) =>
      act({
        acts: storage,
        reader: storage,
        keyStore,
        installation,
        clock: means.clock,
        actor: 'offline:admin',
        pause: delay,
        stop: stop.signal,
        batchRows: BATCH_ROWS,
        onProgress: (counts) => say(`${text}: ${String(seen(counts))} keys`),
      }),
    )
  } finally {
    stop.ignore()
    await storage.close()
  }
}

function seen(counts: Counts): number {
  return Object.values(counts).reduce((sum, { resealed, current }) => sum + resealed + current, 0)
}

/** SIGINT and SIGTERM end it between two batches; a second one kills. */
function stopSignal(): { readonly signal: AbortSignal; readonly ignore: () => void } {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const name of signals) process.once(name, stop)
  return {
    signal: controller.signal,
    ignore: () => {
      for (const name of signals) process.removeListener(name, stop)
    },
  }
}
