import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseProjectName } from '../../../src/domain/project-name.ts'
import { PROFILE_NAMES } from '../../../src/domain/profile-name.ts'
import { loadPolicy } from '../../../src/ca/policy/load-policy.ts'
import { PolicyRejected } from '../../../src/ca/policy/policy-rejected.ts'
import { profileNamed } from '../../../src/ca/policy/policy.ts'
import { copyPolicyFolder, type Json, PROJECT_POLICY_FOLDER, setField } from './policy-folder-copy.ts'

const DAY = 86_400

describe('the project policy', () => {
  const policy = loadPolicy(PROJECT_POLICY_FOLDER)

  test('loads, with every profile', () => {
    expect([...policy.profiles.keys()].toSorted()).toEqual([...PROFILE_NAMES].toSorted())
  })

  // ARCHITECTURE: the lives by default, and who issues what.
  test.each([
    ['project-user', DAY, 'users'],
    ['job', 3600, 'users'],
    ['service-account', DAY, 'users'],
    ['account-job', 3600, 'users'],
    ['service', 30 * DAY, 'services'],
    ['admin', 7 * DAY, 'users'],
    ['signet-server', 30 * DAY, 'services'],
    ['ocsp-responder', 7 * DAY, 'users services'],
    ['snapshot-signer', 30 * DAY, 'services'],
    ['issuing-ca', 1825 * DAY, 'root'],
    ['root', 7300 * DAY, ''],
  ] as const)('%s lives %i s by default and is issued by: %s', (name, lifetime, issuers) => {
    expect(profileNamed(policy, name).lifetime.defaultSeconds).toBe(lifetime)
    const listing = [...policy.hierarchy.authorities.values()].filter((authority) => authority.issues.includes(name))
    expect(listing.map((authority) => authority.name).join(' ')).toBe(issuers)
  })

  test('unwraps numbers, and gives name rules to the parsers', () => {
    expect(policy.revocation.rootCrl.nextUpdateSeconds).toBe(400 * DAY)
    expect(parseProjectName('Alpha_1', policy.names)).toBe('Alpha_1')
  })

  test('is frozen in every depth', () => {
    const job = profileNamed(policy, 'job')
    expect(() => Object.assign(job.lifetime, { maxSeconds: 1 })).toThrow(TypeError)
    expect(() => Object.assign(policy.names.project, { maxLength: 99 })).toThrow(TypeError)
    expect(() => (policy.profiles as Map<string, unknown>).set('job', job)).toThrow(TypeError)
    expect(() => (policy.hierarchy.authorities as Map<string, unknown>).clear()).toThrow(TypeError)
    expect(() => (policy.lints as Map<string, unknown>).delete('x')).toThrow(TypeError)
  })
})

interface Spoiled {
  readonly does: string
  readonly file: string
  readonly path: string
  readonly value: Json | undefined
  /** How the fault is told, from its start; the file is `file` unless the text names another. */
  readonly fault: string
}

const spoils = (file: string, rows: readonly (readonly [string, string, Json | undefined, string])[]): Spoiled[] =>
  rows.map(([does, path, value, fault]) => ({ does, file, path, value, fault }))

