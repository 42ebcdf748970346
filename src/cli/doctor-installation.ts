// `signet doctor installation`: what is missing in an installation, or soon will be, and what to do. At the machine of the database, also
// while the service is stopped. What it looks at stands in `main/examine-installation.ts`.
import { Command } from 'commander'
import { addSeconds } from '../domain/clock.ts'
import type { Examined } from '../main/examine-installation.ts'
import { durationArgument } from './arguments.ts'
import { verifyBackup } from './backup.ts'
import { addConfigurationOptions, configurationOf } from './configuration-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { Refused } from './refused.ts'

export type InstallationOptions = Parameters<typeof configurationOf>[0] & {
  readonly backup?: string
  readonly backupAge?: number
  readonly strict?: true
  readonly json?: true
}

const DAY_SECONDS = 86_400

export function doctorInstallationCommand(host: Host): Command {
  const command = addConfigurationOptions(new Command('installation'))
    .description('look at the installation: CRLs, CAs, responders, clock, master key, and what the service says')
    .option('--backup <file>', 'the newest backup, to be read to its end')
    .option('--backup-age <duration>', 'warn when it is older', durationArgument, DAY_SECONDS)
    .option('--strict', 'status 1 for warnings too')
    .option('--json', 'print one JSON document')
    .action((options: InstallationOptions) => examineHere(options, host))
  return withExample(
    command,
    'signet doctor installation --config /etc/signet/signet.yaml --backup /backup/signet.backup',
  )
}

/** Throws `Refused` (`installation_unsound`) when something is missing; with `--json` it carries the document. */
export async function examineHere(options: InstallationOptions, host: Host): Promise<void> {
  const examined = await examine(options, host)
  const told = (kind: 'missing' | 'warning') =>
    examined.flatMap(({ check, result }) =>
      result.kind === kind ? [{ check, detail: result.detail, fix: result.fix }] : [],
    )
  const [missing, warnings] = [told('missing'), told('warning')]
  const good = examined.filter(({ result }) => result.kind === 'ok').map(({ check }) => check)
  const document = { sound: missing.length === 0, missing, warnings, good }
  const isRefused = missing.length > 0 || (options.strict === true && warnings.length > 0)
  if (!isRefused || options.json !== true) {
    print(host, options, document, [
      ...missing.map(({ check, detail, fix }) => `MISSING  ${check}: ${detail}; ${fix}`),
      ...warnings.map(({ check, detail, fix }) => `WARNING  ${check}: ${detail}; ${fix}`),
      `good: ${good.join(', ')}`,
      ...(options.backup === undefined ? ['not looked at: backups (--backup FILE)'] : []),
    ])
  }
  if (!isRefused) return
  const facts = { missing: missing.length, warnings: warnings.length }
  throw new Refused('installation_unsound', facts, { answered: document })
}

async function examine(options: InstallationOptions, host: Host): Promise<readonly Examined[]> {
  const { openInstallation, NOBODY, refuseEmpty, NotInitialised } = await import('../main/installation.ts')
  const { examineInstallation } = await import('../main/examine-installation.ts')
  const configuration = configurationOf(options)
  refuseEmpty(configuration)
  const opened = await openInstallation(configuration, NOBODY, host.clock)
  try {
    if (opened.facts === undefined) throw new NotInitialised(configuration.dataFolder)
    const examined = await examineInstallation(opened, host.clock)
    return options.backup === undefined ? examined : [...examined, await examineBackup(options, opened.facts, host)]
  } finally {
    await opened.storage.close()
  }
}

/** Throws `BackupRefused` when it is none, or not whole. */
async function examineBackup(
  { backup = '', backupAge = DAY_SECONDS }: InstallationOptions,
  { installation }: { readonly installation: string },
  { clock }: Host,
): Promise<Examined> {
  const { header } = await verifyBackup(backup)
  const fix = `signet backup --out ${backup}`
  if (header.installation !== installation) {
    return { check: 'backup', result: { kind: 'warning', detail: 'it is of another installation', fix } }
  }
  if (addSeconds(new Date(header.madeAt), backupAge) >= clock.now()) return { check: 'backup', result: { kind: 'ok' } }
  return { check: 'backup', result: { kind: 'warning', detail: `the newest is of ${header.madeAt}`, fix } }
}
