// The `signet` command: every command in one list. Only the one that is named is loaded, so that a short command is not
// kept waiting by the others.
import './compile-cache.ts'
import 'reflect-metadata'
import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { withExample } from './example.ts'
import { type Host, processHost } from './host.ts'
import { runCommandLine } from './run.ts'

interface CommandEntry {
  readonly name: string
  /** As the command itself has it: shown when it is not loaded. */
  readonly description: string
  readonly load: () => Promise<(host: Host) => Command>
}

/** In the order of the help: what works on this machine's own keys and data, then the clients of the API. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    description: 'make the hierarchy, its first CRLs and the first administrator',
    load: async () => (await import('./init-command.ts')).initCommand,
  },
  {
    name: 'serve',
    description: 'run the service',
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  {
    name: 'ceremony',
    description: 'what only the offline root key can do',
    load: async () => (await import('./ceremony.ts')).ceremonyCommand,
  },
  {
    name: 'rotate',
    description: "replace one of the installation's own keys",
    load: async () => (await import('./rotate.ts')).rotateCommand,
  },
  {
    name: 'backup',
    description: 'write the installation into one file, while the service runs',
    load: async () => (await import('./backup.ts')).backupCommand,
  },
  {
    name: 'restore',
    description: 'bring a backup back, with what the journal tells of the time since',
    load: async () => (await import('./restore.ts')).restoreCommand,
  },
  {
    name: 'trust',
    description: 'what this host believes',
    load: async () => (await import('./trust.ts')).trustCommand,
  },
  {
    name: 'login',
    description: 'sign in; commands that show no certificate ask as you from then on',
    load: async () => (await import('./login.ts')).loginCommand,
  },
  {
    name: 'logout',
    description: 'end the session of this machine, everywhere',
    load: async () => (await import('./logout.ts')).logoutCommand,
  },
  {
    name: 'user',
    description: 'people of the platform',
    load: async () => (await import('./user.ts')).userCommand,
  },
  {
    name: 'project',
    description: 'projects, their members and service accounts',
    load: async () => (await import('./project.ts')).projectCommand,
  },
  {
    name: 'directory',
    description: 'directories whose groups make members of projects',
    load: async () => (await import('./directory.ts')).directoryCommand,
  },
  {
    name: 'service',
    description: 'services of the platform',
    load: async () => (await import('./service.ts')).serviceCommand,
  },
  {
    name: 'sidecar',
    description: 'decide in front of one model server',
    load: async () => (await import('./sidecar.ts')).sidecarCommand,
  },
  {
    name: 'cert',
    description: 'certificates of members and services',
    load: async () => (await import('./cert.ts')).certCommand,
  },
  {
    name: 'job',
    description: 'jobs that a launcher runs for members',
    load: async () => (await import('./job.ts')).jobCommand,
  },
  {
    name: 'token',
    description: 'short-lived JWTs',
    load: async () => (await import('./token.ts')).tokenCommand,
  },
  {
    name: 'key',
    description: 'API keys of your own',
    load: async () => (await import('./key.ts')).keyCommand,
  },
  {
    name: 'authorize',
    description: 'ask whether a caller may act as a user on a deployment, and why',
    load: async () => (await import('./authorize.ts')).authorizeCommand,
  },
  {
    name: 'crl',
    description: 'revocation lists for servers',
    load: async () => (await import('./crl.ts')).crlCommand,
  },
  {
    name: 'model',
    description: 'models and who may call them',
    load: async () => (await import('./model.ts')).modelCommand,
  },
  {
    name: 'doctor',
    description: 'look at an installation, or send hostile requests at a live proxy chain and grade it',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'audit',
    description: 'list what was done, by whom and when, newest first',
    load: async () => (await import('./audit.ts')).auditCommand,
  },
]

/** The program with the command that `words` name; the others are there by name and description alone. */
export async function signetProgram(words: readonly string[], host: Host): Promise<Command> {
  const program = new Command('signet')
    .description('Certificate authority and identity service of a machine-learning platform')
    .version(version(), '--version', 'print the version')
    // A command with subcommands may have options of its own (`restore`): what stands behind a name is that command's.
    .enablePositionalOptions()
  const [first, second] = words
  const named = first === 'help' ? second : first
  for (const { name, description, load } of COMMANDS) {
    const command = name === named ? (await load())(host) : new Command(name).description(description)
    program.addCommand(command)
  }
  return withExample(program, 'signet cert issue --project vision --user alice --token-file -')
}

/** 0 done, 1 refused or failed, 2 wrong usage. */
export async function runSignet(words: readonly string[], host: Host): Promise<number> {
  return runCommandLine(await signetProgram(words, host), words, host)
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const found =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined
  return typeof found === 'string' ? found : 'unknown'
}

if (import.meta.main) {
  // Whoever read the output has seen enough (`signet cert list | head`): no failure, and no reason to stop a service.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  process.exitCode = await runSignet(process.argv.slice(2), processHost)
}
