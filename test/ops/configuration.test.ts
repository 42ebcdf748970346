import { DEFAULT_ACCESS_RULES, superadminKey } from '../../src/domain/access-policy.ts'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Configuration,
  ConfigurationRejected,
  describeDatabase,
  parseConfiguration,
  readConfiguration,
} from '../../src/ops/configuration.ts'
import { type Sources, variableOf } from '../../src/ops/configuration-sources.ts'
import { FLAGS, flagOf } from '../../src/ops/flags.ts'
import { type Flags, KINDS } from '../../src/ops/settings.ts'

const REQUIRED: Flags = {
  dataFolder: 'data',
  publicUrl: 'https://signet.example:8443',
  publicHttpUrl: 'http://signet.example:8080',
  trustDomain: 'ml.example',
  'masterKey.file': 'master.key',
}

const parse = (flags: Flags, more: Partial<Sources> = {}): Configuration =>
  parseConfiguration({ flags, environment: {}, file: undefined, workingFolder: '/srv/signet', ...more })

const fileOf = (text: string): Sources['file'] => ({ name: 'signet.yaml', folder: '/etc/signet', text })

function faultsOf(act: () => unknown): readonly string[] {
  try {
    act()
  } catch (error) {
    if (!(error instanceof ConfigurationRejected)) throw error
    expect(error.code).toBe('configuration_rejected')
    return error.facts['faults'] as readonly string[]
  }
  throw new Error('was not refused')
}

const without = (setting: keyof Flags): Flags => ({ ...REQUIRED, [setting]: undefined })

