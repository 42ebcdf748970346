// `signet token verify`: as whoever accepts tokens should: against the published keys of the service, with its issuer and
// one audience. Revocation is not looked up: only the service knows it.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet } from './printed.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'
import { readTokenArgument, TOKEN_ARGUMENT } from './token-argument.ts'

interface Options extends ServiceOptions {
  readonly audience: string
}

export function tokenVerifyCommand(host: Host): Command {
  const command = new Command('verify')
    .description('verify a token against the published keys of the service')
    .argument('<token>', TOKEN_ARGUMENT)
    .requiredOption('--audience <name>', 'the deployment or service that accepts it')
    .action((given: string, options: Options) => verifyToken(given, options, host))
  return withExample(withServiceOptions(command), 'signet token verify - --audience resnet < token')
}

async function verifyToken(given: string, options: Options, host: Host): Promise<void> {
  const token = await readTokenArgument(given, host)
  const { checkToken } = await import('./checked-token.ts')
  // Keys and metadata are public.
  const client = await openClient(options, host, 'anonymous')
  const keys = await client.get('/.well-known/jwks.json')
  const metadata = await client.get('/.well-known/openid-configuration')
  const { header, claims } = await checkToken(token, keys, {
    issuer: metadata.text('issuer'),
    audience: options.audience,
    at: host.clock.now(),
  })
  const shown = Object.entries(claims).map(([name, value]): [string, string] => [name, textOf(value)])
  print(host, options, { good: true, header, claims }, [...sheet(Object.fromEntries(shown)), 'good'])
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
