// `signet serve`: runs the service until it is told to stop. SIGHUP has it read its configuration again, of which what it says
// about access is taken up.
import { Command } from 'commander'
import { flushCompileCache } from 'node:module'
import { addConfigurationOptions, configurationOf } from './configuration-options.ts'
import type { RunningService } from '../main.ts'
import { ConfigurationRejected } from '../ops/configuration.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'

export function serveCommand(host: Host): Command {
  const command = new Command('serve')
    .description('run the service; SIGTERM and SIGINT finish what was accepted and stop it')
    .action(async (options: Parameters<typeof configurationOf>[0]) => {
      const configuration = configurationOf(options)
      const { startService } = await import('../main.ts')
      const service = await startService(configuration)
      const stop = stopSignal()
      const { https, http, operations } = service.ports
      host.stdout(`ready: https ${String(https)}, http ${String(http)}, operations ${String(operations ?? 'off')}\n`)
      // At the exit Node does this by itself; a service that is killed would start slowly again.
      flushCompileCache()
      const readAgain = (): void => govern(host, service, options)
      process.on('SIGHUP', readAgain)
      await stop
      process.off('SIGHUP', readAgain)
      const report = await service.stop()
      if (report.forced.length > 0) host.stderr(`broken off after 10 s: ${report.forced.join(', ')}\n`)
    })
  return withExample(addConfigurationOptions(command), 'signet serve --config /etc/signet/signet.yaml')
}

/** A configuration with a fault changes nothing: the service goes on with what it has. */
function govern(host: Host, service: RunningService, options: Parameters<typeof configurationOf>[0]): void {
  try {
    service.govern(configurationOf(options))
    host.stderr('read again: what the configuration says about access is in force\n')
  } catch (error) {
    if (!(error instanceof ConfigurationRejected)) throw error
    host.stderr(`not read again: ${error.message}\n`)
  }
}

function stopSignal(): Promise<void> {
  return new Promise((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop())
  })
}