describe('what is given', () => {
  test('the required settings alone', () => {
    expect(parse(REQUIRED)).toEqual({
      dataFolder: '/srv/signet/data',
      database: { kind: 'sqlite', path: '/srv/signet/data/signet.db' },
      journal: '/srv/signet/data/journal.jsonl',
      policyFolder: undefined,
      publicUrl: 'https://signet.example:8443',
      publicHttpUrl: 'http://signet.example:8080',
      trustDomain: 'ml.example',
      organization: 'Signet',
      masterKey: { kind: 'file', path: '/srv/signet/master.key' },
      listeners: {
        https: { kind: 'listen', host: '127.0.0.1', port: 8443 },
        browser: { kind: 'listen', host: '127.0.0.1', port: 8445 },
        http: { kind: 'listen', host: '127.0.0.1', port: 8080 },
        grpc: { kind: 'listen', host: '127.0.0.1', port: 8444 },
        grpcSocket: undefined,
        operations: { kind: 'listen', host: '127.0.0.1', port: 9090 },
      },
      serverNames: { dnsNames: ['localhost', 'signet.example'], ipAddresses: ['127.0.0.1'] },
      directory: { projectsPerUser: 20 },
      limits: {
        bodyBytes: 65_536,
        headerBytes: 16_384,
        connections: 10_000,
        signingQueue: 2_000,
        credentialFailures: 10,
        addressFailures: 100,
        failureWindowSeconds: 300,
        requestSeconds: 10,
        idleSeconds: 65,
        snapshotAgeSeconds: 5,
      },
      sidecars: { snapshotSeconds: 600 },
      tls: { sessionSeconds: 3600 },
      tokens: { algorithms: ['ES256', 'EdDSA'], audiences: [] },
      trustedIssuers: new Map(),
      logLevel: 'info',
      demo: false,
      publicBrowserUrl: 'https://signet.example:8445',
      signIn: { providers: new Map(), loginAfterHours: 24, isTest: false },
      access: {
        rules: { ...DEFAULT_ACCESS_RULES, externalLoginAfterHours: 24 },
        predictUpstreams: [],
        gatewayPort: 443,
        predictCaFile: undefined,
      },
    })
  })

  test('flags come before variables, variables before the file', () => {
    const environment = { SIGNET_LOG_LEVEL: 'warn', SIGNET_ORGANIZATION: 'Variable' }
    const file = fileOf('{logLevel: error, organization: File, limits: {bodyBytes: 2048}}')
    const { logLevel, organization, limits } = parse({ ...REQUIRED, logLevel: 'debug' }, { environment, file })
    expect({ logLevel, organization, bodyBytes: limits.bodyBytes }).toEqual({
      logLevel: 'debug',
      organization: 'Variable',
      bodyBytes: 2048,
    })
  })

  test('every setting by its variable', () => {
    const environment = {
      SIGNET_DATA_FOLDER: '/var/lib/signet',
      SIGNET_DATABASE: 'postgres://db.example/signet',
      SIGNET_JOURNAL: '/var/log/journal.jsonl',
      SIGNET_POLICY_FOLDER: 'policy',
      SIGNET_PUBLIC_URL: 'https://a.example',
      SIGNET_PUBLIC_HTTP_URL: 'http://a.example/',
      SIGNET_CRL_DIRECTORY: 'crls',
      SIGNET_TRUST_DOMAIN: 'a.example',
      SIGNET_ORGANIZATION: 'Example, Inc.',
      SIGNET_MASTER_KEY_CREDENTIAL: 'master-key',
      SIGNET_LISTENERS_HTTPS: '[::1]:1',
      SIGNET_LISTENERS_BROWSER: 'off',
      SIGNET_LISTENERS_HTTP: '0.0.0.0:65535',
      SIGNET_LISTENERS_GRPC: 'off',
      SIGNET_LISTENERS_GRPC_SOCKET: '/run/signet/authz.sock',
      SIGNET_LISTENERS_GRPC_SOCKET_SERVICE: 'gateway.internal',
      SIGNET_LISTENERS_OPERATIONS: 'localhost:0',
      SIGNET_SERVER_NAMES_DNS_NAMES: 'a.example, b.example',
      SIGNET_SERVER_NAMES_IP_ADDRESSES: '10.0.0.1,::1',
      SIGNET_DIRECTORY_PROJECTS_PER_USER: '3',
      SIGNET_LIMITS_BODY_BYTES: '1024',
      SIGNET_LIMITS_HEADER_BYTES: '4096',
      SIGNET_LIMITS_CONNECTIONS: '1',
      SIGNET_LIMITS_SIGNING_QUEUE: '7',
      SIGNET_LIMITS_CREDENTIAL_FAILURES: '3',
      SIGNET_LIMITS_ADDRESS_FAILURES: '30',
      SIGNET_LIMITS_FAILURE_WINDOW: '1h',
      SIGNET_LIMITS_REQUEST_TIME: '5m',
      SIGNET_LIMITS_IDLE_TIME: '1s',
      SIGNET_LIMITS_SNAPSHOT_AGE: '1m',
      SIGNET_SIDECARS_SNAPSHOT_LIFE: '30m',
      SIGNET_TLS_SESSION_LIFE: '15m',
      SIGNET_TOKENS_ALGORITHMS: 'RS256,ES256',
      SIGNET_TOKENS_AUDIENCES: 'sts.amazonaws.com',
      SIGNET_TRUSTED_ISSUERS: JSON.stringify({
        ci: {
          kind: 'oidc',
          issuer: 'https://ci.example',
          audience: 'signet',
          caFile: 'ca.pem',
          subjects: [{ sub: 'repo', project: 'vision', account: 'sa-ci' }],
        },
      }),
      SIGNET_LOG_LEVEL: 'trace',
      SIGNET_DEMO: 'true',
      SIGNET_PUBLIC_BROWSER_URL: 'https://b.example/',
      SIGNET_SIGN_IN_PROVIDERS: '{"file": {"kind": "password", "usersFile": "users.json"}}',
      SIGNET_SIGN_IN_TEST: 'false',
      SIGNET_REQUIRE_EXTERNAL_USER_LOGIN_AFTER_HOURS: '-1',
      SIGNET_ACCESS_AUTH_MODES: 'mtls,none',
      SIGNET_ACCESS_SUPERADMINS: '[{"issuer": "users-1", "profile": "admin", "dn": "CN=ann,OU=signet-admin"}]',
      SIGNET_ACCESS_ADMIN_SEES_MODEL_GROUPS: 'false',
      SIGNET_ACCESS_OWNER_MUST_HOLD_ROLE: 'true',
      SIGNET_ACCESS_GATEWAY_PORT: '9443',
      SIGNET_ACCESS_PREDICT_UPSTREAMS: 'https://models.internal',
      SIGNET_ACCESS_PREDICT_CA_FILE: 'models-ca.pem',
    }
    expect(parse({}, { environment })).toEqual({
      dataFolder: '/var/lib/signet',
      database: { kind: 'postgres', url: 'postgres://db.example/signet' },
      journal: '/var/log/journal.jsonl',
      policyFolder: '/srv/signet/policy',
      publicUrl: 'https://a.example',
      publicHttpUrl: 'http://a.example',
      crlDirectory: '/srv/signet/crls',
      trustDomain: 'a.example',
      organization: 'Example, Inc.',
      masterKey: { kind: 'credential', name: 'master-key' },
      listeners: {
        https: { kind: 'listen', host: '::1', port: 1 },
        browser: { kind: 'off' },
        http: { kind: 'listen', host: '0.0.0.0', port: 65_535 },
        grpc: { kind: 'off' },
        grpcSocket: { path: '/run/signet/authz.sock', service: 'gateway.internal' },
        operations: { kind: 'listen', host: 'localhost', port: 0 },
      },
      serverNames: { dnsNames: ['a.example', 'b.example'], ipAddresses: ['10.0.0.1', '::1'] },
      directory: { projectsPerUser: 3 },
      limits: {
        bodyBytes: 1024,
        headerBytes: 4096,
        connections: 1,
        signingQueue: 7,
        credentialFailures: 3,
        addressFailures: 30,
        failureWindowSeconds: 3600,
        requestSeconds: 300,
        idleSeconds: 1,
        snapshotAgeSeconds: 60,
      },
      sidecars: { snapshotSeconds: 1800 },
      tls: { sessionSeconds: 900 },
      tokens: { algorithms: ['RS256', 'ES256'], audiences: ['sts.amazonaws.com'] },
      trustedIssuers: new Map([
        [
          'ci',
          {
            kind: 'oidc',
            issuer: 'https://ci.example',
            algorithms: ['RS256', 'ES256'],
            audience: 'signet',
            typ: 'JWT',
            maxTokenLife: 3600,
            missingGroups: 'refuse',
            caFile: '/srv/signet/ca.pem',
            subjects: [{ sub: 'repo', claims: {}, project: 'vision', account: 'sa-ci' }],
          },
        ],
      ]),
      logLevel: 'trace',
      demo: true,
      publicBrowserUrl: 'https://b.example',
      signIn: {
        providers: new Map([['file', { ...PASSWORDS, usersFile: '/srv/signet/users.json' }]]),
        loginAfterHours: -1,
        isTest: true,
      },
      access: {
        rules: {
          activatedAuthModes: new Set(['mtls', 'none']),
          externalLoginAfterHours: -1,
          adminSeesModelGroups: false,
          ownerMustHoldRole: true,
          superadmins: new Set([superadminKey('users-1', 'admin', 'CN=ann,OU=signet-admin')]),
        },
        predictUpstreams: ['https://models.internal'],
        gatewayPort: 9443,
        predictCaFile: '/srv/signet/models-ca.pem',
      },
    })
    const alternatives = ['SIGNET_MASTER_KEY_FILE', 'SIGNET_MASTER_KEY_ENVIRONMENT', 'SIGNET_MASTER_KEY_NEXT_FILE']
    expect([...Object.keys(environment), ...alternatives].sort()).toEqual([...KINDS.keys()].map(variableOf).sort())
  })

  test('paths of a file are relative to it, all others to the working folder', () => {
    const file = fileOf('{dataFolder: data, policyFolder: ../policy, database: "sqlite:a.db", journal: /j}')
    const { dataFolder, policyFolder, database, journal } = parse({ ...without('dataFolder'), journal: 'k' }, { file })
    expect({ dataFolder, policyFolder, database, journal }).toEqual({
      dataFolder: '/etc/signet/data',
      policyFolder: '/etc/policy',
      database: { kind: 'sqlite', path: '/etc/signet/a.db' },
      journal: '/srv/signet/k',
    })
  })

  test('the public URLs have a default in the demo alone', () => {
    const flags: Flags = {
      ...without('publicUrl'),
      publicHttpUrl: undefined,
      demo: true,
      'listeners.http': '127.0.0.1:81',
    }
    const { publicUrl, publicHttpUrl } = parse(flags)
    expect({ publicUrl, publicHttpUrl }).toEqual({
      publicUrl: 'https://localhost:8443',
      publicHttpUrl: 'http://localhost:81',
    })
    expect(faultsOf(() => parse({ ...flags, demo: false }))).toHaveLength(2)
    expect(faultsOf(() => parse({ ...flags, 'listeners.https': '127.0.0.1:0' }))).toEqual([
      expect.stringMatching(/publicUrl: is required .* when listeners.https has port 0$/),
    ])
  })

  test('an address as the public host is an IP address of the server', () => {
    expect(parse({ ...REQUIRED, publicUrl: 'https://[::1]:8443' }).serverNames).toEqual({
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1', '::1'],
    })
  })

  test('the variable of the master key may have a name like ours', () => {
    const environment = { SIGNET_MASTER_KEY: 'secret', SIGNET_MASTER_KEY_ENVIRONMENT: 'SIGNET_MASTER_KEY' }
    expect(parse(without('masterKey.file'), { environment }).masterKey).toEqual({
      kind: 'environment',
      variable: 'SIGNET_MASTER_KEY',
    })
  })

  test('rule 38: the next master key stands beside the one of today, from whichever source', () => {
    const file = fileOf('masterKey: {credential: a, nextFile: /k/next}')
    expect(parse(without('masterKey.file'), { file })).toMatchObject({
      masterKey: { kind: 'credential', name: 'a' },
      nextMasterKeyFile: '/k/next',
    })
    expect(parse(REQUIRED, { file })).toMatchObject({
      masterKey: { kind: 'file', path: '/srv/signet/master.key' },
      nextMasterKeyFile: '/k/next',
    })
    expect(parse(REQUIRED).nextMasterKeyFile).toBeUndefined()
    expect(faultsOf(() => parse({ ...without('masterKey.file'), 'masterKey.nextFile': '/k/next' }))).toEqual([
      expect.stringContaining('masterKey: is required and has no default'),
    ])
  })

  test('the master key is taken whole from the first source that places it', () => {
    const file = fileOf('masterKey: {credential: a}')
    expect(parse(REQUIRED, { file }).masterKey).toEqual({ kind: 'file', path: '/srv/signet/master.key' })
  })

  test('variables of clients and of other programs are no faults', () => {
    const environment = { SIGNET_URL: 'x', SIGNET_VECTORS: 'x', SIGNET_TOKEN_FILE: 'x', PATH: 'x', SIGNETS: 'x' }
    expect(() => parse(REQUIRED, { environment })).not.toThrow()
  })

  test('nothing of it can be changed', () => {
    const configuration = parse(REQUIRED)
    expect(Object.isFrozen(configuration)).toBe(true)
    expect(Object.isFrozen(configuration.listeners.https)).toBe(true)
    expect(Object.isFrozen(configuration.serverNames.dnsNames)).toBe(true)
  })
})

