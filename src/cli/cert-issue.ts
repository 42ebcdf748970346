// `signet cert issue`: makes a key and a request on this host, asks for the certificate, and writes it with its chain.
// Whoever asks shows an enrolment token, or by mutual TLS the certificate before (for services also an administrator's, for
// service accounts an owner's or a launcher's).
import { randomBytes } from 'node:crypto'
import { Command, Option } from 'commander'
import type { Answer } from './answer.ts'
import { addConfigurationOptions, configurationOf } from './configuration-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { WrongUsage } from './refused.ts'
import { type RequestOptions, withRequestOptions } from './request-options.ts'
import { segment } from './segment.ts'
import { clientPairOf, mayHaveSession, openClient, withServiceOptions } from './service-options.ts'

/** Largest file of a token, in bytes. */
const MAX_TOKEN_BYTES = 4096

type ConfigurationOptions = Parameters<typeof configurationOf>[0]

interface Options extends RequestOptions, ConfigurationOptions {
  readonly profile?: string
  readonly offline?: boolean
  readonly adminFolder: string
  readonly project?: string
  readonly user?: string
  readonly account?: string
  readonly service?: string
  readonly token?: string
  readonly tokenFile?: string
}

export function certIssueCommand(host: Host): Command {
  const command = new Command('issue')
    .description(
      'get a certificate for a project member, a service account or a service; its key is made here and stays here',
    )
    .option('--project <project>', 'project of the member or service account')
    .option('--user <user>', 'the member')
    .addOption(new Option('--service <name>', 'the service').conflicts(['project', 'user', 'account']))
    .addOption(new Option('--account <name>', 'the service account').conflicts(['user', 'token', 'tokenFile']))
    .option('--token <token>', 'enrolment token; others on this host may see it: better a file')
    .addOption(
      new Option('--token-file <file>', 'file with the enrolment token, - for standard input').conflicts('token'),
    )
    .addOption(new Option('--profile <name>', 'with --offline: the kind of certificate').choices(['admin']))
    .option('--offline', 'make it at this machine with the master key, after a lock-out; audited')
    .option('--admin-folder <folder>', 'with --offline: where key, certificate and PKCS#12 go', 'admin')
    .action((options: Options) => {
      return options.offline === true ? issueOffline(options, host) : issueCertificate(options, host)
    })
  return withExample(
    addConfigurationOptions(withServiceOptions(withRequestOptions(command))),
    'signet cert issue --project vision --user alice --token-file -',
    'signet cert issue --service model-1.internal --algorithm ec-p384 --lifetime 30d --token-file token',
    'signet cert issue --project vision --user alice --client-cert old.pem --client-key old.key --out new.pem',
    'signet cert issue --project vision --account sa-etl --client-cert alice.pem --client-key alice.key',
    'signet cert issue --profile admin --offline --user root-admin --config /etc/signet/signet.yaml',
  )
}

/** The way back in when no administrator has a certificate left: whoever holds the master key may make one. */
async function issueOffline(options: Options, host: Host): Promise<void> {
  const { user, profile, adminFolder } = options
  if (profile !== 'admin' || user === undefined) throw new WrongUsage('offline: --profile admin and --user')
  const { issueAdministratorOffline } = await import('./offline-administrator.ts')
  const passphrase = randomBytes(18).toString('base64url')
  const asked = { user, folder: adminFolder, passphrase }
  const files = await issueAdministratorOffline(configurationOf(options), asked)
  print(host, options, { ...files }, [`administrator ${user}: ${Object.values(files).join(', ')}`])
}

async function issueCertificate(options: Options, host: Host): Promise<void> {
  const { commonName, path } = subjectOf(options)
  const token = await readToken(options, host)
  const isShown = token !== undefined || clientPairOf(options, host) !== undefined
  if (!isShown && !mayHaveSession(options, host)) {
    throw new WrongUsage('show who asks: --token-file, --client-cert and --client-key, or signet login')
  }
  const { askWith, keepCertificate, prepareRequest } = await import('./request-files.ts')
  // A token is shown without another credential (the service refuses both together).
  const client = await openClient(options, host, token === undefined ? 'as-configured' : 'anonymous')
  const prepared = await prepareRequest(options, commonName, host)
  const issued = await askWith(prepared, host, (csr) => {
    return client.write('POST', path, { csr, enrolmentToken: token, lifetimeSeconds: options.lifetime })
  })
  keepCertificate(prepared, issued, options.force === true ? 'replace' : 'refuse')
  const files = { certificateFile: prepared.out, keyFile: prepared.newKey ?? options.key }
  print(host, options, { ...issued.document, ...files }, linesOf(issued, files))
}

/** Throws `WrongUsage` unless a member, a service account or a service is named. */
function subjectOf({ project, user, account, service }: Options): {
  readonly commonName: string
  readonly path: string
} {
  if (service !== undefined) return { commonName: service, path: `/v1/services/${segment(service)}/certificates` }
  const name = user ?? account
  if (project === undefined || name === undefined) {
    throw new WrongUsage('name whom it is for: --project and --user or --account, or --service')
  }
  const kind = user === undefined ? 'service-accounts' : 'members'
  const path = `/v1/projects/${segment(project)}/${kind}/${segment(name)}/certificates`
  return { commonName: `${project}__${name}`, path }
}

async function readToken({ token, tokenFile, clientCert }: Options, host: Host): Promise<string | undefined> {
  const source = tokenFile ?? (token === '-' ? '-' : undefined)
  if ((token ?? tokenFile) !== undefined && clientCert !== undefined) {
    throw new WrongUsage('a token is shown without a client certificate: leave --client-cert out')
  }
  if (source === undefined) return token
  if (source === '-') return (await host.readStdin(MAX_TOKEN_BYTES)).trim()
  const { readBytes } = await import('./read-file.ts')
  return Buffer.from(await readBytes(source, MAX_TOKEN_BYTES))
    .toString('utf8')
    .trim()
}

interface IssuedFiles {
  readonly certificateFile: string
  readonly keyFile: string | undefined
}

export function linesOf(issued: Answer, { certificateFile, keyFile }: IssuedFiles): string[] {
  return [
    `${issued.text('commonName')} (${issued.text('profile')}), serial ${issued.text('serial')}, until ${issued.text('notAfter')}`,
    `certificate and chain: ${certificateFile}`,
    ...(keyFile === undefined ? [] : [`key: ${keyFile}`]),
  ]
}
