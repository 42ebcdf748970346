// `signet job run -- COMMAND`: a job around a command. Its identity lies in a private folder and is named in the environment;
// it is kept while the command runs and ended with it. The command's exit status and signals are passed on.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Command, Option } from 'commander'
import type { Answer } from './answer.ts'
import { durationArgument } from './arguments.ts'
import type { ServiceClient } from './client.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { JobFolder } from './job-folder.ts'
import { jobHolderOf, type JobHolderOptions, withJobHolderOptions } from './job-holder-options.ts'
import { JobKeeper, keepCertificate, keepToken } from './job-keeper.ts'
import { visible } from './printed.ts'
import { CommandEnded, isCoded } from './refused.ts'
import { openClient, type ServiceOptions, serviceUrl, trustFile, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions, JobHolderOptions {
  readonly kind: string
  readonly audience?: string
  readonly lifetime?: number
  readonly lease?: number
}

/** Signals that are passed on to the command. */
const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** A command whose job was ended at the service gets SIGTERM, and SIGKILL when it has not ended by then. */
const GRACE_MILLISECONDS = 10_000

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
  const launcher = await openClient(options, host)
  const discovery = '/.well-known/openid-configuration'
  const audience = options.audience ?? (await launcher.get(discovery)).text('issuer')
  const csr = await makeRequest(folder, jobHolderOf(options).commonName)
  const started = await start(launcher, options, csr, audience)
  const id = started.text('id')
  const say = (line: string): void => host.stderr(`signet job ${visible(id)}: ${line}\n`)
  try {
    keepCertificate({ folder }, started.object('certificate'))
    keepToken({ folder }, started.object('token'))
    const ownOptions = { ...options, clientCert: folder.certificate, clientKey: folder.key }
    const child = spawnCommand(words, environmentOf(folder, id, options, host), say)
    const keeper = new JobKeeper(
      {
        id,
        folder,
        csr,
        audience,
        leaseSeconds: started.number('leaseSeconds'),
        connect: () => openClient(ownOptions, host),
        say,
        onEnded: (code) => {
          say(`was ended at the service (code ${code}); the command is stopped`)
          child.end()
        },
      },
      started,
    )
    return await child.ended.finally(() => keeper.stop())
  } finally {
    await finish(launcher, id, say)
  }
}

async function makeRequest(folder: JobFolder, commonName: string): Promise<string> {
  const { makeKeyPair, privateKeyPem } = await import('./key-pair.ts')
  const { makeCertificationRequest } = await import('./certification-request.ts')
  const keys = await makeKeyPair('ec-p256')
  folder.keepKey(privateKeyPem(keys))
  return makeCertificationRequest(keys, commonName)
}

function start(client: ServiceClient, options: Options, csr: string, audience: string): Promise<Answer> {
  const { kind, lifetime: lifetimeSeconds, lease: leaseSeconds } = options
  return client.write('POST', '/v1/jobs', {
    ...jobHolderOf(options).fields,
    kind,
    csr,
    lifetimeSeconds,
    leaseSeconds,
    token: { audience },
  })
}

/** A job that cannot be finished now ends with its lease. */
async function finish(launcher: ServiceClient, id: string, say: (line: string) => void): Promise<void> {
  try {
    await launcher.write('POST', `/v1/jobs/${id}/finish`)
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

interface RunningCommand {
  /** Its exit status, 128 and the signal that ended it, 127 when it is not there, or 126 when it may not be run. */
  readonly ended: Promise<number>
  end(): void
}

/** As shells tell it (POSIX.1 §2.8.2). */
const NOT_THERE = 127
const MAY_NOT_RUN = 126

function spawnCommand(
  [file = '', ...words]: readonly string[],
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): RunningCommand {
  // A terminal sends them to the whole group: the command has these already.
  const twice: ReadonlySet<NodeJS.Signals> = new Set(process.stdin.isTTY ? ['SIGINT', 'SIGQUIT'] : [])
  // Listened to before the command is there, so that none ends this process and leaves the command alone.
  const handlers = PASSED_ON.map((name) => {
    const handler = (): void => {
      if (!twice.has(name)) child.kill(name)
    }
    process.on(name, handler)
    return () => process.off(name, handler)
  })
  const child = spawn(file, words, { stdio: 'inherit', env })
  let killing: NodeJS.Timeout | undefined
  const ended = new Promise<number>((resolve) => {
    child.on('error', (error) => {
      say(`cannot be run: ${error.message}`)
      resolve('code' in error && error.code === 'EACCES' ? MAY_NOT_RUN : NOT_THERE)
    })
    child.on('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  }).finally(() => {
    clearTimeout(killing)
    for (const off of handlers) off()
  })
  const end = (): void => {
    child.kill('SIGTERM')
    killing = setTimeout(() => child.kill('SIGKILL'), GRACE_MILLISECONDS)
  }
  return { ended, end }
}
