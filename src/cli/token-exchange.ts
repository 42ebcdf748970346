// `signet token exchange` (RFC 8693): a token of a trusted issuer, of a sign-in, or one of Signet's for Signet, becomes one for another audience.
// Prints the token and nothing else; with a request, the certificate and its chain.
import { Command, Option } from 'commander'
import { durationArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { WrongUsage } from './refused.ts'
import { clientPairOf, openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'
import { readTokenArgument, TOKEN_ARGUMENT } from './token-argument.ts'

interface Options extends ServiceOptions {
  readonly audience?: string
  readonly csr?: string
  readonly type: 'access_token' | 'id_token' | 'jwt'
  readonly lifetime?: number
  readonly project?: string
}

/** RFC 8693 §3. */
const TYPE = 'urn:ietf:params:oauth:token-type:'
const CERTIFICATE = 'urn:signet:params:oauth:token-type:certificate'
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'

export function tokenExchangeCommand(host: Host): Command {
  const command = new Command('exchange')
    .description('exchange a token for one of another audience, or of a trusted issuer for one of ours')
    .argument('<token>', TOKEN_ARGUMENT)
    .option('--audience <name>', 'the deployment or service that will accept it')
    .addOption(
      new Option('--csr <file>', 'get a certificate for this request, PEM, and no token').conflicts('audience'),
    )
    .addOption(
      new Option('--type <type>', 'of the subject token').choices(['access_token', 'id_token', 'jwt']).default('jwt'),
    )
    .option('--project <name>', 'with a sign-in token: as its person is a member there')
    .option(
      '--lifetime <duration>',
      'how long it shall be valid (default: as long as the subject token)',
      durationArgument,
    )
    .action(async (token: string, options: Options) => {
      const form = await formOf(await readTokenArgument(token, host), options)
      // The token says who asks: a session of this machine would be a second principal.
      const identity = clientPairOf(options, host) === undefined ? 'anonymous' : 'as-configured'
      const client = await openClient(options, host, identity)
      const answer = await client.writeForm('/v1/tokens/exchange', form)
      const issued = answer.text('access_token')
      const isToken = options.csr === undefined
      print(host, options, answer.document, isToken ? [issued] : pemOf(answer.object('certificate')))
    })
  return withExample(
    withServiceOptions(command),
    'signet token exchange - --audience resnet < /var/run/secrets/tokens/signet',
    'signet token exchange - --project vision --audience resnet < sign-in-token',
    'signet token exchange - --csr trainer.csr < /var/run/secrets/tokens/signet > trainer.pem',
  )
}

async function formOf(
  token: string,
  { audience, csr, type, lifetime, project }: Options,
): Promise<Record<string, string>> {
  if ((audience === undefined) === (csr === undefined)) throw new WrongUsage('name what for: --audience or --csr')
  const { readBytes } = await import('./read-file.ts')
  return {
    grant_type: GRANT,
    subject_token: token,
    subject_token_type: `${TYPE}${type}`,
    ...(audience === undefined ? { requested_token_type: CERTIFICATE } : { audience }),
    ...(csr === undefined ? {} : { csr: Buffer.from(await readBytes(csr)).toString('utf8') }),
    ...(project === undefined ? {} : { project }),
    ...(lifetime === undefined ? {} : { lifetime_seconds: String(lifetime) }),
  }
}

/** Line by line: what is printed is made visible, and a line end would not be one. */
function pemOf(certificate: { text(name: string): string }): string[] {
  return (certificate.text('certificate') + certificate.text('chain')).trimEnd().split('\n')
}
