// `signet backup`: the installation in one file, at the machine of the database, while the service runs. Neither the master key nor the
// root key nor the configuration is in it.
import { Command } from 'commander'
import type { Clock } from '../domain/clock.ts'
import type { Configuration } from '../ops/configuration.ts'
import type { BackupEnd, BackupHeader } from '../storage/backup/backup-file.ts'
import { addConfigurationOptions, configurationOf } from './configuration-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet } from './printed.ts'
import { withProgress } from './progress.ts'
import { WrongUsage } from './refused.ts'

type Options = Parameters<typeof configurationOf>[0] & { readonly out?: string; readonly json?: true }

export function backupCommand(host: Host): Command {
  const command = addConfigurationOptions(new Command('backup'))
    .description('write the installation into one file, while the service runs')
    .option('--out <file>', 'the file; what is there is replaced when the new one is whole')
    .option('--json', 'print one JSON document')
    .action((options: Options) => take(options, host))
  // What stands behind `verify` is its own.
  command.enablePositionalOptions().addCommand(verifyCommand(host))
  return withExample(command, 'signet backup --out /backup/signet.backup --config /etc/signet/signet.yaml')
}

function verifyCommand(host: Host): Command {
  const command = new Command('verify')
    .description('read a backup to its end, and say what is in it')
    .argument('<file>', 'the backup')
    .option('--json', 'print one JSON document')
    .action(async (file: string, options: Options) => {
      const checked = await withProgress(host, 'reading', () => verifyBackup(file))
      show(host, options, checked, file, 'whole')
    })
  return withExample(command, 'signet backup verify /backup/signet.backup')
}

export interface CheckedBackup extends BackupEnd {
  readonly header: BackupHeader
}

async function take(options: Options, host: Host): Promise<void> {
  const { out } = options
  if (out === undefined) throw new WrongUsage('name the file with --out')
  const configuration = configurationOf(options)
  const checked = await withProgress(host, 'reading', (say) => writeVerified(configuration, out, host.clock, say))
  show(host, options, checked, out, 'written and read back')
}

/** Throws `NotInitialised`, `BackupRefused`. */
export async function writeVerified(
  configuration: Configuration,
  file: string,
  clock: Clock,
  say: (text: string) => void,
): Promise<CheckedBackup> {
  const { refuseEmpty } = await import('../main/installation.ts')
  const { takeBackup } = await import('../storage/backup/take-backup.ts')
  refuseEmpty(configuration)
  const { database } = configuration
  const url = database.kind === 'sqlite' ? `sqlite:${database.path}` : database.url
  await takeBackup({ url, file, clock, onProgress: (rows) => say(`writing: ${String(rows)} rows`) })
  say('reading it back')
  return verifyBackup(file)
}

/** Reads it to its end. Throws `BackupRefused`. */
export async function verifyBackup(file: string): Promise<CheckedBackup> {
  const { readBackup } = await import('../storage/backup/backup-file.ts')
  const parts = readBackup(file)
  let header: BackupHeader | undefined
  for (;;) {
    const next = await parts.next()
    if (next.done !== true) {
      if (next.value.kind === 'header') header = next.value.header
      continue
    }
    // The reader lets nothing through that does not begin with one.
    if (header === undefined) throw new Error('a backup without its first line')
    return { header, ...next.value }
  }
}

function show(host: Host, options: Options, { header, rows, sha256 }: CheckedBackup, file: string, how: string): void {
  const { installation, madeAt, seq, schema, from, sealingKey } = header
  const certificates = String(rows['certificates'] ?? 0)
  const all = Object.values(rows).reduce((sum, count) => sum + count, 0)
  print(host, options, { file, installation, madeAt, seq, schema, from, masterKey: sealingKey, rows, sha256 }, [
    `${file}: ${how}`,
    ...sheet({
      installation,
      'as of': `${madeAt}, change ${String(seq)}`,
      rows: `${String(all)}, ${certificates} of them certificates`,
      from: `${from}, schema ${String(schema)}`,
      'opens with': `master key ${sealingKey}, which is not in it`,
    }),
  ])
}
