// `signet directory sync`: brings members in step with the groups of a directory now; shows what that would do, or confirms a
// plan that waits. For administrators.
import { Command, Option } from 'commander'
import type { Answer } from './answer.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly provider: string
  readonly plan?: boolean
  readonly confirm?: string
}

export function directorySyncCommand(host: Host): Command {
  const command = new Command('sync')
    .description('bring members of projects in step with the groups of a directory')
    .requiredOption('--provider <name>', 'the provider, as the configuration names it')
    .addOption(new Option('--plan', 'show what would be done, and do nothing').conflicts('confirm'))
    .option('--confirm <digest>', 'do exactly the plan with this digest, although it removes many')
    .action((options: Options) => (options.plan === true ? showPlan(options, host) : runPlan(options, host)))
  return withExample(
    withServiceOptions(command),
    'signet directory sync --provider company',
    'signet directory sync --provider company --plan',
    'signet directory sync --provider company --confirm 7d1a…',
  )
}

async function runPlan(options: Options, host: Host): Promise<void> {
  const client = await openClient(options, host)
  const body = options.confirm === undefined ? {} : { confirm: options.confirm }
  const done = await client.write('POST', pathOf(options), body)
  const counts = ['added', 'changed', 'removed', 'blocked'].map((name) => `${String(done.number(name))} ${name}`)
  const heldBack = done.list('heldBack').map((row) => `held back: ${row.text('of')} (${row.text('code')})`)
  print(host, options, done.document, [`${done.text('provider')}: ${counts.join(', ')}`, ...heldBack])
}

async function showPlan(options: Options, host: Host): Promise<void> {
  const client = await openClient(options, host)
  const overview = await client.get(pathOf(options))
  const lines =
    overview.document['plan'] === undefined
      ? [`no plan: ${overview.textOr('unread', 'the directory does not tell everything')}`]
      : linesOf(overview.object('plan'))
  print(host, options, overview.document, lines)
}

function linesOf(plan: Answer): readonly string[] {
  const members = (['add', 'change', 'remove'] as const).flatMap((kind) =>
    plan.list(kind).map((row) => `${kind} ${row.text('project')}__${row.text('user')} (${row.text('role')})`),
  )
  const lines = [...members, ...plan.texts('block').map((user) => `block ${user}`)]
  const brakes = plan.texts('brakes')
  const waits = brakes.length === 0 ? [] : [`waits for a confirmation: ${brakes.join(', ')}`]
  return lines.length === 0 ? ['nothing to do'] : [...lines, ...waits, `digest ${plan.text('digest')}`]
}

function pathOf({ provider }: Options): string {
  return `/v1/directory/sync/${segment(provider)}`
}
