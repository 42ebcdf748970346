// The key ceremonies (CP §4.2, §4.9.7): what only the root key can do, on a machine that has the root folder and the database
// at hand. The service may run meanwhile; it takes up the result by itself.
import { Command, Option } from 'commander'
import type { CrlRecord } from '../revocation/crl-store.ts'
import { AUTHORITY_REVOCATION_REASONS, type AuthorityReason } from '../revocation/revocation.ts'
import { addConfigurationOptions, configurationOf } from './configuration-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet } from './printed.ts'

type Options = Parameters<typeof configurationOf>[0] & {
  readonly root: string
  readonly rootPassphraseFile?: string
  readonly authority?: string
  readonly out?: string
  readonly plan?: true
  readonly json?: true
}

type RevokeOptions = Options & { readonly issuer: string; readonly reason: AuthorityReason }

export function ceremonyCommand(host: Host): Command {
  return new Command('ceremony')
    .description('what only the offline root key can do')
    .addCommand(crlCeremony(host))
    .addCommand(issuingCaCeremony(host))
    .addCommand(revokeCeremony(host))
}

function crlCeremony(host: Host): Command {
  const command = withRoot(new Command('crl').description("sign the root's next CRL")).action(
    async (options: Options) => {
      const { planRootCrl, signRootCrl } = await import('./root-ceremony.ts')
      const configuration = configurationOf(options)
      if (options.plan === true) {
        const plan = await planRootCrl(configuration)
        print(host, options, { plan }, ['would sign:', ...sheet(plan)])
        return
      }
      const crl = await signRootCrl(configuration, await rootOf(options), options.out)
      print(host, options, crlDocument(crl), [
        `root CRL ${String(crl.number)}, good until ${crl.nextUpdate.toISOString()}`,
      ])
    },
  )
  return withExample(
    command.option('--out <file>', 'write the CRL (DER) to a file too'),
    'signet ceremony crl --root /media/usb/signet-root --data ./data --master-key-file ./master.key …',
  )
}

function issuingCaCeremony(host: Host): Command {
  const command = withRoot(
    new Command('issuing-ca').description('make the next key generation of an issuing CA'),
  ).action(async (options: Options) => {
    const { makeNextGeneration, planNextGeneration } = await import('./root-ceremony.ts')
    const configuration = configurationOf(options)
    const authority = options.authority ?? ''
    if (options.plan === true) {
      const plan = await planNextGeneration(configuration, options.root, authority)
      print(host, options, { plan }, ['would make:', ...sheet(plan)])
      return
    }
    const made = await makeNextGeneration(configuration, await rootOf(options), authority)
    const { notAfter } = made.issuer.validity
    const document = { issuer: made.issuer.id, serial: made.issued.serial, notAfter: notAfter.toISOString() }
    print(host, options, document, [`${made.issuer.id}, good until ${notAfter.toISOString()}`])
  })
  return withExample(
    command.requiredOption('--authority <name>', 'authority of the hierarchy: users, services'),
    'signet ceremony issuing-ca --authority users --root /media/usb/signet-root --data ./data --master-key-file ./master.key …',
  )
}

function revokeCeremony(host: Host): Command {
  const command = withRoot(
    new Command('revoke-ca').description(
      "revoke an issuing CA by the root's CRL; nothing that it signed is good any more",
    ),
  ).action(async (options: RevokeOptions) => {
    const { planRevocation, revokeIssuingCa } = await import('./root-ceremony.ts')
    const configuration = configurationOf(options)
    const { issuer, reason, out } = options
    if (options.plan === true) {
      const plan = await planRevocation(configuration, issuer)
      print(host, options, { plan }, ['would revoke:', ...sheet(plan)])
      return
    }
    const done = await revokeIssuingCa(configuration, await rootOf(options), { issuer, reason, out })
    const { record, crl, tokens, apiKeys, successor } = done
    const since = (record.revokedAt ?? crl.thisUpdate).toISOString()
    const document = { issuer, since, reason: record.reason, tokens, apiKeys, successor, crl: crlDocument(crl) }
    print(host, options, document, [
      `${issuer} is revoked since ${since}; root CRL ${String(crl.number)} says so`,
      successor === undefined
        ? 'nobody issues in its place: signet ceremony issuing-ca'
        : `${successor} issues in its place`,
    ])
  })
  return withExample(
    command
      .requiredOption('--issuer <id>', 'key generation of an issuing CA: users-1')
      .addOption(new Option('--reason <reason>', 'why').choices(AUTHORITY_REVOCATION_REASONS).makeOptionMandatory())
      .option('--out <file>', 'write the CRL (DER) to a file too'),
    'signet ceremony revoke-ca --issuer users-1 --reason keyCompromise --root /media/usb/signet-root --data ./data …',
  )
}

function withRoot(command: Command): Command {
  return addConfigurationOptions(command)
    .requiredOption('--root <folder>', 'folder of the root key')
    .option(
      '--root-passphrase-file <file>',
      'file with the passphrase of the root key (default: asked on the terminal)',
    )
    .option('--plan', 'say what would be done, and do nothing')
    .option('--json', 'print one JSON document')
}

async function rootOf(options: Options): Promise<{ readonly folder: string; readonly passphrase: string }> {
  const { readPassphrase } = await import('./passphrase-prompt.ts')
  return { folder: options.root, passphrase: await readPassphrase(options.rootPassphraseFile, 'once') }
}

function crlDocument({ scope, number, thisUpdate, nextUpdate }: CrlRecord) {
  return { issuer: scope.issuer, number, thisUpdate: thisUpdate.toISOString(), nextUpdate: nextUpdate.toISOString() }
}
