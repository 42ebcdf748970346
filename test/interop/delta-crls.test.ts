// Delta CRLs, CRLs of partitions, and complete ones of another time or another issuer, as OpenSSL, Java and GnuTLS take them.
// OpenSSL uses a delta and refuses what does not fit; Java never uses one; GnuTLS takes any CRL of the issuer for a complete one,
// so that a delta or another partition beside the complete CRL lets revoked ones in (docs/consumers.md).
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { crlUris } from '../../src/x509/extensions/crl-distribution-points.ts'
import { encodePem, parsePem, parsePemBundle } from '../../src/x509/pem.ts'
import type { Certified } from '../support/test-service.ts'
import { crlAt, type DeltaWorld, type Server, SERVERS, startDeltaWorld } from './delta-world.ts'
import { describeWith, run } from './program.ts'
import { compileValidatePath, validateByJava } from './validate-by-java.ts'
import { splitPem } from './world.ts'

const IN_22_HOURS = 22 * 3600
const IN_TWO_DAYS = 48 * 3600

let scene: DeltaWorld
/** Each CRL by a name, PEM. `own` and `foreign` are partitions: that of `late`, and one in which none of the servers is. */
let crls: Readonly<Record<Crl, string>>

type Crl =
  | 'before'
  | 'beforeDelta'
  | 'now'
  | 'nowDelta'
  | 'own'
  | 'foreign'
  | 'users'
  | 'usersDelta'
  | 'damaged'
  | 'damagedDelta'

beforeAll(async () => {
  scene = await startDeltaWorld()
  const { world, servers, before, beforeDelta, now, nowDelta } = scene
  const taken = new Set(Object.values(servers).map(partitionOf))
  const free = [1, 2, 3, 4, 5, 6, 7, 8].find((number) => !taken.has(String(number)))
  crls = {
    ...{ before, beforeDelta, now, nowDelta },
    own: await crlAt(world, `services-1/${partitionOf(servers.late)}.crl`),
    foreign: await crlAt(world, `services-1/${String(free)}.crl`),
    users: await crlAt(world, 'users-1.crl'),
    usersDelta: await crlAt(world, 'users-1/delta.crl'),
    damaged: withAnotherSignature(now),
    damagedDelta: withAnotherSignature(nowDelta),
  }
  await world.fetchIssuers()
}, 60_000)
afterAll(() => scene.world.close())

function partitionOf({ certificate }: Certified): string {
  const [der = new Uint8Array()] = parsePemBundle(certificate, 'CERTIFICATE')
  return /(\d+)\.crl$/.exec(crlUris(parseCertificate(der).tbs.crlDistributionPoints ?? []).join())?.[1] ?? ''
}

function withAnotherSignature(pem: string): string {
  const der = Uint8Array.from(parsePem(pem, 'X509 CRL'))
  const last = der.length - 1
  der[last] = (der[last] ?? 0) ^ 1
  return encodePem('X509 CRL', der)
}

/** One verdict for each server. */
type Verdicts = Readonly<Record<Server, string>>

interface Row {
  readonly crls: readonly Crl[]
  readonly inSeconds?: number
  readonly of: readonly [good: string, held: string, early: string, late: string]
}

async function verdicts(judge: (server: Server) => Promise<string>): Promise<Verdicts> {
  const [good, held, early, late] = await Promise.all(SERVERS.map(judge))
  return { good: good ?? '', held: held ?? '', early: early ?? '', late: late ?? '' }
}

const expected = ([good, held, early, late]: Row['of']): Verdicts => ({ good, held, early, late })
const fileOf = (names: readonly Crl[], more = ''): string =>
  scene.world.write(`${names.join('-')}.pem`, names.map((name) => crls[name]).join('') + more)

it('the delta adds to a CRL that is older than the one that a relying party has', () => {
  const [complete, delta] = [crls.before, crls.nowDelta].map((pem) => parseCrl(parsePem(pem, 'X509 CRL')))
  expect(delta?.deltaBase).toBeLessThan(complete?.number ?? 0n)
  expect(delta?.number).toBeGreaterThan(complete?.number ?? 0n)
  const { held, early, late } = scene.servers
  expect([held, early, late].map(({ serial }) => delta?.entries.get(serial)?.reason)).toEqual([
    'removeFromCRL',
    undefined,
    'keyCompromise',
  ])
})

