// An LDAP server or Active Directory as a provider for names and passwords.
import { SignInRefused } from '../enrollment/sign-in-errors.ts'
import type { PasswordProvider, ProvidedPerson, ProviderRules } from '../enrollment/sign-in-provider.ts'
import { LdapFailed } from './ldap-failed.ts'
import type { LdapSettings } from './ldap-settings.ts'
import { type LdapIdentity, lookUp, signInWithPassword } from './ldap-sign-in.ts'

export class LdapProvider implements PasswordProvider {
  readonly kind = 'password'
  readonly rules: ProviderRules
  readonly settings: LdapSettings

  constructor(rules: ProviderRules, settings: LdapSettings) {
    this.rules = rules
    this.settings = settings
  }

  async check(name: string, password: string): Promise<ProvidedPerson> {
    return this.#person(() => signInWithPassword(this.settings, { login: name, password }))
  }

  /** Somebody whom Kerberos has recognised. Throws `SignInRefused`. */
  async find(name: string): Promise<ProvidedPerson> {
    return this.#person(() => lookUp(this.settings, name))
  }

  async #person(ask: () => Promise<LdapIdentity | 'refused'>): Promise<ProvidedPerson> {
    const identity = await ask().catch((cause: unknown) => {
      if (!(cause instanceof LdapFailed)) throw cause
      throw new SignInRefused('provider_unreachable', { provider: this.rules.name }, { cause })
    })
    if (identity === 'refused') throw new SignInRefused('sign_in_refused')
    return identity
  }
}
