// `signet restore`: brings a backup back at the machine, while nothing runs; and `signet restore confirm`, which ends the quarantine of
// an installation that came back without its journal.
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import type { Restored } from '../main/restore.ts'
import { BackupRefused } from '../storage/backup/errors.ts'
import { collect } from './arguments.ts'
import { addConfigurationOptions, configurationOf } from './configuration-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet } from './printed.ts'
import { withProgress } from './progress.ts'
import { WrongUsage } from './refused.ts'

type Options = Parameters<typeof configurationOf>[0] & {
  readonly journal: readonly string[]
  readonly plan?: true
  readonly replace?: true
  readonly skipDamaged?: true
  readonly json?: true
}

type ConfirmOptions = Parameters<typeof configurationOf>[0] & {
  readonly crl: readonly string[]
  readonly keepApiKeys?: true
  readonly keepPassphrases?: true
  readonly plan?: true
  readonly json?: true
}

export function restoreCommand(host: Host): Command {
  const command = addConfigurationOptions(new Command('restore'))
    .description('bring a backup back, with what the journal tells of the time since; nothing may run meanwhile')
    .argument('[file]', 'the backup')
    .option(
      '--journal <file>',
      'journal of a process; repeat it for each process (default: the one of the configuration)',
      collect,
      [],
    )
    .option('--replace', 'take the place of the installation that is there; it is kept under another name')
    .option('--skip-damaged', 'pass over damaged lines in the middle of a journal, and start in quarantine')
    .option('--plan', 'do it aside, say what comes of it, and throw it away')
    .option('--json', 'print one JSON document')
    .action((file: string | undefined, options: Options) => restore(file, options, host))
  // What stands behind `confirm` is its own.
  command.enablePositionalOptions().addCommand(confirmCommand(host))
  return withExample(
    command,
    'signet restore /backup/signet.backup --journal /journal/journal.jsonl --plan --config /etc/signet/signet.yaml',
  )
}

async function restore(file: string | undefined, options: Options, host: Host): Promise<void> {
  if (file === undefined) throw new WrongUsage('name the backup')
  const { restoreBackup } = await import('../main/restore.ts')
  const configuration = configurationOf(options)
  const restored = await withProgress(host, 'restoring', (say) =>
    restoreBackup({
      configuration,
      file,
      journals: journalsOf(options, configuration.journal),
      damaged: options.skipDamaged === true ? 'skip' : 'refuse',
      replacing: options.replace === true ? 'same-installation' : 'nothing',
      mode: options.plan === true ? 'plan' : 'restore',
      clock: host.clock,
      onProgress: (text) => say(`restoring: ${text}`),
    }),
  )
  print(host, options, documentOf(restored, options), linesOf(restored, options))
}

/** One that is named and not there is a mistake: without it the others might tell everything, as far as they go. */
function journalsOf({ journal: named }: Options, own: string): readonly string[] {
  const missing = named.find((path) => !existsSync(path))
  if (missing !== undefined) throw new BackupRefused('journal_unreadable', { path: missing, reason: 'ENOENT' })
  return named.length > 0 ? named : [own]
}

function documentOf(restored: Restored, { plan }: Options): object {
  const { header, survey, quarantine, issued, revocations, changes, review, epoch, kept } = restored
  const { endedSessions, endedTokens, voidedEnrolments } = restored
  return {
    plan: plan === true,
    installation: header.installation,
    backup: header.madeAt,
    epoch,
    quarantine,
    journal: { ...survey.reach, until: survey.until?.toISOString() ?? null },
    replayed: { issued, revocations, changes },
    ended: { sessions: endedSessions, tokens: endedTokens, enrolmentTokens: voidedEnrolments },
    review,
    kept: kept ?? null,
  }
}

function linesOf(restored: Restored, { plan }: Options): string[] {
  const { header, survey, quarantine, issued, revocations, changes, review, kept } = restored
  const { endedSessions, endedTokens, voidedEnrolments } = restored
  const until = survey.until === undefined ? 'none' : `until ${survey.until.toISOString()}, ${reachOf(restored)}`
  return [
    plan === true ? 'this would come of it; nothing was changed' : 'restored',
    ...sheet({
      installation: header.installation,
      backup: `${header.madeAt}, change ${String(header.seq)}`,
      journal: until,
      replayed: `${String(issued)} certificates, ${String(revocations)} revocations, ${String(changes)} other changes`,
      ended: `${String(endedSessions)} sessions, ${String(endedTokens)} tokens, ${String(voidedEnrolments)} enrolment tokens`,
      'kept before': kept,
    }),
    ...(review.length === 0 ? [] : ['not as it was, to be looked at:', ...review.map((what) => `  ${what}`)]),
    ...nextSteps(quarantine, header.madeAt),
  ]
}

function reachOf({ survey: { reach } }: Restored): string {
  if (reach.kind === 'complete') return 'no change is missing'
  const from = String(reach.firstMissing)
  switch (reach.why) {
    case 'no-journal':
      return 'there is none'
    case 'not-continued':
      return `it does not continue the backup: change ${from} is not in it`
    case 'gap':
      return `change ${from} is missing`
    case 'damaged':
      return 'damaged lines were passed over'
    default:
      return reach.why satisfies never
  }
}

function nextSteps(quarantine: Restored['quarantine'], madeAt: string): string[] {
  if (quarantine === 'off') return ['everybody signs in again; then start the service: signet serve']
  return [
    'the installation starts in quarantine: nothing is decided, signed or published until it is confirmed',
    `memberships, blocks and API keys are as of ${madeAt}: what ended since is to be ended again`,
    'next: signet restore confirm --crl FILE, with the last CRL of the root and of each issuing CA that was published',
  ]
}

function confirmCommand(host: Host): Command {
  const command = addConfigurationOptions(new Command('confirm'))
    .description(
      'end the quarantine of a restore: merge the last published CRLs, raise the numbers, end API keys and passphrases',
    )
    .requiredOption(
      '--crl <file>',
      'complete CRL of the root or an issuing CA, PEM or DER; repeat it for each',
      collect,
      [],
    )
    .option('--keep-api-keys', 'let API keys live that the backup has: nobody knows which were ended since')
    .option('--keep-passphrases', 'let passphrases of deployments live that the backup has, likewise')
    .option('--plan', 'verify the CRLs, say what they hold, and write nothing')
    .option('--json', 'print one JSON document')
    .action(async (options: ConfirmOptions) => {
      const { confirmWithCrls } = await import('./restore-confirm.ts')
      await confirmWithCrls(options, host)
    })
  return withExample(
    command,
    'signet restore confirm --crl root-1.crl --crl users-1.crl --crl services-1.crl --config signet.yaml',
  )
}
