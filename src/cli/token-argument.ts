// A token on the command line, or on standard input (`-`), where nobody else on the host can read it.
import type { Host } from './host.ts'
import { WrongUsage } from './refused.ts'

/** Largest token that the service takes, in characters. */
const MAX_TOKEN_BYTES = 8192

export const TOKEN_ARGUMENT = 'the token, - for standard input'

export async function readTokenArgument(given: string, host: Host): Promise<string> {
  const token = given === '-' ? (await host.readStdin(MAX_TOKEN_BYTES)).trim() : given
  if (token === '') throw new WrongUsage('there is no token')
  return token
}
