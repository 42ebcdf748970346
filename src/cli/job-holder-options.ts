// `--user` or `--account`: whom a job acts as, as every command that starts one asks.
import { type Command, Option } from 'commander'
import { WrongUsage } from './refused.ts'

export interface JobHolderOptions {
  readonly project: string
  readonly user?: string
  readonly account?: string
}

export function withJobHolderOptions(command: Command): Command {
  return command
    .requiredOption('--project <project>', 'project of the member or service account')
    .option('--user <user>', 'the member on whose behalf it runs')
    .addOption(new Option('--account <name>', 'the service account on whose behalf it runs').conflicts('user'))
}

/** What the request says of it, and the common name that its certificate will have. Throws `WrongUsage`. */
export function jobHolderOf({ project, user, account }: JobHolderOptions) {
  const name = user ?? account
  if (name === undefined) throw new WrongUsage('name on whose behalf it runs: --user or --account')
  return { fields: { project, user, account }, commonName: `${project}__${name}` }
}