describe('one setting is refused', () => {
  const limit = (from: number, to: number): string => `a whole number from ${from} to ${to}`
  const time = (from: number, to: number): string => `a duration from ${from} s to ${to} s, as in 15m`
  const url = 'URL of host and port alone: no path, query or credentials'
  test.each<[keyof Flags, readonly (string | number | boolean)[], string]>([
    ['dataFolder', ['', 7], 'a path'],
    [
      'database',
      ['', 'sqlite:', 'a.db', 'mysql://h/d', 'postgres://h', 'postgres:///d', 'postgres://'],
      'sqlite:<path> or',
    ],
    [
      'publicUrl',
      ['', 'signet.example', 'http://a', 'https://a/b', 'https://a?b', 'https://a#b', 'https://u:p@a', 'https://a.'],
      url,
    ],
    ['publicHttpUrl', ['https://a', 'http://a/pki', 'ftp://a', 'http://'], url],
    ['trustDomain', ['', 'ML.example', 'ml example', '-ml', 'spiffe://ml', 'a'.repeat(256)], 'lower case letters'],
    ['organization', ['', 'a'.repeat(65), 'a\nb', 'a\u0000'], '1 to 64'],
    ['masterKey.file', ['', true], 'a path'],
    [
      'listeners.https',
      [
        '',
        '8443',
        ':8443',
        '127.0.0.1',
        '127.0.0.1:65536',
        '127.0.0.1:-1',
        '127.0.0.1:08',
        '256.0.0.1:1',
        'signet.example:1',
        '[127.0.0.1]:1',
        '::1:1',
        '[::g]:1',
        'off',
      ],
      'an IP address or localhost',
    ],
    ['listeners.http', ['off', 8080], 'an IP address or localhost'],
    ['listeners.browser', ['none', 'OFF', '127.0.0.1'], 'or off'],
    ['listeners.grpc', ['none', 'unix:/a', '127.0.0.1'], 'or off'],
    [
      'listeners.operations',
      ['0.0.0.0:9090', '10.0.0.1:9090', '[::]:9090', '128.0.0.1:1', '9090', 'on'],
      'a loopback address',
    ],
    [
      'serverNames.dnsNames',
      ['A.example', '*.a.example', 'a.', '10.0.0.1', 'a_b', `${'a'.repeat(64)}.b`],
      'DNS names in lower case',
    ],
    ['serverNames.ipAddresses', ['localhost', '10.0.0.0/8', '1.2.3', 'fe80::1%eth0'], 'IP addresses'],
    ['limits.bodyBytes', [1023, 16 * 1024 * 1024 + 1, 1024.5, 'many', '-1', '1e4', true], limit(1024, 16_777_216)],
    ['limits.headerBytes', [4095, 131_073], limit(4096, 131_072)],
    ['limits.connections', [0, 1_000_001], limit(1, 1_000_000)],
    ['limits.signingQueue', [0, 1_000_001], limit(1, 1_000_000)],
    ['limits.credentialFailures', [0, 1_000_001], limit(1, 1_000_000)],
    ['limits.addressFailures', [0, 1_000_001], limit(1, 1_000_000)],
    ['limits.failureWindow', ['0s', '61m'], time(1, 3600)],
    ['limits.requestTime', ['0s', '301s', '6m', '10', 10, '10 s', '1.5s'], time(1, 300)],
    ['limits.idleTime', ['61m', ''], time(1, 3600)],
    ['limits.snapshotAge', ['61s', '2m'], time(1, 60)],
    ['sidecars.snapshotLife', ['29s', '61m'], time(30, 3600)],
    ['tls.sessionLife', ['3601s', '61m', '1d', 3600], time(1, 3600)],
    [
      'tokens.algorithms',
      ['', 'HS256', 'none', 'es256', 'ES256,ES256', 'ES256,PS256'],
      'one or more of ES256, EdDSA, RS256',
    ],
    ['tokens.audiences', ['a b', 'a,a', 'a'.repeat(256), 'ä'], 'visible ASCII'],
    ['logLevel', ['', 'INFO', 'silent', 3], 'one of fatal, error'],
    ['demo', ['yes', '1', '', 1], 'true or false'],
    ['publicBrowserUrl', ['http://a', 'https://a/path', ''], 'an https:// URL'],
    ['signIn.providers', ['', 'people', '[]', '3', 7], 'a mapping of providers by name'],
    ['signIn.test', ['yes', 1], 'true or false'],
    ['requireExternalUserLoginAfterHours', [-2, 1.5, 'abc', '', '-2', '1.5', '1h', 87_601], '-1 (never asked for), 0'],
  ])('%s', (setting, values, rule) => {
    for (const value of values) {
      const faults = faultsOf(() => parse({ ...REQUIRED, [setting]: value }))
      expect(faults, String(value)).toEqual([expect.stringContaining(`${flagOf(setting) ?? 'flags'}: ${setting}: `)])
      expect(faults[0]).toContain(rule)
    }
  })

  test.each<[keyof Flags, readonly (string | number)[]]>([
    ['limits.bodyBytes', [1024, 16 * 1024 * 1024]],
    ['limits.headerBytes', [4096, 131_072]],
    ['limits.connections', [1, 1_000_000]],
    ['limits.requestTime', ['1s', '300s', '5m']],
    ['limits.snapshotAge', ['60s', '1m']],
    ['tls.sessionLife', ['3600s', '60m', '1h']],
    ['listeners.operations', ['127.0.0.1:1', '127.9.9.9:9090', '[::1]:9090', 'localhost:9090', 'off']],
    ['organization', ['a', 'a'.repeat(64), 'Größe & Söhne (KI)']],
    ['trustDomain', ['a', 'a'.repeat(255)]],
    ['database', ['postgresql://h/d', 'postgres:///d?host=/run/postgresql', 'sqlite:/a.db']],
    ['publicUrl', ['https://a', 'https://a/', 'https://A.example:443', 'https://10.0.0.1:1']],
    ['requireExternalUserLoginAfterHours', [-1, 0, 1, '-1', '0', 87_600]],
  ])('and its neighbours are not: %s', (setting, values) => {
    for (const value of values) expect(() => parse({ ...REQUIRED, [setting]: value }), String(value)).not.toThrow()
  })

  test.each(['dataFolder', 'publicUrl', 'publicHttpUrl', 'trustDomain'] as const)('%s is required', (setting) => {
    expect(faultsOf(() => parse(without(setting)))).toEqual([
      `${FLAGS[setting]}, ${variableOf(setting)} or signet.yaml: ${setting}: is required and has no default`,
    ])
  })

  test.each<[string, Flags, string]>([
    ['none', {}, 'masterKey: is required and has no default'],
    ['two', { 'masterKey.file': 'a', 'masterKey.credential': 'b' }, 'exactly one of file, credential, environment'],
    ['two, the other two', { 'masterKey.environment': 'A', 'masterKey.credential': 'b' }, 'exactly one'],
    ['a credential with a path', { 'masterKey.credential': '../b' }, 'the name of a credential'],
    ['a hidden credential', { 'masterKey.credential': '.b' }, 'the name of a credential'],
    ['a variable in lower case', { 'masterKey.environment': 'key' }, 'the name of a variable'],
    [
      'the variable of a setting',
      { 'masterKey.environment': 'SIGNET_DEMO' },
      'a variable that is no setting of its own',
    ],
  ])('the master key: %s', (_, masterKey, rule) => {
    expect(faultsOf(() => parse({ ...without('masterKey.file'), ...masterKey }))).toEqual([
      expect.stringContaining(rule),
    ])
  })

  test('two listeners in one place, the default places too', () => {
    expect(faultsOf(() => parse({ ...REQUIRED, 'listeners.https': '127.0.0.1:8080' }))).toEqual([
      'default: listeners.http: not the same as listeners.https',
    ])
    expect(faultsOf(() => parse({ ...REQUIRED, 'listeners.grpc': '127.0.0.1:8443' }))).toEqual([
      'flags: listeners.grpc: not the same as listeners.https',
    ])
    const free: Flags = { 'listeners.https': '127.0.0.1:0', 'listeners.http': '127.0.0.1:0' }
    expect(() => parse({ ...REQUIRED, ...free })).not.toThrow()
  })
})

