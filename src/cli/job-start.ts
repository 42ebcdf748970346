// `signet job start`: for launchers, with their own service certificate. Gets the job's certificate as `cert issue` does.
import { Command } from 'commander'
import { linesOf } from './cert-issue.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { jobHolderOf, type JobHolderOptions, withJobHolderOptions } from './job-holder-options.ts'
import { print } from './printed.ts'
import { type RequestOptions, withRequestOptions } from './request-options.ts'
import { openClient, withServiceOptions } from './service-options.ts'

type Options = RequestOptions & JobHolderOptions

export function jobStartCommand(host: Host): Command {
  const command = new Command('start')
    .description('start a job for a member or service account, and get its certificate; it ends with the job')
    .action((options: Options) => startJob(options, host))
  return withExample(
    withServiceOptions(withRequestOptions(withJobHolderOptions(command))),
    'signet job start --project vision --user alice --lifetime 30m --out job.pem',
    'signet job start --project vision --account sa-etl --out job.pem',
  )
}

async function startJob(options: Options, host: Host): Promise<void> {
  const { fields, commonName } = jobHolderOf(options)
  const { askWith, keepCertificate, prepareRequest } = await import('./request-files.ts')
  const client = await openClient(options, host)
  const prepared = await prepareRequest(options, commonName, host)
  const started = await askWith(prepared, host, (csr) => {
    return client.write('POST', '/v1/jobs', { ...fields, csr, lifetimeSeconds: options.lifetime })
  })
  const issued = started.object('certificate')
  keepCertificate(prepared, issued, options.force === true ? 'replace' : 'refuse')
  const files = { certificateFile: prepared.out, keyFile: prepared.newKey ?? options.key }
  const lines = [`job ${started.text('id')}`, ...linesOf(issued, files)]
  print(host, options, { ...started.document, ...files }, lines)
}
