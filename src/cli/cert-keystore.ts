// `signet cert keystore`: takes one's own key out of custody, into a file with its passphrase beside it; or, as an owner, has a
// new key made and kept for a member. What is kept, and for whom, is the service's.
import { Command, Option } from 'commander'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { SECRET, writeAtomically, writeNewAtomically } from './atomic-file.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { Refused } from './refused.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

const ENDINGS = { pkcs12: 'p12', pem: 'pem', jks: 'jks' } as const

interface Options extends ServiceOptions {
  readonly project: string
  readonly user: string
  readonly format: keyof typeof ENDINGS
  readonly out?: string
  readonly force?: true
  readonly make?: true
}

export function certKeystoreCommand(host: Host): Command {
  const command = new Command('keystore')
    .description('take your own key out of custody; or have a new one made for a member')
    .requiredOption('--project <project>', 'the project that keeps keys')
    .requiredOption('--user <user>', 'the member whose key it is')
    .addOption(new Option('--format <format>', 'of the file').choices(Object.keys(ENDINGS)).default('pkcs12'))
    .option('--out <file>', 'where it goes (default: PROJECT__USER.p12, .pem or .jks); its passphrase goes beside it')
    .option('--force', 'replace the files that are there')
    .addOption(
      new Option('--make', 'as an owner: make a new key for the member, and keep it').conflicts(['out', 'force']),
    )
    .action((options: Options) => (options.make === true ? make(options, host) : take(options, host)))
  return withExample(
    withServiceOptions(command),
    'signet cert keystore --project vision --user alice --client-cert alice.pem --client-key alice.key',
    'signet cert keystore --project vision --user bob --make --client-cert alice.pem --client-key alice.key',
  )
}

async function make(options: Options, host: Host): Promise<void> {
  const client = await openClient(options, host)
  const kept = await client.write('POST', pathOf(options))
  const member = `${kept.text('project')}__${kept.text('user')}`
  print(host, options, kept.document, [`a new key is kept for ${member}, serial ${kept.text('serial')}`])
}

async function take(options: Options, host: Host): Promise<void> {
  const { project, user, format } = options
  const file = options.out ?? `${project}__${user}.${ENDINGS[format]}`
  const passphraseFile = `${file}.passphrase`
  if (options.force !== true) for (const each of [file, passphraseFile]) await refuseExisting(each)
  const client = await openClient(options, host)
  const answer = await client.get(`${pathOf(options)}?format=${format}`)
  const store = answer.object('keyStore')
  const contents = Buffer.from(store.text('contents'), format === 'pem' ? 'utf8' : 'base64')
  const put = options.force === true ? writeAtomically : writeNewAtomically
  put(passphraseFile, `${store.text('passphrase')}\n`, SECRET)
  put(file, contents, SECRET)
  const [serial, notAfter] = [answer.text('serial'), answer.text('notAfter')]
  // Neither key nor passphrase is printed: both are in the files, for their owner alone.
  print(host, options, { serial, notAfter, format, file, passphraseFile }, [
    `${answer.text('commonName')}, serial ${serial}, until ${notAfter}`,
    `key store: ${file}`,
    `passphrase: ${passphraseFile}`,
  ])
}

function pathOf({ project, user }: Options): string {
  return `/v1/projects/${segment(project)}/members/${segment(user)}/keystore`
}

async function refuseExisting(file: string): Promise<void> {
  const isFree = await access(file, constants.F_OK).then(
    () => false,
    () => true,
  )
  if (!isFree) throw new Refused('file_exists', { file })
}
