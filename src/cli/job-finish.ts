// `signet job finish`: ends a job and revokes its certificate; for its launcher, the job itself, or an owner of the project.
import type { Command } from 'commander'
import { changeCommand } from './change-command.ts'
import type { Host } from './host.ts'

export function jobFinishCommand(host: Host): Command {
  return changeCommand(host, {
    verb: 'finish',
    description: 'end a job and revoke its certificate',
    argument: ['<job>', 'id of the job'],
    method: 'POST',
    path: (name) => `/v1/jobs/${name}/finish`,
    told: (changed) => `job ${changed.text('id')} is ${changed.text('status')}`,
    example: 'signet job finish 5f1c9a3e7b20d4886a11',
  })
}
