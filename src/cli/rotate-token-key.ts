// `signet rotate token-key`: at the machine, with the master key; the service may run meanwhile and takes up the result by
// itself.
import { Command, Option } from 'commander'
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from '../domain/token-algorithm.ts'
import type { TokenKeyMeans } from '../enrollment/change-token-key.ts'
import { addConfigurationOptions, configurationOf } from './configuration-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet } from './printed.ts'

type Options = Parameters<typeof configurationOf>[0] & {
  readonly algorithm?: TokenAlgorithm
  readonly remove?: string
  readonly json?: true
}

export function rotateTokenKeyCommand(host: Host): Command {
  const command = addConfigurationOptions(new Command('token-key'))
    .description('make the next key that signs tokens, before its time; or remove one that has leaked')
    .addOption(
      new Option('--algorithm <name>', 'of the new key (default: the first of the installation)')
        .choices(TOKEN_ALGORITHMS)
        .conflicts('remove'),
    )
    .option('--remove <kid>', 'remove this key at once: its tokens are worth nothing more')
    .option('--json', 'print one JSON document')
    .action((options: Options) => {
      const { remove } = options
      return remove === undefined ? rotate(options, host) : removeKey(options, remove, host)
    })
  return withExample(
    command,
    'signet rotate token-key --config /etc/signet/signet.yaml',
    'signet rotate token-key --remove 4Vd…w --config /etc/signet/signet.yaml',
  )
}

async function rotate(options: Options, host: Host): Promise<void> {
  const { rotateTokenKey } = await import('../enrollment/change-token-key.ts')
  const key = await withMeans(options, (means, preferred) => rotateTokenKey(means, options.algorithm ?? preferred))
  const { kid, algorithm, signsFrom, signsUntil } = key
  const times = { signsFrom: signsFrom.toISOString(), signsUntil: signsUntil.toISOString() }
  print(host, options, { kid, algorithm, ...times }, sheet({ key: kid, algorithm, ...times }))
}

async function removeKey(options: Options, kid: string, host: Host): Promise<void> {
  const { removeTokenKey } = await import('../enrollment/change-token-key.ts')
  const { cachedUntil, verifiers, ...removed } = await withMeans(options, (means) => removeTokenKey(means, kid))
  const until = cachedUntil.toISOString()
  print(host, options, { ...removed, cachedUntil: until, verifiers }, [
    `token key ${removed.kid} (${removed.algorithm}) is removed; ${removed.replacedBy} signs`,
    `Signet refuses its tokens from now on, in every process within seconds`,
    `verifiers that have the key set in a cache may accept them until ${until}:`,
    ...(verifiers.length === 0 ? ['  none is known: no token is in its time'] : verifiers.map((name) => `  ${name}`)),
    'tell them to fetch the key set again',
  ])
}

async function withMeans<Result>(
  options: Options,
  act: (means: TokenKeyMeans, preferred: TokenAlgorithm) => Promise<Result>,
): Promise<Result> {
  const { NotInitialised, openInstallation, refuseEmpty } = await import('../main/installation.ts')
  const configuration = configurationOf(options)
  refuseEmpty(configuration)
  const { storage, keyStore, policy, facts, means } = await openInstallation(configuration)
  try {
    if (facts === undefined) throw new NotInitialised(configuration.dataFolder)
    const { installation } = facts
    const token = { acts: storage, keyStore, installation, policy: policy.credentials.token, clock: means.clock }
    return await act({ ...token, actor: 'offline:admin' }, configuration.tokens.algorithms[0])
  } finally {
    await storage.close()
  }
}
