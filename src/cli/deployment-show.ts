// `signet model deployment show`: what a deployment says. Its security options stand as clients of H2O MLOps print theirs: of a
// passphrase never more than its id.
import { Command } from 'commander'
import type { Answer } from './answer.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print, sheet } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function deploymentShowCommand(host: Host): Command {
  const command = new Command('show')
    .description('show a deployment')
    .argument('<name>', 'name of the deployment')
    .action(async (name: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const shown = await client.get(`/v1/deployments/${segment(name)}`)
      print(host, options, shown.document, linesOf(shown))
    })
  return withExample(withServiceOptions(command), 'signet model deployment show resnet')
}

function linesOf(shown: Answer): readonly string[] {
  const common = {
    deployment: shown.text('name'),
    hosts: [shown.text('host'), ...shown.texts('moreHosts')].join(', '),
    paths: listed(shown, 'paths'),
    accepts: shown.texts('authModes').join(', '),
    'acting user': shown.text('actingUser'),
  }
  // Whoever may call it from outside the project is not told more.
  if (shown.document['project'] === undefined) return sheet(common)
  const passphrases = shown.list('passphrases').map((entry) => entry.text('id'))
  return sheet({
    ...common,
    project: shown.text('project'),
    service: shown.text('service'),
    callers: listed(shown, 'serviceCallers'),
    'external groups': listed(shown, 'externalGroups'),
    'unprotected paths': listed(shown, 'unprotectedPaths'),
    passphrases: passphrases.length === 0 ? undefined : passphrases.join(', '),
    passphrase: 'None',
    hashed_passphrase: 'None',
    oidc_token_auth: shown.texts('authModes').includes('oidc') ? 'True' : 'False',
    status: shown.text('status'),
  })
}

function listed(shown: Answer, name: string): string | undefined {
  const texts = shown.texts(name)
  return texts.length === 0 ? undefined : texts.join(', ')
}
