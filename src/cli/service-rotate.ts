// `signet service rotate`: asks for new keys of one service, of all, or of those with a live certificate of one issuer. Their
// agents (`signet service watch`) do the rest.
import { Command, Option } from 'commander'
import type { IssuerId } from '../domain/issuer-id.ts'
import { issuerArgument } from './arguments.ts'
import type { ServiceClient } from './client.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { listAll } from './pages.ts'
import { print } from './printed.ts'
import { WrongUsage } from './refused.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly all?: boolean
  readonly issuer?: IssuerId
  readonly plan?: boolean
}

export function serviceRotateCommand(host: Host): Command {
  const command = new Command('rotate')
    .description('ask for new keys of a service; old and new hold together until the overlap is over')
    .argument('[name]', 'name of the service')
    .option('--all', 'all active services')
    .addOption(
      new Option('--issuer <issuer>', 'services with a live certificate of this issuer')
        .argParser(issuerArgument)
        .conflicts('all'),
    )
    .option('--plan', 'say which, and ask for nothing')
    .action((name: string | undefined, options: Options) => rotate(name, options, host))
  return withExample(
    withServiceOptions(command),
    'signet service rotate model-1.internal',
    'signet service rotate --issuer services-1 --plan',
  )
}

async function rotate(name: string | undefined, options: Options, host: Host): Promise<void> {
  const isMany = options.all === true || options.issuer !== undefined
  if (isMany === (name !== undefined)) throw new WrongUsage('name one service, or --all, or --issuer')
  const client = await openClient(options, host)
  const names = name === undefined ? await namesOf(client, options.issuer, host) : [name]
  if (options.plan === true) {
    print(
      host,
      options,
      { plan: names },
      names.length === 0 ? ['no service'] : names.map((each) => `would ask ${each}`),
    )
    return
  }
  for (const each of names) await client.write('POST', `/v1/services/${segment(each)}/rotate`)
  print(host, options, { rotating: names }, names.length === 0 ? ['no service'] : names.map((each) => `asked ${each}`))
}

async function namesOf(client: ServiceClient, issuer: IssuerId | undefined, host: Host): Promise<readonly string[]> {
  const { rows } = await listAll(client, { path: '/v1/services', query: {}, rows: 'services', limit: undefined }, host)
  const active = rows.filter((row) => row.text('status') === 'active').map((row) => row.text('name'))
  if (issuer === undefined) return active
  const found: string[] = []
  for (const name of active) {
    const certificates = (await client.get(`/v1/services/${segment(name)}`)).list('certificates')
    if (certificates.some((row) => row.text('issuer') === issuer)) found.push(name)
  }
  return found
}
