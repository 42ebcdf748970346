// `signet logout`: ends the session of this machine at the service, and forgets it here whatever the service says.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { Refused } from './refused.ts'
import { forgetSession, readSession } from './session-file.ts'
import { openClient, requiredSessionFile, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function logoutCommand(host: Host): Command {
  const command = new Command('logout')
    .description('end the session of this machine, everywhere')
    .action(async (options: ServiceOptions) => {
      const file = requiredSessionFile(options, host)
      const kept = await readSession(file)
      const client = await openClient(options, host, 'anonymous')
      // Another service's is not ours to end, and the token not for this one to see.
      if (kept?.origin !== client.origin) throw new Refused('session_missing')
      try {
        await client.withBearer(kept.token).write('POST', '/v1/logout')
      } finally {
        forgetSession(file)
      }
      print(host, options, { user: kept.user, provider: kept.provider }, [`${kept.user} is signed out`])
    })
  return withExample(withServiceOptions(command), 'signet logout')
}
