// The passphrase of the root key: from a file, or from a terminal without echo. Never from the command line, where every
// process can read it, and never from the environment.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { CodedError } from '../domain/coded-error.ts'
import { readBytes } from './read-file.ts'

export class PassphraseMissing extends CodedError<'passphrase_missing' | 'passphrases_differ'> {}

/** `asked`: `once` to open a key, `twice` to make one. Throws `PassphraseMissing`. */
export async function readPassphrase(file: string | undefined, asked: 'once' | 'twice'): Promise<string> {
  if (file !== undefined)
    return Buffer.from(await readBytes(file))
      .toString('utf8')
      .replace(/\r?\n$/, '')
  if (!process.stdin.isTTY) throw new PassphraseMissing('passphrase_missing', { fix: '--root-passphrase-file FILE' })
  const passphrase = await askSilently('Passphrase of the root key: ')
  if (asked === 'twice' && (await askSilently('The same again: ')) !== passphrase) {
    throw new PassphraseMissing('passphrases_differ')
  }
  return passphrase
}

/** Without echo. */
export function askSilently(question: string): Promise<string> {
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  return new Promise((answered) => {
    lines.question('', (answer) => {
      lines.close()
      process.stderr.write('\n')
      answered(answer)
    })
  })
}
