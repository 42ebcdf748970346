// The `signet` command: every command in one list, and nothing done before one is chosen. What is heavy is imported by the
// actions themselves, so that `--help` and a refused argument cost no more than this.
import 'reflect-metadata'
import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { auditCommand } from './audit.ts'
import { authorizeCommand } from './authorize.ts'
import { ceremonyCommand } from './ceremony.ts'
import { certCommand } from './cert.ts'
import { crlCommand } from './crl.ts'
import { withExample } from './example.ts'
import { type Host, processHost } from './host.ts'
import { initCommand } from './init-command.ts'
import { jobCommand } from './job.ts'
import { modelCommand } from './model.ts'
import { projectCommand } from './project.ts'
import { runCommandLine } from './run.ts'
import { serveCommand } from './serve.ts'
import { serviceCommand } from './service.ts'
import { tokenCommand } from './token.ts'
import { trustCommand } from './trust.ts'
import { userCommand } from './user.ts'

type CommandFactory = (host: Host) => Command

/**
 * In the order of the help. Those that work on this machine's own keys and data (init, serve, ceremony) come first, the
 * clients of the API after them. Each factory declares arguments and help, and imports what it needs inside its action.
 */
const COMMANDS: readonly CommandFactory[] = [
  initCommand,
  serveCommand,
  ceremonyCommand,
  trustCommand,
  userCommand,
  projectCommand,
  serviceCommand,
  certCommand,
  jobCommand,
  tokenCommand,
  authorizeCommand,
  crlCommand,
  modelCommand,
  auditCommand,
]

export function signetProgram(host: Host): Command {
  const program = new Command('signet')
    .description('Certificate authority and identity service of a machine-learning platform')
    .version(version(), '--version', 'print the version')
  for (const make of COMMANDS) program.addCommand(make(host))
  return withExample(program, 'signet cert issue --project vision --user alice --token-file -')
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const found =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined
  return typeof found === 'string' ? found : 'unknown'
}

if (import.meta.main) {
  process.exitCode = await runCommandLine(signetProgram(processHost), process.argv.slice(2), processHost)
}
