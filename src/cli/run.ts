// Runs one command line and says how it ended: 0 done, 1 refused or failed, 2 wrong usage. Refusals are told on stderr with
// their code and what to do, and never with a stack trace; with `--json` standard output gets one document all the same.
import { type Command, CommanderError } from 'commander'
import type { CodedError, Facts } from '../domain/coded-error.ts'
import type { Host } from './host.ts'
import { visible } from './printed.ts'
import { CommandEnded, Denied, isCoded, Refused, WrongUsage } from './refused.ts'
import { ServiceRefused } from './service-refused.ts'

/** 0, 1 or 2; that of the command, where one was run. */
export type ExitStatus = number

export async function runCommandLine(program: Command, words: readonly string[], host: Host): Promise<ExitStatus> {
  const running: { command: Command } = { command: program }
  prepare(program, host)
  program.hook('preAction', (_, command) => {
    running.command = command
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    return statusOf(error, running.command, host)
  }
}

/** Commander passes these on only to commands that it makes itself. */
function prepare(command: Command, host: Host): void {
  command.exitOverride().configureOutput({ writeOut: host.stdout, writeErr: host.stderr })
  command.showHelpAfterError(`(see: ${pathOf(command)} --help)`)
  for (const child of command.commands) prepare(child, host)
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

async function statusOf(error: unknown, command: Command, host: Host): Promise<ExitStatus> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof CommandEnded) return error.status
  if (error instanceof WrongUsage) {
    host.stderr(`error: ${visible(error.message)}\n(see: ${pathOf(command)} --help)\n`)
    return 2
  }
  if (!isCoded(error)) throw error
  const told = await tell(error)
  host.stderr(`${linesOf(told).map(visible).join('\n')}\n`)
  if (command.opts<{ json?: boolean }>().json === true)
    host.stdout(`${JSON.stringify(documentOf(told), undefined, 2)}\n`)
  return 1
}

interface Told {
  readonly title: string
  readonly code: string
  readonly facts: Facts
  readonly advice?: string
  readonly status?: number
  readonly requestId?: string | undefined
  readonly answered?: object | undefined
}

async function tell(error: CodedError): Promise<Told> {
  const { code, facts } = error
  if (error instanceof Refused) {
    const { title, advice, answered } = error
    return { title, code, facts, advice, answered }
  }
  if (error instanceof Denied) return { title: 'denied', code, facts, advice: error.advice, answered: error.answered }
  if (error instanceof ServiceRefused) return tellOfService(error)
  const { isProblemCode, PROBLEMS } = await import('../http/problems.ts')
  return { title: isProblemCode(code) ? PROBLEMS[code].title : 'what was given does not hold', code, facts }
}

async function tellOfService({ code, title, status, facts, requestId }: ServiceRefused): Promise<Told> {
  const reason = facts['reason']
  const { REASONS } = await import('../access/reasons.ts')
  const known = Object.entries(REASONS).find(([name]) => name === reason)?.[1].advice
  const advice = code === 'unauthenticated' ? 'name one with --client-cert and --client-key' : known
  return { title, code, status, facts, requestId, ...(advice === undefined ? {} : { advice }) }
}

function linesOf({ title, code, facts, advice, requestId }: Told): string[] {
  return [
    `refused: ${title} (code ${code})`,
    ...Object.entries(facts).map(
      ([name, value]) => `  ${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`,
    ),
    ...(requestId === undefined ? [] : [`  request: ${requestId}`]),
    ...(advice === undefined ? [] : [`what to do: ${advice}`]),
  ]
}

function documentOf({ answered, ...refused }: Told): object {
  return answered ?? { refused }
}
