// `signet authorize`: asks for the decision that a model server would get. Without a certificate file it is about whoever
// the client certificate names; with one, the client certificate must be that of the service that serves the deployment.
import { Command } from 'commander'
import { REASONS } from '../access/reasons.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import type { Answer } from './answer.ts'
import { print, sheet, table } from './printed.ts'
import { Denied, WrongUsage } from './refused.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly as: string
  readonly deployment?: string
  readonly host?: string
  readonly path?: string
  readonly method?: string
  readonly model?: string
  readonly action?: string
  readonly for?: string
  readonly certificate?: string
  readonly token?: string
  readonly apiKey?: string
  readonly passphrase?: string
  readonly explain?: true
}

export function authorizeCommand(host: Host): Command {
  const command = new Command('authorize')
    .description('ask whether a caller may act as a user on a deployment, and why')
    .requiredOption('--as <user>', 'whom the caller says it acts for: PROJECT__USER, or a system user')
    .option('--deployment <name>', 'the deployment')
    .option('--host <name>', 'or the host name by which it is reached')
    .option('--path <target>', 'path of the call, as it was sent')
    .option('--method <method>', 'its method')
    .option('--model <name>', 'the model that it names')
    .option('--action <action>', 'infer (default), run, read, new-version, update, deploy, undeploy, delete')
    .option('--for <user>', 'the member on whose behalf a delegate calls')
    .option('--certificate <file>', "the caller's certificate, PEM, when you ask as the service")
    .option('--token <file>', 'the token that the caller showed')
    .option('--api-key <file>', 'the API key that the caller showed')
    .option('--passphrase <file>', 'the passphrase that the caller showed')
    .option('--explain', 'every step, and what it saw: for administrators and owners')
    .action((options: Options) => authorize(options, host))
  return withExample(
    withServiceOptions(command),
    'signet authorize --as vision__alice --deployment resnet --client-cert vision__alice.pem --client-key vision__alice.key',
    'signet authorize --as vision__alice --deployment resnet --certificate caller.pem',
    'signet authorize --as vision__alice --deployment resnet --api-key caller.key --explain',
  )
}

async function authorize(options: Options, host: Host): Promise<void> {
  if (options.deployment === undefined && options.host === undefined) {
    throw new WrongUsage('name what is called: --deployment or --host')
  }
  const credential = await shownCredentials(options)
  const client = await openClient(options, host)
  const { deployment, host: byHost, path, method, model, action, explain } = options
  const answer = await client.write('POST', '/v1/authorize', {
    actingUser: options.as,
    ...{ deployment, host: byHost, path, method, model, action, explain, credential },
    delegatedFor: options.for,
  })
  const reason = answer.text('reason')
  const steps = explain === undefined ? [] : stepsIn(answer)
  if (answer.text('decision') !== 'allow') {
    if (steps.length > 0 && options.json !== true) print(host, options, answer.document, steps)
    throw new Denied(reason, adviceFor(reason), answer.document)
  }
  const subject = answer.document['subject'] === undefined ? undefined : answer.object('subject').text('name')
  const until = answer.textOr('validUntil', '')
  const lines = sheet({ decision: 'allow', reason, subject, 'valid until': until })
  print(host, options, answer.document, [...lines, ...steps])
}

function stepsIn(answer: Answer): readonly string[] {
  const steps = answer.list('explanation').map((step) => {
    return [step.text('step'), step.text('outcome'), step.text('title'), JSON.stringify(step.document['saw'])]
  })
  return table(['STEP', 'OUTCOME', 'TITLE', 'SAW'], steps)
}

/** Undefined where the caller is whoever asks. Secrets come in files: a command line is everybody's to read. */
async function shownCredentials({ certificate, token, apiKey, passphrase }: Options) {
  const files = { token, apiKey, passphrase }
  const { readText } = await import('./read-file.ts')
  const shown: Record<string, string> =
    certificate === undefined ? {} : { certificate: await readCallerCertificate(certificate) }
  for (const [name, file] of Object.entries(files)) {
    if (file !== undefined) shown[name] = (await readText(file)).replace(/\r?\n$/, '')
  }
  return Object.keys(shown).length === 0 ? undefined : shown
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
