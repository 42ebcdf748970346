// `signet login`: signs in at a provider, with a password or in a browser, and keeps the session for later commands. A password comes
// from a terminal or a file, never from the command line, where every process can read it.
import { Command } from 'commander'
import { durationArgument } from './arguments.ts'
import type { ServiceClient } from './client.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { askSilently } from './passphrase-prompt.ts'
import { print } from './printed.ts'
import { readText } from './read-file.ts'
import { WrongUsage } from './refused.ts'
import { segment } from './segment.ts'
import { keepSession } from './session-file.ts'
import { openClient, requiredSessionFile, type ServiceOptions, withServiceOptions } from './service-options.ts'

/** The longest that a sign-in takes, in bytes. */
const MAX_PASSWORD_BYTES = 4096

interface Options extends ServiceOptions {
  readonly provider: string
  readonly user?: string
  readonly passwordFile?: string
  /** Seconds. */
  readonly wait: number
}

export function loginCommand(host: Host): Command {
  const command = new Command('login')
    .description('sign in; commands that show no certificate ask as you from then on')
    .requiredOption('--provider <name>', 'where, as the service names it')
    .option('--user <name>', 'sign in with a password, as the provider knows you; in a browser without')
    .option('--password-file <file>', 'file with the password, - for standard input (default: asked for)')
    .option('--wait <duration>', 'how long to wait for the browser', durationArgument, 600)
    .action(async (options: Options) => {
      const file = requiredSessionFile(options, host)
      const client = await openClient(options, host, 'anonymous')
      const kept = keepSession(file, client.origin, await signedIn(client, options, host))
      const told = { user: kept.user, provider: kept.provider, sessionFile: file }
      print(host, options, told, [`signed in as ${kept.user} (${kept.provider}): ${file}`])
    })
  return withExample(
    withServiceOptions(command),
    'signet login --provider corp',
    'signet login --provider people --user alice',
  )
}

async function signedIn(client: ServiceClient, options: Options, host: Host) {
  const { provider, user, wait: waitSeconds } = options
  if (user === undefined) {
    if (options.passwordFile !== undefined) throw new WrongUsage('a password needs its name: --user')
    const { loginWithBrowser } = await import('./browser-login.ts')
    return loginWithBrowser(client, { provider, waitSeconds }, host)
  }
  const password = await passwordOf(options, host)
  return client.write('POST', `/v1/login/${segment(provider)}`, { user, password })
}

async function passwordOf({ passwordFile }: Options, host: Host): Promise<string> {
  if (passwordFile === undefined) {
    if (!process.stdin.isTTY) throw new WrongUsage('there is no terminal to ask for the password: --password-file')
    return askSilently('Password: ')
  }
  const text = passwordFile === '-' ? await host.readStdin(MAX_PASSWORD_BYTES) : await readText(passwordFile)
  return text.replace(/\r?\n$/, '')
}