describeWith(['openssl'], 'openssl verify -use_deltas', () => {
  const NO_CRL = 'error 3'
  const BAD_SIGNATURE = 'error 8'
  const EXPIRED = 'error 12'
  const REVOKED = 'error 23'
  const OTHER_SCOPE = 'error 44'
  const rows: readonly Row[] = [
    { crls: ['before'], of: ['good', REVOKED, REVOKED, 'good'] },
    { crls: ['before', 'nowDelta'], of: ['good', 'good', REVOKED, REVOKED] },
    { crls: ['nowDelta', 'before'], of: ['good', 'good', REVOKED, REVOKED] },
    { crls: ['now'], of: ['good', 'good', REVOKED, REVOKED] },
    // A lower number: it is as if it were not there.
    { crls: ['now', 'beforeDelta'], of: ['good', 'good', REVOKED, REVOKED] },
    { crls: ['now', 'before'], of: ['good', 'good', REVOKED, REVOKED] },
    { crls: ['before', 'now'], of: ['good', 'good', REVOKED, REVOKED] },
    { crls: ['nowDelta'], of: [NO_CRL, NO_CRL, NO_CRL, NO_CRL] },
    { crls: ['users'], of: [NO_CRL, NO_CRL, NO_CRL, NO_CRL] },
    { crls: ['now', 'usersDelta'], of: ['good', 'good', REVOKED, REVOKED] },
    { crls: ['damaged'], of: [BAD_SIGNATURE, BAD_SIGNATURE, BAD_SIGNATURE, BAD_SIGNATURE] },
    { crls: ['before', 'damagedDelta'], of: [BAD_SIGNATURE, BAD_SIGNATURE, BAD_SIGNATURE, BAD_SIGNATURE] },
    { crls: ['before'], inSeconds: IN_22_HOURS, of: [EXPIRED, EXPIRED, EXPIRED, EXPIRED] },
    // A complete CRL that has ended lives on by a delta that has not: together they say everything (RFC 5280 §5.2.4).
    { crls: ['before', 'nowDelta'], inSeconds: IN_22_HOURS, of: ['good', 'good', REVOKED, REVOKED] },
    { crls: ['before', 'nowDelta'], inSeconds: IN_TWO_DAYS, of: [EXPIRED, EXPIRED, EXPIRED, EXPIRED] },
    { crls: ['foreign'], of: [OTHER_SCOPE, OTHER_SCOPE, OTHER_SCOPE, OTHER_SCOPE] },
    { crls: ['foreign', 'nowDelta'], of: [OTHER_SCOPE, OTHER_SCOPE, OTHER_SCOPE, OTHER_SCOPE] },
  ]

  async function judge(server: Server, crlFile: string, inSeconds: number | undefined): Promise<string> {
    const { world, servers } = scene
    const [leaf = ''] = splitPem(servers[server].certificate)
    const at = inSeconds === undefined ? [] : ['-attime', String(Math.floor(Date.now() / 1000) + inSeconds)]
    const trust = ['-no-CApath', '-no-CAstore', '-CAfile', world.trust, '-untrusted', world.at('issuers.pem')]
    const revocation = ['-crl_check', '-use_deltas', '-extended_crl', '-CRLfile', crlFile, ...at]
    const { status, stderr } = await run('openssl', ['verify', '-x509_strict', ...trust, ...revocation], {
      input: leaf,
    })
    return status === 0 ? 'good' : (/^error \d+/m.exec(stderr)?.[0] ?? stderr)
  }

  it.each(rows)('with $crls ($inSeconds): $of', async ({ crls: names, inSeconds, of }) => {
    const crlFile = fileOf(names)
    expect(await verdicts((server) => judge(server, crlFile, inSeconds))).toEqual(expected(of))
  })
})

