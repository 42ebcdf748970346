// What the operator says to every decision about access: which kinds of credential count at all, who is a superadmin, and where
// Signet may differ from OpenSearch. Where models may be asked stands here too. What it all means is elsewhere (src/access/).
import { z } from 'zod'
import { type AccessRules, AUTH_MODES, type AuthMode, superadminKey } from '../domain/access-policy.ts'
import { CALLER_PROFILES } from '../domain/profile-name.ts'
import { baseUrl, matching } from './setting-rules.ts'

const MODES_RULE = `one or more of ${AUTH_MODES.join(', ')}, each once`
const PROFILES_RULE = `one of ${CALLER_PROFILES.join(', ')}`
const UPSTREAM_RULE = 'origins as https://host:port, each once'
const SUPERADMINS_RULE = 'a list of mappings with issuer, profile and dn'
const isSet = (named: readonly string[]) => new Set(named).size === named.length

/** All that are proven. `none` lets deployments do without, so an operator has to write it down. */
const DEFAULT_MODES: AuthMode[] = ['mtls', 'jwt', 'oidc', 'api-key', 'passphrase']

export const authModes = z
  .array(z.enum(AUTH_MODES, { error: MODES_RULE }), { error: MODES_RULE })
  .min(1, MODES_RULE)
  .refine(isSet, MODES_RULE)
  .default(DEFAULT_MODES)

/** Written as certificates of ours have it, and compared byte for byte: nothing is folded or put in order. */
const distinguishedName = matching(
  /^CN=[^,=+]{1,64}(?:,OU=[^,=+]{1,64})*(?:,L=[^,=+]{1,64})*$/,
  'a distinguished name as CN=root-admin,OU=signet-admin',
)

export const superadmins = z
  .array(
    z.strictObject({
      /** One generation: a new one is somebody else until it is named. */
      issuer: matching(/^[a-z][a-z0-9-]{0,31}-[1-9][0-9]{0,5}$/, 'an issuer, as users-1'),
      profile: z.enum(CALLER_PROFILES, { error: PROFILES_RULE }),
      dn: distinguishedName,
    }),
    { error: SUPERADMINS_RULE },
  )
  .default([])

export const predictUpstreams = z
  .array(baseUrl('https:'), { error: UPSTREAM_RULE })
  .refine(isSet, UPSTREAM_RULE)
  .default([])

export interface AccessSettings {
  readonly 'access.authModes': readonly AuthMode[]
  readonly 'access.superadmins': z.output<typeof superadmins>
  readonly 'access.adminSeesModelGroups': boolean
  readonly 'access.ownerMustHoldRole': boolean
  readonly requireExternalUserLoginAfterHours: number
}

export function accessRulesOf(settings: AccessSettings): AccessRules {
  return {
    activatedAuthModes: new Set(settings['access.authModes']),
    externalLoginAfterHours: settings.requireExternalUserLoginAfterHours,
    adminSeesModelGroups: settings['access.adminSeesModelGroups'],
    ownerMustHoldRole: settings['access.ownerMustHoldRole'],
    superadmins: new Set(
      settings['access.superadmins'].map(({ issuer, profile, dn }) => superadminKey(issuer, profile, dn)),
    ),
  }
}
