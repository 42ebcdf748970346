// The section `access` of the configuration: what it takes, what it refuses, and what decisions are told.
import { describe, expect, test } from 'vitest'
import { superadminKey } from '../../src/domain/access-policy.ts'
import { ConfigurationRejected, parseConfiguration } from '../../src/ops/configuration.ts'

const BASE = 'dataFolder: d\ntrustDomain: t.internal\nmasterKey: { file: k }\ndemo: true\n'
const read = (text: string) =>
  parseConfiguration({
    flags: {},
    environment: {},
    workingFolder: '/w',
    file: { name: 'signet.yaml', folder: '/w', text: BASE + text },
  }).access

test('without the section everything that is proven counts, and nobody is a superadmin', () => {
  const { rules, predictUpstreams } = read('')
  expect([...rules.activatedAuthModes]).toEqual(['mtls', 'jwt', 'oidc', 'api-key', 'passphrase'])
  expect(rules).toMatchObject({ adminSeesModelGroups: true, ownerMustHoldRole: false, externalLoginAfterHours: 24 })
  expect(rules.superadmins.size).toBe(0)
  expect(predictUpstreams).toEqual([])
})

test('what stands in it is told', () => {
  const { rules, predictUpstreams } = read(
    'requireExternalUserLoginAfterHours: 0\naccess:\n  authModes: [mtls, none]\n  ownerMustHoldRole: true\n' +
      '  superadmins: [{ issuer: users-1, profile: admin, dn: "CN=ann,OU=signet-admin" }]\n' +
      '  predictUpstreams: ["https://models.internal:9443"]\n',
  )
  expect([...rules.activatedAuthModes]).toEqual(['mtls', 'none'])
  expect([...rules.superadmins]).toEqual([superadminKey('users-1', 'admin', 'CN=ann,OU=signet-admin')])
  expect(rules).toMatchObject({ ownerMustHoldRole: true, externalLoginAfterHours: 0 })
  expect(predictUpstreams).toEqual(['https://models.internal:9443'])
})

describe('refused', () => {
  test.each([
    ['authModes: []', 'access.authModes: one or more of'],
    ['authModes: [mtls, mtls]', 'access.authModes: one or more of'],
    ['authModes: [password]', 'access.authModes: one or more of'],
    ['superadmins: { issuer: users-1 }', 'access.superadmins: a list of mappings'],
    ['superadmins: [{ issuer: users-1, profile: admin }]', 'access.superadmins.0.dn: a distinguished name'],
    ['superadmins: [{ issuer: users, profile: admin, dn: CN=a }]', 'access.superadmins.0.issuer: an issuer'],
    ['superadmins: [{ issuer: users-1, profile: root, dn: CN=a }]', 'access.superadmins.0.profile: one of'],
    ['superadmins: [{ issuer: users-1, profile: admin, dn: "cn=a" }]', 'access.superadmins.0.dn: a distinguished name'],
    ['superadmins: [{ issuer: users-1, profile: admin, dn: "CN=a+OU=b" }]', 'access.superadmins.0.dn: a distinguished'],
    ['superadmins: [{ issuer: users-1, profile: admin, dn: "OU=b,CN=a" }]', 'access.superadmins.0.dn: a distinguished'],
    ['adminSeesModelGroups: 1', 'access.adminSeesModelGroups: true or false'],
    ['ownerMustHoldRole: "yes"', 'access.ownerMustHoldRole: true or false'],
    ['predictUpstreams: ["http://m.internal"]', 'access.predictUpstreams: an https:// URL'],
    ['predictUpstreams: ["https://m.internal/path"]', 'access.predictUpstreams: an https:// URL'],
    ['predictUpstreams: ["https://m", "https://m"]', 'access.predictUpstreams: origins as'],
    ['superadmin: []', 'access.superadmin: is no setting'],
  ])('%s', (line, fault) => {
    expect(() => read(`access:\n  ${line}\n`)).toThrow(ConfigurationRejected)
    try {
      read(`access:\n  ${line}\n`)
    } catch (error) {
      expect(String(error)).toContain(fault)
    }
  })
})
