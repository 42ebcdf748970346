// `signet init`, as a command: what it is asked, what it would do (`--plan`), and what it has made.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { Configuration } from '../ops/configuration.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { AdministratorFiles } from './administrator.ts'
import { addConfigurationOptions, configurationOf } from './configuration-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet } from './printed.ts'
import { withProgress } from './progress.ts'

type Options = Parameters<typeof configurationOf>[0] & {
  readonly root: string
  readonly rootPassphraseFile?: string
  readonly admin: string
  readonly adminFolder?: string
  readonly algorithm: KeyAlgorithmName
  readonly plan?: true
  readonly json?: true
}

const ALGORITHMS: readonly KeyAlgorithmName[] = [
  'ec-p256',
  'ec-p384',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
]

/** Programs of today that cannot verify ML-DSA (FIPS 204): who relies on one of them wants another hierarchy. */
const CANNOT_VERIFY_ML_DSA = [
  'OpenSSL before 3.5 (Debian 12 has 3.0)',
  'GnuTLS of Debian 12',
  'Java 17',
  'every peer that speaks TLS 1.2 only',
] as const

export function initCommand(host: Host): Command {
  const command = new Command('init')
    .description('make the hierarchy, its first CRLs and the first administrator; offline, and never over another')
    .requiredOption('--root <folder>', 'folder of its own for the root key; take it away afterwards')
    .option(
      '--root-passphrase-file <file>',
      'file with the passphrase of the root key (default: asked on the terminal)',
    )
    .option('--admin <name>', 'user name of the first administrator', 'admin')
    .option(
      '--admin-folder <folder>',
      "for the administrator's key and certificate (default: admin in the data folder)",
    )
    .addOption(new Option('--algorithm <name>', 'keys of the CAs').choices(ALGORITHMS).default('ec-p256'))
    .option('--plan', 'say what would be made, and make nothing')
    .option('--json', 'print one JSON document')
    .action(async (options: Options) => act(host, options))
  return withExample(
    addConfigurationOptions(command),
    'signet init --data ./data --root /media/usb/signet-root --master-key-file ./master.key \\',
    '    --public-url https://signet.internal:8443 --public-http-url http://signet.internal:8080 --trust-domain example.internal',
  )
}

async function act(host: Host, options: Options): Promise<void> {
  const configuration = configurationOf(options)
  const adminFolder = options.adminFolder ?? join(configuration.dataFolder, 'admin')
  const warnings = options.algorithm.startsWith('ml-dsa') ? CANNOT_VERIFY_ML_DSA : []
  if (options.plan === true) {
    const plan = { ...describe(configuration), rootFolder: options.root, adminFolder, algorithm: options.algorithm }
    print(host, options, { plan, cannotVerify: warnings }, ['would make:', ...sheet(plan), ...warned(warnings)])
    return
  }
  const { readPassphrase } = await import('./passphrase-prompt.ts')
  const { initialise } = await import('./init.ts')
  const rootPassphrase = await readPassphrase(options.rootPassphraseFile, 'twice')
  const result = await withProgress(host, 'making the hierarchy', (say) =>
    initialise(
      {
        configuration,
        rootFolder: options.root,
        rootPassphrase,
        algorithm: options.algorithm,
        administrator: options.admin,
        adminFolder,
        adminPassphrase: randomBytes(18).toString('base64url'),
      },
      say,
    ),
  )
  print(host, options, { ...result, cannotVerify: warnings }, [
    ...sheet({
      installation: result.installation,
      'root SHA-256': result.rootSha256,
      authorities: result.authorities.join(', '),
      'root folder': `${result.rootFolder} (take it away: the service does not need it)`,
      'admin key': result.files.key,
      'admin certificate': result.files.certificate,
      'admin PKCS#12': keyStoreOf(result.files),
      'trust bundle': result.files.trust,
    }),
    ...warned(warnings),
    'next: signet serve',
  ])
}

function describe({ dataFolder, publicUrl, publicHttpUrl, trustDomain, organization }: Configuration) {
  return { dataFolder, publicUrl, publicHttpUrl, trustDomain, organization }
}

function keyStoreOf({ pkcs12, passphrase }: AdministratorFiles): string | undefined {
  return pkcs12 === undefined ? undefined : `${pkcs12} (passphrase in ${String(passphrase)})`
}

function warned(programs: readonly string[]): string[] {
  return programs.length === 0 ? [] : ['cannot verify ML-DSA:', ...programs.map((program) => `  ${program}`)]
}
