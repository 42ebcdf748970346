// What the configuration says of one LDAP server or Active Directory, parsed and with its files read.

export interface LdapServer {
  readonly host: string
  readonly port: number
  /** `plain`: no TLS at all, for a server on loopback. */
  readonly security: 'ldaps' | 'starttls' | 'plain'
  /** PEM; without it the roots that come with Node. */
  readonly ca?: string | undefined
  /** For each step: connecting, TLS, one answer. */
  readonly timeoutSeconds: number
}

/** Which attribute of a person never changes, and how its bytes become text. */
export type ImmutableId = 'entryUUID' | 'objectGUID'

export interface LdapSettings {
  readonly server: LdapServer
  /** Who searches. */
  readonly bindDn: string
  readonly bindPassword: string
  readonly users: {
    readonly base: string
    /** RFC 4515, as the configuration writes it. */
    readonly filter: string
    /** Attribute of the name that people type. */
    readonly login: string
    readonly id: ImmutableId
  }
  readonly groups: {
    readonly base: string
    readonly filter: string
    /** Attribute of a group that lists its members: their DN, or for `memberUid` their login. */
    readonly member: 'member' | 'uniqueMember' | 'memberUid'
    /** `dn`, or the attribute that names a group. */
    readonly name: string
    /** Whether members of a group in a group are members of the outer one. */
    readonly nested: boolean
  }
}
