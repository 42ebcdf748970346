// `signet user link` and `unlink`: for administrators. Says that somebody whom a provider knows is this user, or no longer is; the
// sessions of that provider end with the link.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly provider: string
  readonly subject: string
}

export function userLinkCommand(host: Host): Command {
  const command = new Command('link')
    .description('say who a person of a provider is')
    .argument('<user>', 'user name')
    .requiredOption('--provider <name>', 'where they sign in')
    .requiredOption('--subject <id>', 'what the provider calls them, for ever; user_link_required names it')
    .action(async (user: string, { provider, subject, ...options }: Options) => {
      const client = await openClient(options, host)
      const made = await client.write('POST', `/v1/users/${segment(user)}/links`, { provider, subject })
      print(host, options, made.document, [`user ${user} is ${subject} of ${provider}`])
    })
  return withExample(withServiceOptions(command), 'signet user link alice --provider corp --subject 248289761001')
}

export function userUnlinkCommand(host: Host): Command {
  const command = new Command('unlink')
    .description('take a link back, and end the sessions of that provider')
    .argument('<user>', 'user name')
    .requiredOption('--provider <name>', 'where they sign in')
    .action(async (user: string, { provider, ...options }: Omit<Options, 'subject'>) => {
      const client = await openClient(options, host)
      const gone = await client.write('DELETE', `/v1/users/${segment(user)}/links/${segment(provider)}`)
      print(host, options, gone.document, [`user ${user} is nobody of ${provider} any more`])
    })
  return withExample(withServiceOptions(command), 'signet user unlink alice --provider corp')
}