const SPOILED: readonly Spoiled[] = [
  ...spoils('profiles/job.json', [
    ['an unknown field', 'colour', 'red', 'profiles/job.json: colour: is a known field'],
    ['an unknown nested field', 'lifetime/colour', 1, 'profiles/job.json: lifetime.colour: is a known field'],
    ['a missing field', 'ocsp', undefined, 'profiles/job.json: ocsp: Invalid input'],
    [
      'a number without its reason',
      'lifetime/maxSeconds',
      3600,
      'profiles/job.json: lifetime.maxSeconds: Invalid input',
    ],
    ['an empty why', 'lifetime/maxSeconds/why', '', 'profiles/job.json: lifetime.maxSeconds.why: says why'],
    ['no cites', 'lifetime/maxSeconds/cites', undefined, 'profiles/job.json: lifetime.maxSeconds.cites: Invalid input'],
    ['cites elsewhere', 'cites', 'RFC 5280', 'profiles/job.json: cites: cites a section of CP.md'],
    ['cites what CP.md has not', 'cites', 'CP §99.1', 'profiles/job.json: cites: cites a section that CP.md has'],
    ['a fraction', 'lifetime/maxSeconds/value', 3600.5, 'profiles/job.json: lifetime.maxSeconds.value: Invalid input'],
    [
      'a default over max',
      'lifetime/defaultSeconds/value',
      3601,
      'profiles/job.json: lifetime: defaultSeconds is at most',
    ],
    ['another name', 'name', 'admin', 'profiles/job.json: name: is job'],
    [
      'an unknown placeholder',
      'subject/0/template',
      '{shoe}',
      'profiles/job.json: subject.0.template: holds literal text',
    ],
    ['a stray brace', 'subject/0/template', 'a}', 'profiles/job.json: subject.0.template: holds literal text'],
    ['a fact it has not', 'subject/1/template', '{systemUser}', 'profiles/job.json: subject: names only what is known'],
    ['no CN', 'subject/0/attribute', 'O', 'profiles/job.json: subject: has exactly one CN'],
    ['a URI elsewhere', 'subjectAltName/uri', 'https://{project}', 'profiles/job.json: subjectAltName.uri: names only'],
    ['no URI', 'subjectAltName/uri', null, 'profiles/job.json: subjectAltName.uri: is present exactly'],
    [
      'IP addresses',
      'subjectAltName/ipAddresses',
      range(0, 1),
      'profiles/job.json: subjectAltName.ipAddresses: is none',
    ],
    ['DNS names', 'subjectAltName/dnsNames', range(0, 1), 'profiles/job.json: subjectAltName.dnsNames: is none'],
    ['an OID elsewhere', 'policyOid', '1.2.3.4', 'profiles/job.json: policyOid: lies below'],
    ['no OID', 'policyOid', 'job', 'profiles/job.json: policyOid: is a dotted'],
    ['a leaf that is a CA', 'keyUsage/bits', ['keyCertSign'], 'profiles/job.json: keyUsage: is critical'],
    ['soft key usage', 'keyUsage/critical', false, 'profiles/job.json: keyUsage: is critical'],
    ['soft constraints', 'basicConstraints/critical', false, 'profiles/job.json: basicConstraints: is critical'],
    [
      'its EKU from elsewhere',
      'extendedKeyUsage',
      'of-the-authority',
      'profiles/job.json: extendedKeyUsage: is said by',
    ],
    [
      'an unknown purpose',
      'extendedKeyUsage/purposes',
      ['codeSigning'],
      'profiles/job.json: extendedKeyUsage.purposes.0',
    ],
    ['no-check', 'ocspNoCheck', true, 'profiles/job.json: ocspNoCheck: is true exactly'],
    ['policies of others', 'certificatePolicies', 'own-and-issued', 'profiles/job.json: certificatePolicies: is own'],
    ['no CRL', 'crlDistributionPoint', false, 'profiles/job.json: crlDistributionPoint: is true'],
    ['no key', 'subjectKeys', noKeys(), 'profiles/job.json: subjectKeys: allows some key'],
    ['RSA-1024', 'subjectKeys/rsaBits/min/value', 1024, 'profiles/job.json: subjectKeys.rsaBits.min.value'],
    [
      'a curve twice',
      'subjectKeys/ecCurves',
      ['P-256', 'P-256'],
      'profiles/job.json: subjectKeys.ecCurves: names nothing twice',
    ],
    [
      'a life over half of its CA',
      'lifetime/maxSeconds/value',
      913 * DAY,
      'hierarchy.json: authorities.users.issues: names only',
    ],
  ]),
  ...spoils('profiles/service.json', [
    [
      'no DNS name',
      'subjectAltName/dnsNames',
      'none',
      'profiles/service.json: subjectAltName.dnsNames: has at least one',
    ],
    [
      'min over max',
      'subjectAltName/dnsNames/max/value',
      0,
      'profiles/service.json: subjectAltName.dnsNames: min is at most',
    ],
    ['a purpose its CA has not', 'extendedKeyUsage/purposes', ['OCSPSigning'], 'profiles/service.json: ocspNoCheck'],
  ]),
  ...spoils('profiles/issuing-ca.json', [
    ['no path length', 'basicConstraints/pathLength', null, 'profiles/issuing-ca.json: basicConstraints: is critical'],
    ['a leaf key usage', 'keyUsage/bits', ['digitalSignature'], 'profiles/issuing-ca.json: keyUsage: is critical'],
    ['an OCSP address', 'ocsp', true, 'hierarchy.json: authorities.root.issues: names no profile with an OCSP'],
  ]),
  ...spoils('profiles/admin.json', [
    ['the OID of another', 'policyOid', oid(4), 'profiles/admin.json: policyOid: is the OID of this profile alone'],
  ]),
  ...spoils('hierarchy.json', [
    [
      'a profile twice',
      'authorities/services/issues',
      ['service', 'signet-server', 'ocsp-responder', 'job'],
      'hierarchy.json: authorities: job is listed by exactly one issuer',
    ],
    [
      'a profile nowhere',
      'authorities/services/issues',
      ['service', 'snapshot-signer', 'ocsp-responder'],
      'hierarchy.json: authorities: signet-server is listed by exactly one issuer',
    ],
    [
      'a CA without responder',
      'authorities/services/issues',
      ['service', 'signet-server', 'snapshot-signer'],
      'hierarchy.json: authorities: ocsp-responder is listed by every issuer',
    ],
    [
      'a root that is issued',
      'authorities/root/issues',
      ['issuing-ca', 'root'],
      'hierarchy.json: authorities: root is listed by no issuer',
    ],
    ['a name twice', 'authorities/services/name', 'users', 'hierarchy.json: authorities: names nothing twice'],
    [
      'a reserved name',
      'authorities/services/name',
      'delta',
      'hierarchy.json: authorities.2.name: is not a reserved word',
    ],
    ['two roots', 'authorities/services/parent', null, 'hierarchy.json: authorities: has exactly one root'],
    [
      'no such parent',
      'authorities/services/parent',
      'nobody',
      'hierarchy.json: authorities.services.parent: is an authority',
    ],
    [
      'a CA under a CA',
      'authorities/services/parent',
      'users',
      'hierarchy.json: authorities.services.parent: is a root',
    ],
    [
      'a leaf as CA',
      'authorities/services/profile',
      'job',
      'hierarchy.json: authorities.services.profile: is a profile of CA',
    ],
    ['an online root', 'authorities/root/key', 'online', 'hierarchy.json: authorities.root.key: is offline'],
    [
      'users with DNS names',
      'authorities/users/nameConstraints/dnsNames',
      ['internal'],
      'hierarchy.json: authorities.users.nameConstraints.dnsNames: is none',
    ],
    [
      'users with IP addresses',
      'authorities/users/nameConstraints/ipAddresses',
      'any',
      'hierarchy.json: authorities.users.nameConstraints.ipAddresses: is none',
    ],
    [
      'services anywhere',
      'authorities/services/nameConstraints/dnsNames',
      'any',
      'hierarchy.json: authorities.services.nameConstraints.dnsNames: is none',
    ],
    [
      'no constraints',
      'authorities/services/nameConstraints',
      'none',
      'hierarchy.json: authorities.services.nameConstraints: constrains',
    ],
    [
      'a zone with a dot',
      'authorities/services/nameConstraints/dnsNames',
      ['.internal'],
      'hierarchy.json: authorities.2.nameConstraints.dnsNames.0: is a DNS zone',
    ],
    [
      'no zone',
      'authorities/services/nameConstraints/dnsNames',
      [],
      'hierarchy.json: authorities.2.nameConstraints.dnsNames',
    ],
    [
      'any purpose',
      'authorities/users/extendedKeyUsage',
      'any',
      'hierarchy.json: authorities.users.extendedKeyUsage: lists',
    ],
    [
      'a missing purpose',
      'authorities/users/extendedKeyUsage',
      ['clientAuth'],
      'hierarchy.json: authorities.users.extendedKeyUsage: lists',
    ],
    [
      'one name for all generations',
      'authorities/users/commonName',
      '{organization} users',
      'hierarchy.json: authorities.1.commonName: holds {generation}',
    ],
    [
      'a long name',
      'authorities/users/commonName',
      `{organization} ${'x'.repeat(30)} {generation}`,
      'hierarchy.json: authorities.users.commonName: fits',
    ],
    [
      'an algorithm in no family',
      'keyFamilies/classical/algorithms',
      ['ec-p256'],
      'hierarchy.json: keyFamilies: names every',
    ],
    [
      'an unknown algorithm',
      'defaultKeyAlgorithm',
      'dsa',
      'hierarchy.json: defaultKeyAlgorithm: is a known key algorithm',
    ],
    ['an impossible organization', 'organization', 'a/b', 'hierarchy.json: organization: is an organization'],
  ]),
  ...spoils('names.json', [
    ['an open pattern', 'project/pattern', '^[a-z]+', 'names.json: project.pattern: is anchored'],
    ['an alternative', 'project/pattern', '^a|b$', 'names.json: project.pattern: is anchored'],
    ['no pattern at all', 'project/pattern', '^($', 'names.json: project.pattern: is a regular expression'],
    [
      'two underscores',
      'project/pattern',
      '^[A-Za-z][A-Za-z0-9_]*[A-Za-z0-9]$',
      'names.json: project.pattern: allows no name such as "a__b"',
    ],
    [
      'a dot',
      'user/pattern',
      '^(?!.*__)[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$',
      'names.json: user.pattern: allows no name such as "a.b"',
    ],
    [
      'a last underscore',
      'user/pattern',
      '^(?!.*__)[A-Za-z][A-Za-z0-9_-]*$',
      'names.json: user.pattern: allows no name such as "ab_"',
    ],
    [
      'a line break',
      'user/pattern',
      '^(?![^]*__)[A-Za-z](?:[A-Za-z0-9\\n]*[A-Za-z0-9])?$',
      'names.json: user.pattern: allows no name such as "a\\nb"',
    ],
    [
      'a wildcard',
      'dnsName/pattern',
      '^(?:[*a-z0-9]+\\.)*[a-z]+$',
      'names.json: dnsName.pattern: allows no name such as "*.b"',
    ],
    [
      'no prefix',
      'serviceAccount/pattern',
      '^[a-z]+$',
      'names.json: serviceAccount.pattern: allows no name such as "ab"',
    ],
    [
      'another prefix',
      'serviceAccountPrefix',
      'svc-',
      'names.json: serviceAccount.pattern: allows a name such as "svc-ab"',
    ],
    ['an open localhost', 'reservedDnsNames', [], 'names.json: reservedDnsNames: reserves localhost'],
    ['min over max', 'project/minLength/value', 25, 'names.json: project: minLength is at most maxLength'],
    ['a CN over its bound', 'commonNameMaxLength/value', 65, 'names.json: commonNameMaxLength.value: Too big'],
  ]),
  ...spoils('revocation.json', [
    [
      'a CRL that runs out',
      'crl/reissueEverySeconds/value',
      43_201,
      'revocation.json: crl: reissueEverySeconds is at most half',
    ],
    ['a lasting cache', 'crl/cacheMaxAgeSeconds/value', 3600, 'revocation.json: crl: cacheMaxAgeSeconds is less'],
    [
      'entries that leave early',
      'crl/expiredEntriesKeptSeconds/value',
      3600,
      'revocation.json: crl: expiredEntriesKeptSeconds is more',
    ],
    [
      'a late warning',
      'rootCrl/warnBeforeSeconds/value',
      400 * DAY,
      'revocation.json: rootCrl: warnBeforeSeconds is less',
    ],
  ]),
  ...spoils('lints.json', [
    [
      'a lint that nobody wrote',
      'lints/new',
      lint('no_such_lint'),
      'lints.json: lints.no_such_lint: is a lint that the code knows',
    ],
    ['a lint left out', 'lints/serial_number_shape', undefined, 'lints.json: lints.serial_number_shape: is listed'],
    ['a lint twice', 'lints/new', lint('serial_number_shape'), 'lints.json: lints: names nothing twice'],
    [
      'another citation',
      'lints/serial_number_shape/cites',
      'CP §1.1',
      'lints.json: lints.serial_number_shape.cites: is the section',
    ],
    ['another effect', 'lints/serial_number_shape/effect', 'warn', 'lints.json: lints.1.effect: Invalid option'],
  ]),
]