describe('the Unix socket for Envoy', () => {
  test.each<Flags>([{ 'listeners.grpcSocket': '/a.sock' }, { 'listeners.grpcSocketService': 'gateway.internal' }])(
    'speaks for somebody, and somebody has one: %o',
    (one) => {
      expect(faultsOf(() => parse({ ...REQUIRED, ...one }))).toEqual([expect.stringContaining('both or neither')])
    },
  )
})

describe('unknown and broken', () => {
  test.each([
    ['an unknown key', 'logLevels: info', 'signet.yaml: logLevels: is no setting'],
    ['an unknown key in a section', 'listeners: {ftp: "127.0.0.1:1"}', 'signet.yaml: listeners.ftp: is no setting'],
    ['a key of every object', '__proto__: {demo: true}', 'signet.yaml: __proto__: is no setting'],
    ['a key over its setting', 'demo: {a: 1}', 'signet.yaml: demo: true or false'],
    ['a dotted key', 'listeners: {https.host: a}', 'signet.yaml: listeners.https.host: is no setting'],
    ['a value for a section', 'limits: 5', 'signet.yaml: limits: is a mapping of settings'],
    ['a list for a section', 'limits: [1]', 'signet.yaml: limits: is a mapping of settings'],
    ['a list for the file', '[1]', 'signet.yaml: the file: is a mapping of settings'],
    ['an empty value', 'organization:', 'signet.yaml: organization: 1 to 64 letters, digits, spaces, punctuation'],
    [
      'a number as text',
      'limits: {bodyBytes: "2048"}',
      'signet.yaml: limits.bodyBytes: a whole number from 1024 to 16777216',
    ],
    ['a key twice', 'demo: true\ndemo: false', 'signet.yaml: line 2: is not YAML (DUPLICATE_KEY)'],
    ['no YAML', 'a: [1', /^signet.yaml: line 1: is not YAML \(/],
    ['two documents', 'demo: true\n---\ndemo: true', /is not YAML \(MULTIPLE_DOCS\)/],
    ['an alias', 'organization: &a Signet\nlogLevel: *a', 'signet.yaml: the file: is a mapping of settings'],
    ['a tag', 'demo: !!js/function "x"', /is not YAML \(TAG_RESOLVE_FAILED\)/],
  ])('%s in the file', (_, text, fault) => {
    const expected: unknown = fault instanceof RegExp ? expect.stringMatching(fault) : fault
    expect(faultsOf(() => parse(REQUIRED, { file: fileOf(text) }))).toEqual([expected])
  })

  test('an empty file is none', () => {
    expect(parse(REQUIRED, { file: fileOf('# nothing\n') })).toEqual(parse(REQUIRED))
  })

  test('unknown variables, and a name that only looks like one', () => {
    const environment = { SIGNET_LOGLEVEL: 'info', SIGNET_: '', signet_demo: 'x' }
    expect(faultsOf(() => parse(REQUIRED, { environment }))).toEqual([
      'SIGNET_LOGLEVEL: is no variable of Signet',
      'SIGNET_: is no variable of Signet',
    ])
  })

  test('an unknown flag, which does not compile either', () => {
    // @ts-expect-error -- no setting has this name
    const flags: Flags = { ...REQUIRED, logLevels: 'info' }
    expect(faultsOf(() => parse(flags))).toEqual(['flags: logLevels: is no setting'])
  })

  test('every fault at once, each with where it came from', () => {
    const environment = { SIGNET_LOG_LEVEL: 'loud', SIGNET_NOTHING: '' }
    const file = fileOf('{listeners: {http: x, https: "127.0.0.1:9090"}, colour: red}')
    const faults = faultsOf(() => parse({ ...without('trustDomain'), 'tls.sessionLife': '2h' }, { environment, file }))
    const places = faults.map((fault) => fault.split(': ').slice(0, 2).join(': '))
    expect(places.sort()).toEqual([
      '--trust-domain, SIGNET_TRUST_DOMAIN or signet.yaml: trustDomain',
      'SIGNET_LOG_LEVEL: logLevel',
      'SIGNET_NOTHING: is no variable of Signet',
      'default: listeners.operations',
      'flags: tls.sessionLife',
      'signet.yaml: colour',
      'signet.yaml: listeners.http',
    ])
  })

  test('no fault repeats a value', () => {
    const secret = 'hunter2'
    const environment = { SIGNET_DATABASE: `mysql://signet:${secret}@h/d`, SIGNET_MASTER_KEY: secret }
    const file = fileOf(`organization: "${secret}\n  demo: [${secret}`)
    expect(JSON.stringify(faultsOf(() => parse(REQUIRED, { environment, file })))).not.toContain(secret)
  })
})

describe('what is shown of the database', () => {
  test.each([
    [
      'postgres://signet:hunter2@db.example:5433/signet?sslpassword=hunter2',
      'postgres://signet@db.example:5433/signet',
    ],
    ['postgresql://db.example/signet?password=hunter2', 'postgres://db.example/signet'],
    ['postgres:///signet?host=/run/postgresql&user=a&password=hunter2', 'postgres:///signet'],
  ])('%s', (url, shown) => {
    expect(describeDatabase(parse({ ...REQUIRED, database: url }).database)).toBe(shown)
  })

  test('a file by its path', () => {
    expect(describeDatabase(parse(REQUIRED).database)).toBe('/srv/signet/data/signet.db')
  })
})

describe('the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-configuration-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const named = (name: string, organization: string): string => {
    writeFileSync(join(folder, name), `organization: ${organization}\n`)
    return name
  }
  const read = (more: { configFile?: string; environment?: Record<string, string> }): string =>
    readConfiguration({ flags: REQUIRED, environment: {}, workingFolder: folder, ...more }).organization

  test('signet.yaml of the working folder when it is there', () => {
    expect(read({})).toBe('Signet')
    named('signet.yaml', 'Working')
    expect(read({})).toBe('Working')
  })

  test('the one that the flag names, then the one of SIGNET_CONFIG', () => {
    const environment = { SIGNET_CONFIG: named('variable.yaml', 'Variable') }
    expect(read({ environment })).toBe('Variable')
    expect(read({ environment, configFile: named('flag.yaml', 'Flag') })).toBe('Flag')
  })

  test('one that was named and is not there, or no file', () => {
    expect(faultsOf(() => read({ configFile: 'none.yaml' }))).toEqual(['none.yaml: the file: can be read (ENOENT)'])
    mkdirSync(join(folder, 'folder.yaml'))
    expect(faultsOf(() => read({ configFile: 'folder.yaml' }))).toEqual(['folder.yaml: the file: can be read (EISDIR)'])
  })
})

