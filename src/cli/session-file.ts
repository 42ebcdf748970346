// The session of whoever signed in on this machine: one file for its owner alone, which holds a secret, and which service it is for.
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Answer } from './answer.ts'
import { SECRET, writeAtomically } from './atomic-file.ts'
import type { Host } from './host.ts'
import { readBytesIfThere, reasonOf } from './read-file.ts'
import { Refused } from './refused.ts'

export interface KeptSession {
  /** Whom the token is shown to, and nobody else. */
  readonly origin: string
  readonly user: string
  readonly provider: string
  readonly token: string
  readonly expiresAt: Date
}

/** As the XDG Base Directory Specification has it. Undefined without a home. */
export function defaultSessionFile({ environment }: Host): string | undefined {
  const [config, home] = [environment['XDG_CONFIG_HOME'], environment['HOME']]
  if (config !== undefined && config !== '') return join(config, 'signet', 'session.json')
  return home === undefined || home === '' ? undefined : join(home, '.config', 'signet', 'session.json')
}

/** Undefined when nobody is signed in. Throws `Refused`. */
export async function readSession(file: string): Promise<KeptSession | undefined> {
  const bytes = await readBytesIfThere(file)
  if (bytes === undefined) return undefined
  try {
    const kept = Answer.parse(Buffer.from(bytes).toString('utf8'))
    const [origin, user, provider, token] = ['origin', 'user', 'provider', 'token'].map((name) => kept.text(name))
    const expiresAt = new Date(kept.text('expiresAt'))
    return { origin: origin ?? '', user: user ?? '', provider: provider ?? '', token: token ?? '', expiresAt }
  } catch (cause) {
    throw new Refused('file_unreadable', { file, reason: 'no session' }, { cause })
  }
}

/** From an answer that hands over a session token. Throws `Refused`. */
export function keepSession(file: string, origin: string, session: Answer): KeptSession {
  const kept = {
    origin,
    user: session.text('user'),
    provider: session.text('provider'),
    token: session.text('token'),
    expiresAt: new Date(session.text('expiresAt')),
  }
  makeFolder(dirname(file))
  writeAtomically(file, `${JSON.stringify(kept, undefined, 2)}\n`, SECRET)
  return kept
}

export function forgetSession(file: string): void {
  rmSync(file, { force: true })
}

/** Only a folder that is made here is closed to others: one that is there is its owner's affair. */
function makeFolder(folder: string): void {
  try {
    if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, 0o700)
  } catch (cause) {
    throw new Refused('file_unwritable', { file: folder, reason: reasonOf(cause) }, { cause })
  }
}