function number(value: number): Json {
  return { value, why: 'said for this test alone', cites: 'CP §7.1.4' }
}

function range(min: number, max: number): Json {
  return { min: number(min), max: number(max) }
}

function noKeys(): Json {
  return { ecCurves: [], rsaBits: 'none', ed25519: false, mlDsaParameterSets: [] }
}

function lint(name: string): Json {
  return { name, effect: 'refuse', appliesTo: 'leaves', why: 'said for this test alone', cites: 'CP §8.1' }
}

function oid(number: number): string {
  const { hierarchy } = loadPolicy(PROJECT_POLICY_FOLDER)
  return `${hierarchy.policyArc}.1.${number}`
}

function faultsOf(folder: string): readonly string[] {
  try {
    loadPolicy(folder)
    return []
  } catch (error) {
    if (!(error instanceof PolicyRejected)) throw error
    expect(error.code).toBe('policy_rejected')
    expect(error.facts['folder']).toBe(folder)
    return error.facts['faults'] as readonly string[]
  }
}

describe('a spoiled policy names file, field and rule', () => {
  test.each(SPOILED)('$file: $does', ({ file, path, value, fault }) => {
    const folder = copyPolicyFolder()
    setField(folder, file, path, value)
    const faults = faultsOf(folder)
    expect(
      faults.filter((text) => text.startsWith(fault)),
      faults.join('\n'),
    ).not.toEqual([])
    rmSync(folder, { recursive: true })
  })

  test('a folder that is not there', () => {
    const faults = faultsOf('/nonexistent')
    expect(faults).toContain('hierarchy.json: (whole file): can be read (ENOENT)')
  })

  test.each([
    ['profiles/job.json', 'profiles/job.json: (whole file): can be read (ENOENT)'],
    ['CP.md', 'CP.md: (whole file): can be read (ENOENT)'],
  ])('without %s', (file, fault) => {
    const folder = copyPolicyFolder()
    rmSync(join(folder, file))
    expect(faultsOf(folder)).toContain(fault)
  })

  test.each([
    ['profiles/jobs.json', '{}', 'profiles/jobs.json: (whole file): is one of'],
    ['extra.json', '{}', 'extra.json: (whole file): is one of'],
    ['names.json', '{', 'names.json: (whole file): is JSON'],
    ['names.json', 'null', 'names.json: (whole file): Invalid input'],
  ])('with a stray or broken %s', (file, text, fault) => {
    const folder = copyPolicyFolder()
    writeFileSync(join(folder, file), text)
    const faults = faultsOf(folder)
    expect(
      faults.filter((told) => told.startsWith(fault)),
      faults.join('\n'),
    ).not.toEqual([])
  })

  test('all faults of all files at once', () => {
    const folder = copyPolicyFolder()
    setField(folder, 'profiles/job.json', 'colour', 'red')
    setField(folder, 'names.json', 'project/why', undefined)
    setField(folder, 'revocation.json', 'crl/backdateSeconds/value', -1)
    const files = new Set(faultsOf(folder).map((fault) => fault.split(':')[0]))
    expect(files).toEqual(new Set(['profiles/job.json', 'names.json', 'revocation.json']))
  })

  test('all contradictions at once', () => {
    const folder = copyPolicyFolder()
    setField(folder, 'hierarchy.json', 'organization', 'a/b')
    setField(folder, 'profiles/job.json', 'ocspNoCheck', true)
    setField(folder, 'names.json', 'reservedDnsNames', [])
    expect(faultsOf(folder)).toHaveLength(4) // no-check takes the CRL away as well
  })
})

describe('CP.md', () => {
  const sections = new Set(
    [...readFileSync(join(PROJECT_POLICY_FOLDER, 'CP.md'), 'utf8').matchAll(/^#+ ([0-9.]+) /gm)].map(
      (match) => match[1],
    ),
  )

  test('has every section that the sources cite', () => {
    const sources = join(import.meta.dirname, '..', '..', '..', 'src')
    const cited = readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => citationsOf(readFileSync(join(sources, name), 'utf8')).map((section) => ({ name, section })))
    expect(cited.length).toBeGreaterThan(20)
    expect(cited.filter(({ section }) => !sections.has(section))).toEqual([])
  })
})

/** `CP §3.1, §3.2` cites two sections, `CP §7.1; RFC 5280 §4.2` one. */
function citationsOf(source: string): string[] {
  return [...source.matchAll(/CP §[0-9.]+(?:(?:,| and) §[0-9.]+)*/g)].flatMap((match) =>
    [...match[0].matchAll(/§([0-9]+(?:\.[0-9]+)*)/g)].map((section) => section[1] ?? ''),
  )
}
