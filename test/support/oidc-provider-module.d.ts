// What the tests use of `oidc-provider`, which has no types of its own.
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  export interface Account {
    readonly accountId: string
    claims(use: string, scope: string): Promise<Readonly<Record<string, unknown>> & { readonly sub: string }>
  }

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    callback(): RequestListener
  }
}
