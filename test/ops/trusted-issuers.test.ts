// Trusted issuers in the configuration: what stops the start.
import { describe, expect, test } from 'vitest'
import { ConfigurationRejected, parseConfiguration } from '../../src/ops/configuration.ts'

const OIDC = {
  kind: 'oidc',
  issuer: 'https://issuer.example',
  audience: 'signet',
  subjects: [{ sub: 'ci', project: 'vision', account: 'sa-ci' }],
}
const KUBERNETES = {
  kind: 'kubernetes',
  issuer: 'https://kubernetes.default.svc.cluster.local',
  jwksUrl: 'https://api.cluster.example:6443/openid/v1/jwks',
  serviceAccounts: [{ namespace: 'ml', name: 'trainer', project: 'vision', account: 'sa-train' }],
}

function faultsOf(trustedIssuers: unknown): readonly string[] {
  try {
    parse(trustedIssuers)
    return []
  } catch (error) {
    if (error instanceof ConfigurationRejected) return error.facts['faults'] as readonly string[]
    throw error
  }
}

function parse(trustedIssuers: unknown) {
  const text = JSON.stringify({
    dataFolder: '/data',
    trustDomain: 'test.internal',
    publicUrl: 'https://signet.internal:8443',
    publicHttpUrl: 'http://signet.internal:8080',
    masterKey: { file: '/master.key' },
    trustedIssuers,
  })
  return parseConfiguration({
    flags: {},
    environment: {},
    file: { name: 'signet.yaml', folder: '/etc', text },
    workingFolder: '/',
  })
}

describe('a trusted issuer', () => {
  test('of each kind, with what is said of neither', () => {
    const { trustedIssuers } = parse({ ci: { ...OIDC, caFile: 'ca.pem' }, a: KUBERNETES })
    expect(trustedIssuers.get('ci')).toMatchObject({
      algorithms: ['RS256', 'ES256'],
      typ: 'JWT',
      caFile: '/etc/ca.pem',
    })
    expect(trustedIssuers.get('a')).toMatchObject({ algorithms: ['RS256', 'ES256'] })
  })

  test.each([
    'https://kubernetes.default.svc',
    'https://kubernetes.default.svc/',
    'https://kubernetes.default.svc.cluster.local',
    'https://kubernetes.default',
    'https://kubernetes',
    'https://kubernetes.default.svc:443',
    'https://KUBERNETES.default.svc',
    'kubernetes.default.svc',
    'kubernetes.default.svc.other.zone',
  ])('A4 never takes the audience of the API server: %s', (audience) => {
    const rule = expect.stringContaining('never that of the API server') as string
    expect(faultsOf({ a: { ...KUBERNETES, audience } })).toEqual([rule])
    expect(faultsOf({ ci: { ...OIDC, audience } })).toEqual([rule])
  })

  test('A4 nor the issuer of the cluster, which is its API server by default', () => {
    const own = { ...KUBERNETES, issuer: 'https://oidc.cluster.example', audience: 'https://oidc.cluster.example' }
    expect(faultsOf({ a: own })).toEqual([expect.stringContaining('never that of the API server')])
  })

  test.each(['signet', 'https://signet.internal:8443', 'https://kubernetes.example', 'kubernetes-signet'])(
    'A4 takes another: %s',
    (audience) => {
      expect(faultsOf({ a: { ...KUBERNETES, audience } })).toEqual([])
    },
  )

  test.each<[string, unknown, string]>([
    ['rule 23: two clusters with one iss', { a: KUBERNETES, b: KUBERNETES }, 'not the same as of a'],
    ['two issuers with one iss', { a: KUBERNETES, ci: { ...OIDC, issuer: KUBERNETES.issuer } }, 'not the same as of a'],
    ['Signet itself', { ci: { ...OIDC, issuer: 'https://signet.internal:8443' } }, 'not Signet itself'],
    ['A14 no audience', { ci: { ...OIDC, audience: undefined } }, 'ci.audience'],
    ['plain HTTP', { ci: { ...OIDC, issuer: 'http://issuer.example' } }, 'ci.issuer'],
    ['a query', { ci: { ...OIDC, issuer: 'https://issuer.example?a' } }, 'ci.issuer'],
    ['keys over plain HTTP', { ci: { ...OIDC, jwksUrl: 'http://issuer.example/jwks' } }, 'ci.jwksUrl'],
    [
      'two places for keys',
      { ci: { ...OIDC, jwksUrl: 'https://a.example', jwksFile: 'k' } },
      'one of jwksUrl and jwksFile',
    ],
    ['a cluster without keys', { a: { ...KUBERNETES, jwksUrl: undefined } }, 'jwksUrl or jwksFile'],
    ['HS256', { ci: { ...OIDC, algorithms: ['HS256'] } }, 'ci.algorithms'],
    ['alg none', { ci: { ...OIDC, algorithms: ['none'] } }, 'ci.algorithms'],
    ['no algorithm', { ci: { ...OIDC, algorithms: [] } }, 'ci.algorithms'],
    ['tokens of a week', { ci: { ...OIDC, maxTokenLife: '7d' } }, 'ci.maxTokenLife'],
    ['nobody', { ci: { ...OIDC, subjects: [] } }, 'ci.subjects'],
    ['a subject twice', { ci: { ...OIDC, subjects: [...OIDC.subjects, ...OIDC.subjects] } }, 'each subject once'],
    ['user and account', { ci: { ...OIDC, subjects: [{ ...OIDC.subjects[0], user: 'a' }] } }, 'exactly one of'],
    ['neither', { ci: { ...OIDC, subjects: [{ sub: 'ci', project: 'vision' }] } }, 'exactly one of'],
    ['a cluster of nobody', { a: { ...KUBERNETES, serviceAccounts: [] } }, 'or a reviewUrl'],
    ['a review of tokens without a server', { a: { ...KUBERNETES, tokenReview: true } }, 'with reviewUrl alone'],
    ['an API server that answers nobody', { a: { ...KUBERNETES, reviewUrl: 'https://api.example' } }, 'a: bearerFile'],
    ['a plain API server', { a: { ...KUBERNETES, reviewUrl: 'http://api.example' } }, 'a.reviewUrl'],
    ['an unknown member', { ci: { ...OIDC, skipAudience: true } }, 'trustedIssuers.ci'],
    ['another kind', { ci: { ...OIDC, kind: 'saml' } }, 'kind: oidc or kubernetes'],
    ['a name with a colon', { 'a:b': OIDC }, 'trustedIssuers.a:b'],
    ['a list', [OIDC], 'trustedIssuers'],
  ])('is refused: %s', (_, trustedIssuers, words) => {
    expect(faultsOf(trustedIssuers).join('\n')).toContain(words)
  })
})
