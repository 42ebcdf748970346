// `signet user hash-password`: what stands for a password in the users file of a provider of kind `password`. It asks no service,
// and takes the password from a file or standard input, never from the command line, where every process can read it.
import { Command } from 'commander'
import { hashPassword } from '../signin/password-hash.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { readText } from './read-file.ts'
import { WrongUsage } from './refused.ts'
import { type OutputOptions, withOutputOptions } from './service-options.ts'

/** The longest that a sign-in takes, in characters. */
const MAX_PASSWORD_CHARACTERS = 1024

interface Options extends OutputOptions {
  readonly passwordFile: string
}

export function userHashPasswordCommand(host: Host): Command {
  const command = new Command('hash-password')
    .description('print what stands for a password in the users file of a test installation')
    .option('--password-file <file>', 'file with the password, - for standard input', '-')
    .action(async (options: Options) => {
      const { passwordFile: file } = options
      const text = file === '-' ? await host.readStdin(MAX_PASSWORD_CHARACTERS * 4) : await readText(file)
      const password = text.replace(/\r?\n$/, '')
      if (password === '' || password.length > MAX_PASSWORD_CHARACTERS) {
        throw new WrongUsage(`a password has 1 to ${String(MAX_PASSWORD_CHARACTERS)} characters`)
      }
      const hashed = await hashPassword(password)
      print(host, options, { password: hashed }, [hashed])
    })
  return withExample(withOutputOptions(command), 'signet user hash-password --password-file alice.txt')
}
