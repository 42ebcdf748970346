import type { Command } from 'commander'
import { groupOf } from './group.ts'
import type { Host } from './host.ts'
import { jobFinishCommand } from './job-finish.ts'
import { jobLeasesCommand } from './job-leases.ts'
import { jobListCommand } from './job-list.ts'
import { jobRunCommand } from './job-run.ts'
import { jobStartCommand } from './job-start.ts'

export function jobCommand(host: Host): Command {
  return groupOf(
    'job',
    'jobs that a launcher runs for members and service accounts',
    'signet job start --project vision --user alice',
    jobStartCommand(host),
    jobFinishCommand(host),
    jobListCommand(host),
    jobRunCommand(host),
    jobLeasesCommand(host),
  )
}
