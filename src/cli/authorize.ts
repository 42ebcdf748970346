// `signet authorize`: asks for the decision that a model server would get. Without a certificate file it is about whoever
// the client certificate names; with one, the client certificate must be that of the service that serves the deployment.
import { Command } from 'commander'
import { REASONS } from '../access/reasons.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet } from './printed.ts'
import { Denied, WrongUsage } from './refused.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly as: string
  readonly deployment?: string
  readonly host?: string
  readonly certificate?: string
}

export function authorizeCommand(host: Host): Command {
  const command = new Command('authorize')
    .description('ask whether a caller may act as a user on a deployment, and why')
    .requiredOption('--as <user>', 'whom the caller says it acts for: PROJECT__USER, or a system user')
    .option('--deployment <name>', 'the deployment')
    .option('--host <name>', 'or the host name by which it is reached')
    .option('--certificate <file>', "the caller's certificate, PEM, when you ask as the service")
    .action((options: Options) => authorize(options, host))
  return withExample(
    withServiceOptions(command),
    'signet authorize --as vision__alice --deployment resnet --client-cert vision__alice.pem --client-key vision__alice.key',
    'signet authorize --as vision__alice --deployment resnet --certificate caller.pem',
  )
}

async function authorize(options: Options, host: Host): Promise<void> {
  if (options.deployment === undefined && options.host === undefined) {
    throw new WrongUsage('name what is called: --deployment or --host')
  }
  const certificate = options.certificate === undefined ? undefined : await readCallerCertificate(options.certificate)
  const client = await openClient(options, host)
  const answer = await client.write('POST', '/v1/authorize', {
    actingUser: options.as,
    deployment: options.deployment,
    host: options.host,
    credential: certificate === undefined ? undefined : { certificate },
  })
  const reason = answer.text('reason')
  if (answer.text('decision') !== 'allow') throw new Denied(reason, adviceFor(reason), answer.document)
  const subject = answer.document['subject'] === undefined ? undefined : answer.object('subject').text('name')
  const until = answer.textOr('validUntil', '')
  print(host, options, answer.document, sheet({ decision: 'allow', reason, subject, 'valid until': until }))
}

/** The first certificate of the file: what TLS shows of a caller is the leaf. */
async function readCallerCertificate(file: string): Promise<string> {
  const { readPemOrDer } = await import('./read-file.ts')
  const { encodePem } = await import('../x509/pem.ts')
  const [leaf = new Uint8Array()] = await readPemOrDer(file, 'CERTIFICATE')
  return encodePem('CERTIFICATE', leaf)
}

function adviceFor(reason: string): string {
  const found = Object.entries(REASONS).find(([name]) => name === reason)
  return found?.[1].advice ?? 'see the reason'
}
