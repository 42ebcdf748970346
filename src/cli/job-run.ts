// `signet job run -- COMMAND`: a job around a command. Its identity lies in a private folder and is named in the environment;
// it is kept while the command runs and ended with it. The command's exit status and signals are passed on.
import { randomUUID } from 'node:crypto'
import { Command, Option } from 'commander'
import type { Answer } from './answer.ts'
import { durationArgument } from './arguments.ts'
import type { ServiceClient } from './client.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { interruptible } from './interruptible.ts'
import { JobFolder } from './job-folder.ts'
import { jobHolderOf, type JobHolderOptions, withJobHolderOptions } from './job-holder-options.ts'
import { JobKeeper, keepCertificate, keepToken, timerLater } from './job-keeper.ts'
import { visible } from './printed.ts'
import { reach } from './reach.ts'
import { CommandEnded, isCoded } from './refused.ts'
import { runCommand } from './running-command.ts'
import { openClient, type ServiceOptions, serviceUrl, trustFile, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions, JobHolderOptions {
  readonly kind: string
  readonly audience?: string
  readonly lifetime?: number
  readonly lease?: number
}

/** A command whose job was ended at the service gets SIGTERM, and SIGKILL when it has not ended by then. */
const GRACE_SECONDS = 10

/** How long a service that is away is waited for: about as long as it takes to start it anew, its database with it. */
const START_PATIENCE_SECONDS = 120

/** Shorter: the status of the command waits meanwhile, and the lease ends the job all the same. */
const FINISH_PATIENCE_SECONDS = 30

export function jobRunCommand(host: Host): Command {
  const command = new Command('run')
    .description(
      'run a command as a job for a member or service account: its identity is kept while it runs, and ends with it',
    )
    .argument('<command...>', 'the command, after --')
    .addOption(new Option('--kind <kind>', 'what it is').choices(['job', 'notebook', 'deployment']).default('job'))
    .option('--audience <name>', 'who accepts its token (default: the service itself)')
    .option('--lifetime <duration>', 'how long the job may run', durationArgument)
    .option('--lease <duration>', 'how long it lives on when nobody keeps it', durationArgument)
    .action((words: string[], options: Options) => runJob(words, options, host))
  return withExample(
    withServiceOptions(withJobHolderOptions(command)),
    'signet job run --project vision --user alice -- python train.py',
    'signet job run --project vision --user alice --kind notebook --lease 5m -- jupyter lab',
    'signet job run --project vision --account sa-etl -- ./nightly.sh',
  )
}

/** Throws `CommandEnded` with the status of the command when that is not 0. */
async function runJob(words: readonly string[], options: Options, host: Host): Promise<void> {
  const folder = new JobFolder(host)
  try {
    const status = await runIn(folder, words, options, host)
    if (status !== 0) throw new CommandEnded(status)
  } finally {
    folder.remove()
  }
}

async function runIn(folder: JobFolder, words: readonly string[], options: Options, host: Host): Promise<number> {
  const { csr, started } = await interruptible((stop) => start(folder, options, host, stop))
  const id = started.text('id')
  const say = sayOf(host, id)
  try {
    const connect = (stop?: AbortSignal): Promise<ServiceClient> => {
      const ownFiles = { clientCert: folder.certificate, clientKey: folder.key }
      return openClient({ ...options, ...ownFiles }, host, 'as-configured', stop)
    }
    const kept = { folder, clock: host.clock }
    const certificateDue = keepCertificate(kept, started.object('certificate'))
    const { audience, token } = await interruptible((stop) => firstToken({ id, connect, say }, options, host, stop))
    const due = { certificate: certificateDue, token: keepToken(kept, token) }
    const environment = environmentOf(folder, id, options, host)
    const command = runCommand(words, { environment, graceSeconds: GRACE_SECONDS, say })
    const leaseSeconds = started.number('leaseSeconds')
    const onEnded = (code: string): void => {
      say(`was ended at the service (code ${code}); the command is stopped`)
      command.end()
    }
    const job = { ...kept, id, csr, audience, leaseSeconds, later: timerLater, connect, say, onEnded }
    const keeper = new JobKeeper(job, due)
    return await command.ended.finally(() => keeper.stop())
  } finally {
    await interruptible((stop) => finish(id, options, host, stop))
  }
}

function sayOf(host: Host, id?: string): (line: string) => void {
  return (line) => host.stderr(`signet job${id === undefined ? '' : ` ${visible(id)}`}: ${line}\n`)
}

interface Started {
  readonly csr: string
  readonly started: Answer
}

/**
 * Asked with one Idempotency-Key and for no token, so that an answer that was lost is given again, and no job is left that
 * nobody knows of.
 */
async function start(folder: JobFolder, options: Options, host: Host, stop: AbortSignal): Promise<Started> {
  const client = await openClient(options, host, 'as-configured', stop)
  const { fields, commonName } = jobHolderOf(options)
  const csr = await makeRequest(folder, commonName)
  const { kind, lifetime: lifetimeSeconds, lease: leaseSeconds } = options
  const key = randomUUID()
  const reaching = { patienceSeconds: START_PATIENCE_SECONDS, clock: host.clock, say: sayOf(host), stop }
  const body = { ...fields, kind, csr, lifetimeSeconds, leaseSeconds }
  return { csr, started: await reach(reaching, () => client.write('POST', '/v1/jobs', body, key)) }
}

interface OwnConnection {
  readonly id: string
  readonly connect: (stop?: AbortSignal) => Promise<ServiceClient>
  readonly say: (line: string) => void
}

interface FirstToken {
  readonly audience: string
  readonly token: Answer
}

/** By the job itself. One whose answer was lost is superseded by the next. */
async function firstToken(
  { id, connect, say }: OwnConnection,
  options: Options,
  { clock }: Host,
  stop: AbortSignal,
): Promise<FirstToken> {
  const client = await connect(stop)
  return reach({ patienceSeconds: START_PATIENCE_SECONDS, clock, say, stop }, async () => {
    const discovery = '/.well-known/openid-configuration'
    const audience = options.audience ?? (await client.get(discovery)).text('issuer')
    return { audience, token: await client.write('POST', `/v1/jobs/${id}/token`, { audience }) }
  })
}

async function makeRequest(folder: JobFolder, commonName: string): Promise<string> {
  const { makeKeyPair, privateKeyPem } = await import('./key-pair.ts')
  const { makeCertificationRequest } = await import('./certification-request.ts')
  const keys = await makeKeyPair('ec-p256')
  folder.keepKey(privateKeyPem(keys))
  return makeCertificationRequest(keys, commonName)
}

/** With the launcher's certificate as it is now. A job that cannot be finished ends with its lease. */
async function finish(id: string, options: Options, host: Host, stop: AbortSignal): Promise<void> {
  const say = sayOf(host, id)
  try {
    const launcher = await openClient(options, host, 'as-configured', stop)
    const reaching = { patienceSeconds: FINISH_PATIENCE_SECONDS, clock: host.clock, say, stop }
    await reach(reaching, () => launcher.write('POST', `/v1/jobs/${id}/finish`))
  } catch (error) {
    if (!isCoded(error)) throw error
    say(`could not be finished (code ${error.code}); it ends with its lease`)
  }
}

function environmentOf(folder: JobFolder, id: string, options: Options, host: Host): NodeJS.ProcessEnv {
  return {
    ...host.environment,
    SIGNET_URL: serviceUrl(options, host).href,
    SIGNET_CA: trustFile(options, host),
    SIGNET_CERT: folder.certificate,
    SIGNET_KEY: folder.key,
    SIGNET_TOKEN_FILE: folder.token,
    SIGNET_JOB: id,
  }
}
