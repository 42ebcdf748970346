// People who sign in at a provider that keeps names, passwords and groups in a file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Flags } from '../../src/ops/settings.ts'
import { hashPassword } from '../../src/signin/password-hash.ts'
import type { Answer } from './https-client.ts'
import { expectStatus, type TestService } from './test-service.ts'

export interface Provider {
  readonly createUsers?: boolean
  readonly administers?: 'never' | 'when-administrator'
  readonly missingGroups?: 'refuse' | 'empty'
}

/** Everybody's. Worked out once. */
export const PASSWORD = 'correct horse battery staple'

export class People {
  readonly #folder = mkdtempSync(join(tmpdir(), 'signet-people-'))
  readonly #hash = hashPassword(PASSWORD)
  readonly #users = new Map<string, { readonly password: string; readonly groups?: readonly string[] }>()

  /** Providers of one file. */
  flags(providers: Readonly<Record<string, Provider>>): Flags {
    this.#write()
    const usersFile = join(this.#folder, 'users.json')
    const entries = Object.entries(providers).map(([name, more]) => [name, { kind: 'password', usersFile, ...more }])
    return { 'signIn.test': true, 'signIn.providers': JSON.stringify(Object.fromEntries(entries)) }
  }

  /** Whoever is there already has these groups from now on; without any the provider says nothing of groups. */
  async put(name: string, groups?: readonly string[]): Promise<void> {
    this.#users.set(name, { password: await this.#hash, ...(groups === undefined ? {} : { groups }) })
    this.#write()
  }

  /** A person of the provider who is that user of the service. */
  async link(service: TestService, provider: string, name: string, groups: readonly string[] = []): Promise<void> {
    await this.put(name, groups)
    const made = await service.post(`/v1/users/${name}/links`, { provider, subject: name }, service.admin)
    expectStatus(made, 201)
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #write(): void {
    writeFileSync(join(this.#folder, 'users.json'), JSON.stringify(Object.fromEntries(this.#users)))
  }
}

export function signIn(service: TestService, provider: string, user: string, password = PASSWORD): Promise<Answer> {
  return service.post(`/v1/login/${provider}`, { user, password })
}

/** The headers of a person who has just signed in. */
export async function sessionOf(
  service: TestService,
  provider: string,
  user: string,
): Promise<{ readonly authorization: string }> {
  const { json } = expectStatus(await signIn(service, provider, user), 200)
  return { authorization: `Bearer ${String(json['token'])}` }
}