describeWith(['certtool'], 'certtool --verify, which takes any CRL for a complete one', () => {
  const rows: readonly Row[] = [
    { crls: ['before'], of: ['good', 'revoked', 'revoked', 'good'] },
    { crls: ['now'], of: ['good', 'good', 'revoked', 'revoked'] },
    { crls: ['before', 'now'], of: ['good', 'good', 'revoked', 'revoked'] },
    { crls: ['now', 'before'], of: ['good', 'good', 'revoked', 'revoked'] },
    { crls: ['own'], of: ['good', 'good', 'good', 'revoked'] },
    // From here on revoked ones are let in. Whoever gives it such files must know.
    { crls: ['foreign'], of: ['good', 'good', 'good', 'good'] },
    { crls: ['nowDelta'], of: ['good', 'revoked', 'good', 'revoked'] },
    { crls: ['before', 'nowDelta'], of: ['good', 'revoked', 'good', 'revoked'] },
    { crls: ['nowDelta', 'before'], of: ['good', 'revoked', 'good', 'revoked'] },
    { crls: ['users'], of: ['good', 'good', 'good', 'good'] },
    { crls: ['damaged'], of: ['good', 'good', 'revoked', 'revoked'] },
  ]

  it.each(rows)('with $crls: $of', async ({ crls: names, of }) => {
    const { world, servers } = scene
    const words = ['--verify', '--load-ca-certificate', world.trust, '--load-crl', fileOf(names)]
    const judge = async (server: Server): Promise<string> => {
      const { status, stdout, stderr } = await run('certtool', words, { input: servers[server].certificate })
      if (status === 0) return 'good'
      return stdout.includes('The certificate chain is revoked') ? 'revoked' : stdout + stderr
    }
    expect(await verdicts(judge)).toEqual(expected(of))
  })
})

describeWith(['java', 'javac'], 'PKIX of Java, which leaves deltas aside', () => {
  const UNKNOWN = 'UNDETERMINED_REVOCATION_STATUS'
  const rows: readonly Row[] = [
    { crls: ['before'], of: ['good', 'REVOKED', 'REVOKED', 'good'] },
    { crls: ['before', 'nowDelta'], of: ['good', 'REVOKED', 'REVOKED', 'good'] },
    { crls: ['now', 'beforeDelta'], of: ['good', 'good', 'REVOKED', 'REVOKED'] },
    { crls: ['nowDelta'], of: [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN] },
    { crls: ['users', 'usersDelta'], of: [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN] },
    { crls: ['damaged'], of: [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN] },
    { crls: ['now'], inSeconds: IN_TWO_DAYS, of: [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN] },
  ]
  let root: string

  beforeAll(async () => {
    root = await crlAt(scene.world, 'root-1.crl')
    await compileValidatePath(scene.world)
  })

  async function judged(crlFile: string, more: { inSeconds?: number; properties?: readonly string[] } = {}) {
    const { world, servers } = scene
    const cases = SERVERS.map((server) => [servers[server].certificate, `${server}.internal`] as const)
    const answers = await validateByJava(world, cases, { trust: world.trust, crls: crlFile, ...more })
    return verdicts((server) => Promise.resolve(answers[SERVERS.indexOf(server)] ?? ''))
  }

  it.each(rows)('with $crls ($inSeconds): $of', async ({ crls: names, inSeconds, of }) => {
    expect(await judged(fileOf(names, root), inSeconds === undefined ? {} : { inSeconds })).toEqual(expected(of))
  })

  it('fetches what the certificates name when told to: the partitions and the CRL of the root', async () => {
    const none = scene.world.write('none.pem', '')
    const fetching = ['com.sun.security.enableCRLDP=true']
    expect(await judged(none)).toEqual(expected([UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]))
    expect(await judged(none, { properties: fetching })).toEqual(expected(['good', 'good', 'REVOKED', 'REVOKED']))
    // A complete CRL that does not know yet is at hand: the delta that it names is fetched by nobody.
    const old = fileOf(['before'], root)
    expect(await judged(old, { properties: fetching })).toEqual(expected(['good', 'REVOKED', 'REVOKED', 'good']))
  })
})
