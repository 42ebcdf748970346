import { describe, expect, it } from 'vitest'
import { isCertificateHeader } from '../../src/proxies/certificate-headers.ts'
import {
  EMITTED_IDENTITY_HEADERS,
  identityHeadersToRemove,
  isIdentityHeader,
} from '../../src/proxies/identity-headers.ts'

describe('identity headers', () => {
  it.each([
    ...EMITTED_IDENTITY_HEADERS,
    'Signet-Act-As',
    'X-SIGNET-DELEGATE-FOR',
    'signet-tomorrow',
    'x_signet_tomorrow',
    'X_Forwarded_User',
    'x-forwarded.user',
    'X-Auth-Request-Tomorrow',
    'x-maas-group',
    'Remote_User',
    'X-Remote-Extra-Scopes',
    'x-authz-tomorrow',
    'x-ext-auth-tomorrow',
  ])('%s is one', (name) => expect(isIdentityHeader(name)).toBe(true))

  it.each([
    'host',
    'authorization',
    'signets',
    'x-forwarded-for',
    'x-signet-normalized-uri',
    'x-maas-subscription',
    'remote',
  ])('%s is none', (name) => expect(isIdentityHeader(name)).toBe(false))

  it('to remove are named in both spellings, with those of the call that no list holds', () => {
    const names = identityHeadersToRemove(['Host', 'X-Authz-Tomorrow', 'X_Maas_User', 'x-authz-tomorrow'])
    expect(names).toEqual(expect.arrayContaining(['signet-subject', 'signet_subject', 'remote_user', 'x_maas_user']))
    expect(names.filter((name) => name === 'x-authz-tomorrow' || name === 'x_maas_user')).toHaveLength(2)
    expect(names).not.toContain('host')
    expect(identityHeadersToRemove([])).not.toContain('x-authz-tomorrow')
  })
})

describe('certificate headers', () => {
  it.each(['X-SSL-Client-Cert', 'x_ssl_client_cert', 'X-SSL-Client-Anything', 'Client_Cert', 'X-Client-Certificate'])(
    '%s is one',
    (name) => expect(isCertificateHeader(name)).toBe(true),
  )
  it.each(['x-ssl-cipher', 'client', 'x-client'])('%s is none', (name) => expect(isCertificateHeader(name)).toBe(false))
})
