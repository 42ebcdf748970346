// What a deployment says, on the command line. Passphrases come from files, since other users of a host see its arguments.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { AUTH_MODES, type CredentialPlace } from '../domain/access-policy.ts'
import { collect, countArgument } from './arguments.ts'
import { readText } from './read-file.ts'

interface NamedFile {
  readonly id: string
  readonly file: string
}

export interface DeploymentOptions {
  readonly service: string
  readonly serviceCaller: readonly string[]
  readonly moreHost: readonly string[]
  readonly path: readonly string[]
  readonly unprotectedPath: readonly string[]
  readonly unprotectedPreset?: string
  readonly model?: string
  readonly modelSelector?: string
  readonly authMode?: readonly string[]
  readonly externalGroup: readonly string[]
  readonly actingUser?: string
  readonly passphrase: readonly NamedFile[]
  readonly passphraseHash: readonly NamedFile[]
  readonly keepPassphrase: readonly string[]
  readonly credentialPlace: readonly CredentialPlace[]
  readonly delegate: readonly string[]
  readonly deny: readonly string[]
  readonly callsPerMinute?: number
}

export function withDeploymentOptions(command: Command): Command {
  return command
    .requiredOption('--service <name>', 'the service that serves it, and may ask about its callers')
    .option('--service-caller <name>', 'a service that may call it; may be repeated', collect, [])
    .option('--more-host <name>', 'a further host name; may be repeated', collect, [])
    .option('--path <prefix>', 'a path prefix, /v1/models/x (default: all of its hosts); may be repeated', collect, [])
    .option('--unprotected-path <path>', 'an exact path that needs no credential; may be repeated', collect, [])
    .addOption(
      new Option('--unprotected-preset <preset>', 'kserve: the four that KServe leaves open').choices([
        'none',
        'kserve',
      ]),
    )
    .option('--model <id>', 'the model that it serves')
    .addOption(
      new Option('--model-selector <word>', 'whether each call has to name the model').choices([
        'optional',
        'required',
      ]),
    )
    .option('--auth-mode <mode>', `what it accepts (default: mtls); may be repeated: ${AUTH_MODES.join(', ')}`, collect)
    .option('--external-group <group>', 'a group whose people may call it; may be repeated', collect, [])
    .addOption(
      new Option('--acting-user <word>', 'whether a call has to name whom it acts for').choices([
        'named',
        'credential-itself',
      ]),
    )
    .option('--passphrase <id=file>', 'a passphrase, in a file; may be repeated', collectFile, [])
    .option('--passphrase-hash <id=file>', 'the hash of one, in a file; may be repeated', collectFile, [])
    .option('--keep-passphrase <id>', 'one that stays as it was; may be repeated', collect, [])
    .option('--credential-place <place>', 'as header:x-api-key=api-key; may be repeated', collectPlace, [])
    .option('--delegate <principal>', 'who may call for members; may be repeated', collect, [])
    .option('--deny <principal>', 'who is refused; may be repeated', collect, [])
    .option('--calls-per-minute <number>', 'calls that are let through', countArgument)
}

/** As the service takes it, but for project and host; what is not said is not sent. Throws `Refused`. */
export async function policyIn(options: DeploymentOptions): Promise<object> {
  return {
    service: options.service,
    serviceCallers: some(options.serviceCaller),
    moreHosts: some(options.moreHost),
    paths: some(options.path),
    unprotectedPaths: some(options.unprotectedPath),
    unprotectedPreset: options.unprotectedPreset,
    model: options.model,
    modelSelector: options.modelSelector,
    authModes: options.authMode,
    externalGroups: some(options.externalGroup),
    actingUser: options.actingUser,
    passphrases: some(await passphrasesIn(options)),
    credentialPlaces: some(options.credentialPlace),
    delegates: some(options.delegate),
    deniedPrincipals: some(options.deny),
    callsPerMinute: options.callsPerMinute,
  }
}

function some<Item>(list: readonly Item[]): readonly Item[] | undefined {
  return list.length === 0 ? undefined : list
}

async function passphrasesIn({ passphrase, passphraseHash, keepPassphrase }: DeploymentOptions): Promise<object[]> {
  const plain = passphrase.map(async ({ id, file }) => ({ id, passphrase: await lineOf(file) }))
  const hashed = passphraseHash.map(async ({ id, file }) => ({ id, hash: await lineOf(file) }))
  return [...(await Promise.all([...plain, ...hashed])), ...keepPassphrase.map((id) => ({ id }))]
}

/** Without the end of the line that editors and `echo` leave. */
async function lineOf(file: string): Promise<string> {
  return (await readText(file)).replace(/\r?\n$/, '')
}

function collectFile(text: string, before: readonly NamedFile[] = []): readonly NamedFile[] {
  const [, id, file] = /^([a-z][a-z0-9-]*)=(.+)$/.exec(text) ?? []
  if (id === undefined || file === undefined) throw new InvalidArgumentError('Expected ID=FILE.')
  return [...before, { id, file }]
}

function collectPlace(text: string, before: readonly CredentialPlace[] = []): readonly CredentialPlace[] {
  const [, where, name, carries] =
    /^(authorization|header|query|cookie):([^=]+)=(token|api-key|passphrase)$/.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('Expected header:NAME=api-key, or the like.')
  return [...before, { in: where, name, carries } as CredentialPlace]
}
