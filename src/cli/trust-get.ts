// `signet trust get`: the first thing on a new host. It turns a fingerprint that the operator handed over into a trust
// bundle. Nothing is written unless a root has that fingerprint and the server itself stands below it.
import { Command } from 'commander'
import { fingerprintArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { type OutputOptions, serviceUrl, withOutputOptions, withUrlOptions } from './service-options.ts'

interface Options extends OutputOptions {
  readonly url?: URL
  readonly sha256: readonly string[]
  readonly out: string
  readonly force?: boolean
  readonly timeout: number
}

export function trustGetCommand(host: Host): Command {
  const command = new Command('get')
    .description('fetch the root of a service, checked against a fingerprint that you got over another channel')
    .requiredOption('--sha256 <fingerprint>', 'SHA-256 of the root certificate; may be repeated', fingerprintArgument)
    .requiredOption('--out <file>', 'where to write the root, PEM')
    .option('--force', 'replace a file that says something else')
    .action((options: Options) => getTrust(options, host))
  return withExample(
    withOutputOptions(withUrlOptions(command)),
    'signet trust get --url https://ca.internal:8443 --sha256 4f:1c:…:9a --out ca.pem',
  )
}

async function getTrust(options: Options, host: Host): Promise<void> {
  const { fetchPinnedRoots } = await import('./pinned-roots.ts')
  const { formatName } = await import('../x509/distinguished-name.ts')
  const found = await fetchPinnedRoots(serviceUrl(options, host), options.sha256, options.timeout)
  const text = found.roots.map(({ pem }) => pem).join('')
  const written = await keep(options, text)
  const roots = found.roots.map(({ certificate }) => ({
    subject: formatName(certificate.tbs.subject),
    sha256: certificate.fingerprint,
    notAfter: certificate.tbs.validity.notAfter.toISOString(),
  }))
  const lines = roots.map(({ subject, sha256, notAfter }) => `${subject}, until ${notAfter}, sha256 ${sha256}`)
  if (found.leftOut.length > 0 && options.json !== true) {
    host.stderr(`left out, since no fingerprint was given for them: ${found.leftOut.join(', ')}\n`)
  }
  const done = written ? 'written' : 'unchanged'
  print(host, options, { file: options.out, done, roots, leftOut: found.leftOut }, [
    ...lines,
    `${options.out}: ${done}`,
  ])
}

/** Whether the file was written; one that says the same already is left as it is. Throws `Refused`. */
async function keep({ out, force }: Options, text: string): Promise<boolean> {
  const { readBytesIfThere } = await import('./read-file.ts')
  const { PUBLIC, writeAtomically, writeNewAtomically } = await import('./atomic-file.ts')
  const bytes = Buffer.from(text)
  const before = await readBytesIfThere(out)
  if (before !== undefined && bytes.equals(before)) return false
  if (force === true) writeAtomically(out, bytes, PUBLIC)
  else writeNewAtomically(out, bytes, PUBLIC)
  return true
}