const PASSWORDS = {
  kind: 'password',
  createUsers: false,
  administers: 'never',
  missingGroups: 'refuse',
} as const

describe('providers', () => {
  const file = (yaml: string) => ({ name: 'signet.yaml', folder: '/etc/signet', text: yaml })
  const PEOPLE = '{kind: password, usersFile: users.json}'

  test('are read with their paths relative to the file', () => {
    const text = `signIn: {test: true, providers: {people: ${PEOPLE}}}`
    const { providers } = parse(REQUIRED, { file: file(text) }).signIn
    expect([...providers]).toEqual([['people', { ...PASSWORDS, usersFile: '/etc/signet/users.json' }]])
  })

  test('of passwords are for test installations', () => {
    const text = `signIn: {providers: {people: ${PEOPLE}}}`
    expect(faultsOf(() => parse(REQUIRED, { file: file(text) }))).toEqual([
      'signet.yaml: signIn.providers.people: kind password is for test installations: signIn.test: true',
    ])
    expect(() => parse({ ...REQUIRED, demo: true }, { file: file(text) })).not.toThrow()
  })

  test.each([
    ['an unknown kind', '{a: {kind: saml}}', 'signIn.providers.a.kind: '],
    ['no kind', '{a: {usersFile: a}}', 'signIn.providers.a.kind: '],
    ['an unknown key', '{a: {kind: password, usersFile: a, colour: red}}', 'signIn.providers.a: '],
    ['no users', '{a: {kind: password}}', 'signIn.providers.a.usersFile: a path'],
    ['a name in capitals', `{A: ${PEOPLE}}`, 'signIn.providers.A: '],
    ['a name with a colon', `{"a:b": ${PEOPLE}}`, 'signIn.providers.a:b: '],
    ['a truth in words', '{a: {kind: password, usersFile: a, createUsers: perhaps}}', 'createUsers: true or false'],
    ['another right', '{a: {kind: password, usersFile: a, administers: always}}', 'administers: never or'],
    ['a guess', '{a: {kind: password, usersFile: a, missingGroups: guess}}', 'missingGroups: refuse or empty'],
  ])('with %s stop the start', (_, providers, fault) => {
    const text = `signIn: {test: true, providers: ${providers}}`
    const faults = faultsOf(() => parse(REQUIRED, { file: file(text) }))
    expect(faults).toEqual([expect.stringContaining(fault)])
  })

  const OIDC = 'kind: oidc, issuer: "https://idp.internal", clientId: signet'

  test('of OpenID Connect have defaults, and paths relative to the file', () => {
    const text = `signIn: {providers: {corp: {${OIDC}, clientSecretFile: s, caFile: ca.pem}}}`
    const { providers } = parse(REQUIRED, { file: file(text) }).signIn
    expect(providers.get('corp')).toEqual({
      ...PASSWORDS,
      kind: 'oidc',
      issuer: 'https://idp.internal',
      clientId: 'signet',
      clientSecretFile: '/etc/signet/s',
      clientSecretAs: 'basic',
      caFile: '/etc/signet/ca.pem',
      scopes: ['profile'],
      claims: { user: 'preferred_username', groups: 'groups' },
      algorithms: ['RS256', 'ES256'],
      maxAge: 900,
      timeout: 5,
    })
  })

  test.each([
    ['no issuer', 'kind: oidc, clientId: signet', 'corp.issuer: the https:// URL'],
    ['no client', 'kind: oidc, issuer: "https://idp.internal"', 'corp.clientId: the client id'],
    ['a fragment', 'kind: oidc, issuer: "https://idp.internal/#a", clientId: a', 'corp.issuer: '],
    ['a password in the issuer', 'kind: oidc, issuer: "https://a:b@idp.internal", clientId: a', 'corp.issuer: '],
    ['tokens that nobody signed', `${OIDC}, algorithms: [none]`, 'corp.algorithms.0: one or more of RS256'],
    ['tokens under our own secret', `${OIDC}, algorithms: [HS256]`, 'corp.algorithms.0: one or more of RS256'],
    ['no algorithm', `${OIDC}, algorithms: []`, 'corp.algorithms: one or more of RS256'],
    ['a scope of two words', `${OIDC}, scopes: [a b]`, 'corp.scopes.0: the name of a scope'],
    ['a claim without a name', `${OIDC}, claims: {groups: ""}`, 'corp.claims.groups: the name of a claim'],
    ['another way to show the secret', `${OIDC}, clientSecretAs: query`, 'corp.clientSecretAs: basic or post'],
    ['a wait without end', `${OIDC}, timeout: 2h`, 'corp.timeout: a duration from 1 s to 60 s'],
    ['the secret itself', `${OIDC}, clientSecret: s`, 'corp: '],
  ])('of OpenID Connect with %s stop the start', (_, entry, fault) => {
    const text = `signIn: {providers: {corp: {${entry}}}}`
    expect(faultsOf(() => parse(REQUIRED, { file: file(text) }))).toEqual([expect.stringContaining(fault)])
  })

  test('rule 26: of OpenID Connect need the listener for browsers', () => {
    const text = `listeners: {browser: off}\nsignIn: {providers: {corp: {${OIDC}}}}`
    expect(faultsOf(() => parse(REQUIRED, { file: file(text) }))).toEqual([
      'signet.yaml: signIn.providers.corp: kind oidc needs listeners.browser',
    ])
  })

  const COMPANY = 'kind: ldap, bindDn: cn=a, bindPasswordFile: b, users: {base: ou=people}, groups: {base: ou=groups}'
  const CORP = 'kind: kerberos, service: HTTP@localhost, keytabFile: k, realm: EXAMPLE.INTERNAL'
  const LDAPS = `{${COMPANY}, url: "ldaps://dc1"}`
  const syncing = (sync: string) => `{a: {${COMPANY}, url: "ldaps://dc1", sync: ${sync}}}`
  const synced = (groups: string, more = '') => syncing(`{groups: ${groups}${more}}`)
  const VISION = '{group: cn=lab, project: vision, role: scientist}'

  test('a directory that members are held in step with', () => {
    const text = `signIn: {providers: ${synced(`[${VISION}]`)}}`
    const { providers } = parse(REQUIRED, { file: file(text) }).signIn
    const groups = [{ group: 'cn=lab', project: 'vision', role: 'scientist' }]
    expect(providers.get('a')).toMatchObject({ sync: { every: 900, vanished: 'leave', groups } })
    expect(providers.get('a')).toMatchObject({ url: { scheme: 'ldaps', host: 'dc1', port: 636 } })
  })

  test.each([
    ['plain on loopback', '127.0.0.1'],
    ['plain on loopback by name', 'localhost'],
    ['plain on loopback, IPv6', '[::1]'],
  ])('%s is for a directory of this machine', (_, host) => {
    const text = `signIn: {providers: {a: {${COMPANY}, url: "ldap://${host}", plain: true}}}`
    expect(() => parse(REQUIRED, { file: file(text) })).not.toThrow()
  })

  test.each([
    ['plain off loopback', `{a: {${COMPANY}, url: "ldap://dc1", plain: true}}`, 'a: plain is for a server on loopback'],
    ['plain LDAPS', `{a: {${COMPANY}, url: "ldaps://localhost", plain: true}}`, 'a: plain is for a server on'],
    ['another scheme', `{a: {${COMPANY}, url: "https://dc1"}}`, 'a.url: ldaps://host:port or ldap://host:port'],
    ['a base in the URL', `{a: {${COMPANY}, url: "ldaps://dc1/ou=a"}}`, 'a.url: ldaps://host:port'],
    ['a password in the URL', `{a: {${COMPANY}, url: "ldaps://a:b@dc1"}}`, 'a.url: ldaps://host:port'],
    ['tickets without a directory', `{c: {${CORP}, groupsFrom: a}}`, 'c: groupsFrom: the name of an LDAP provider'],
    ['tickets from tickets', `{c: {${CORP}, groupsFrom: c}}`, 'c: groupsFrom: the name of an LDAP provider'],
    [
      'tickets for another service',
      `{a: ${LDAPS}, c: {${CORP.replace('HTTP@', 'ldap@')}, groupsFrom: a}}`,
      'c.service: HTTP@host',
    ],
    ['a sync without groups', syncing('{every: 1h}'), 'a.sync.groups: a list of group, project and role'],
    ['a sync of no group', synced('[]'), 'a.sync.groups: names a group at least'],
    ['a sync every 59 seconds', synced(`[${VISION}]`, ', every: 59s'), 'a.sync.every: a duration from 60 s'],
    ['a sync every two days', synced(`[${VISION}]`, ', every: 2d'), 'a.sync.every: a duration from 60 s to 86400 s'],
    ['a guess at who is gone', synced(`[${VISION}]`, ', vanished: delete'), 'a.sync.vanished: one of leave, block'],
    ['a role that is none', synced('[{group: cn=a, project: b, role: admin}]'), 'a.sync.groups.0.role: one of owner'],
    ['a group that is no DN', synced('[{group: lab, project: b, role: owner}]'), 'a.sync.groups.0.group: a disting'],
    [
      'a group twice',
      synced(`[${VISION}, {group: CN=Lab, project: vision, role: owner}]`),
      'a: sync.groups.1: group and project stand there already',
    ],
  ])('%s stops the start', (_, providers, fault) => {
    const faults = faultsOf(() => parse(REQUIRED, { file: file(`signIn: {providers: ${providers}}`) }))
    expect(faults).toEqual([expect.stringContaining(`signIn.providers.${fault}`)])
  })

  test('two providers for tickets stop the start: the library has one keytab a process', () => {
    const two = `{a: ${LDAPS}, c: {${CORP}, groupsFrom: a}, d: {${CORP}, groupsFrom: a}}`
    expect(faultsOf(() => parse(REQUIRED, { file: file(`signIn: {providers: ${two}}`) }))).toEqual([
      'signet.yaml: signIn.providers.c: one provider of kind kerberos at most',
      'signet.yaml: signIn.providers.d: one provider of kind kerberos at most',
    ])
  })

  test('are all told of at once', () => {
    const text = 'signIn: {test: true, providers: {a: {kind: saml}, b: {kind: password}, c: 3}}'
    expect(faultsOf(() => parse(REQUIRED, { file: file(text) }))).toHaveLength(3)
  })
})
