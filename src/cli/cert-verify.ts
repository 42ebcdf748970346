// `signet cert verify`: whether a certificate is good, decided on this host: path to a root of the trust bundle, validity,
// names, revocation. Issuers and CRLs come from files or from the service; neither is believed without its signature.
import { Command, Option } from 'commander'
import { collect } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { Refused } from './refused.ts'
import { openClient, type ServiceOptions, trustFile, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly chain?: string
  readonly crl: readonly string[]
  readonly purpose: 'client' | 'server' | 'any'
  readonly offline?: boolean
}

export function certVerifyCommand(host: Host): Command {
  const command = new Command('verify')
    .description('verify a certificate against the trust bundle and the CRLs, and say what holds and what not')
    .argument('<file>', 'the certificate, PEM (its chain may follow) or DER')
    .option('--chain <file>', 'certificates of its issuers, PEM')
    .option('--crl <file>', 'a CRL, PEM or DER; may be repeated', collect, [])
    .addOption(
      new Option('--purpose <purpose>', 'what it must serve for').choices(['client', 'server', 'any']).default('any'),
    )
    .option('--offline', 'ask no service: issuers and CRLs from files alone')
    .action((file: string, options: Options) => verifyCertificate(file, options, host))
  return withExample(
    withServiceOptions(command),
    'signet cert verify vision__alice.pem --ca ca.pem',
    'signet cert verify vision__alice.pem --ca ca.pem --crl crls.pem --offline',
  )
}

async function verifyCertificate(file: string, options: Options, host: Host): Promise<void> {
  const { gatherEvidence } = await import('./evidence.ts')
  const { checkPath } = await import('./path-checks.ts')
  const { formatName } = await import('../x509/distinguished-name.ts')
  const service = options.offline === true ? undefined : await openClient(options, host, 'anonymous')
  const files = { file, chain: options.chain, crls: options.crl, trust: trustFile(options, host) }
  const { leaf, path, crlOf } = await gatherEvidence(files, service)
  const checks = checkPath(path, { at: host.clock.now(), purpose: options.purpose, crlOf })
  const good = checks.every(({ holds }) => holds)
  const document = { good, subject: formatName(leaf.tbs.subject), serial: leaf.tbs.serialHex, checks }
  const lines = checks.map(({ check, holds, fault, detail }) => {
    return `${holds ? 'holds' : 'FAILS'}  ${check.padEnd(11)} ${fault === undefined ? '' : `${fault}: `}${detail}`
  })
  // With --json a refusal carries the document, since there is only one.
  if (good || options.json !== true) print(host, options, document, [...lines, ...(good ? ['good'] : [])])
  if (good) return
  const faults = checks.flatMap(({ fault }) => fault ?? [])
  throw new Refused('certificate_not_good', { faults: [...new Set(faults)] }, { answered: document })
}
