// A Kerberos realm as a provider. A principal's name may be given to another person one day, so who it is comes from the
// directory that knows the people: its immutable id is what a user is linked to, and its groups are theirs (rule 22).
import { SignInRefused } from '../enrollment/sign-in-errors.ts'
import type { NegotiateProvider, ProvidedPerson, ProviderRules } from '../enrollment/sign-in-provider.ts'
import type { KerberosAcceptor } from './kerberos.ts'
import type { LdapProvider } from './ldap-provider.ts'

export class KerberosProvider implements NegotiateProvider {
  readonly kind = 'negotiate'
  readonly rules: ProviderRules
  readonly #acceptor: KerberosAcceptor
  readonly #directory: LdapProvider

  constructor(rules: ProviderRules, acceptor: KerberosAcceptor, directory: LdapProvider) {
    this.rules = rules
    this.#acceptor = acceptor
    this.#directory = directory
  }

  async accept(token: Uint8Array): Promise<{ readonly person: ProvidedPerson; readonly answer: Uint8Array }> {
    const recognised = await this.#acceptor.accept(token)
    if (recognised === undefined) throw new SignInRefused('sign_in_refused')
    return { person: await this.#directory.find(recognised.name), answer: recognised.answer }
  }
}
