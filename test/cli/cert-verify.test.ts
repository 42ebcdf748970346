import * as x509 from '@peculiar/x509'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodePem } from '../../src/x509/pem.ts'
import { codeOf, signet } from './command-line.ts'
import { type Responder, startService } from './fake-service.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import {
  makeAuthority,
  makeCrl,
  makeHierarchy,
  makeLeaf,
  makeServer,
  type Party,
  type TestHierarchy,
} from './test-ca.ts'

const HOUR = 3_600_000
/** [0] { fullName [0] { uniformResourceIdentifier [6] } } */
const OTHER_PARTITION = new x509.Extension(
  '2.5.29.28',
  true,
  Uint8Array.of(0x30, 0x0c, 0xa0, 0x0a, 0xa0, 0x08, 0x86, 6, ...Buffer.from('http:/')),
)

let ours: TestHierarchy
let others: TestHierarchy
let leaf: Party
let folder: TemporaryFolder

beforeAll(async () => {
  ours = await makeHierarchy('Our')
  others = await makeHierarchy('Other')
  leaf = await makeLeaf('CN=vision__alice', ours.users)
})
beforeEach(() => {
  folder = new TemporaryFolder()
})
afterEach(() => folder[Symbol.dispose]())

interface Case {
  readonly leaf?: Party
  readonly chain?: readonly Party[]
  readonly crls?: readonly Uint8Array[]
  readonly now?: Date
  readonly words?: readonly string[]
}

async function currentCrls(): Promise<Uint8Array[]> {
  return [await makeCrl(ours.users), await makeCrl(ours.root)]
}

async function verify(given: Case) {
  const { chain = [ours.users], crls = await currentCrls(), now, words = [] } = given
  const file = folder.write('leaf.pem', [given.leaf ?? leaf, ...chain].map(({ pem }) => pem).join(''))
  const crlFiles = crls.flatMap((crl, i) => ['--crl', folder.write(`${String(i)}.crl`, crl)])
  const trust = ['--ca', folder.write('ca.pem', ours.root.pem), '--offline']
  const outcome = await signet(
    ['cert', 'verify', file, ...trust, ...crlFiles, ...words],
    now === undefined ? {} : { now },
  )
  return { ...outcome, faults: /faults: (.*)/.exec(outcome.stderr)?.[1] }
}

describe('a good certificate', () => {
  it('is good', async () => {
    const { status, stdout, stderr } = await verify({})
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('good\n')
    expect(stdout).not.toContain('FAILS')
  })

  it.each(['client', 'server'])('is good for a %s', async (purpose) => {
    expect((await verify({ words: ['--purpose', purpose] })).status).toBe(0)
  })

  it('is good to the last second of its validity, and not after', async () => {
    const notAfter = new Date(Math.floor((Date.now() + HOUR) / 1000) * 1000)
    const short = await makeLeaf('CN=vision__alice', ours.users, { notAfter })
    const last = new Date(notAfter.getTime() + 999)
    expect((await verify({ leaf: short, now: last })).status).toBe(0)
    expect((await verify({ leaf: short, now: new Date(notAfter.getTime() + 1000) })).faults).toBe('expired')
  })

  it('prints every check as one document with --json', async () => {
    const document: unknown = JSON.parse((await verify({ words: ['--json'] })).stdout)
    expect(document).toMatchObject({ good: true, subject: 'CN=vision__alice', serial: leaf.certificate.serialNumber })
    expect(document).toHaveProperty('checks')
  })

  it('takes the chain and CRLs in PEM from files of their own', async () => {
    const pem = (await currentCrls()).map((crl) => encodePem('X509 CRL', crl)).join('')
    const words = ['--chain', folder.write('chain.pem', ours.users.pem), '--crl', folder.write('all.pem', pem)]
    expect((await verify({ chain: [], crls: [], words })).status).toBe(0)
  })
})

describe('not good, and why', () => {
  it.each<readonly [string, string, () => Promise<Case>]>([
    ['expired', 'expired', async () => ({ leaf: await aliceWith({ notAfter: new Date(Date.now() - 5000) }) })],
    [
      'not yet valid',
      'not_yet_valid',
      async () => ({ leaf: await aliceWith({ notBefore: new Date(Date.now() + HOUR) }) }),
    ],
    [
      'of another CA',
      'issuer_missing',
      async () => ({ leaf: await makeLeaf('CN=x', others.users), chain: [others.users] }),
    ],
    ['without its issuer', 'issuer_missing', async () => ({ chain: [] })],
    ['of a CA with the same name', 'issuer_missing', async () => ({ leaf: await makeLeaf('CN=x', await impostor()) })],
    [
      'of a CA that has ended',
      'expired',
      async () => below(await authority({ notAfter: new Date(Date.now() - 5000) })),
    ],
    ['of no CA', 'not_an_authority', async () => below(leaf)],
    ['below a CA that may have none below it', 'path_too_long', belowTwo],
    ['with an unknown critical extension', 'extension_unknown', async () => ({ leaf: await aliceWith(STRANGE) })],
    ['revoked', 'revoked', async () => ({ crls: [await revoking(leaf), await makeCrl(ours.root)] })],
    [
      'of a revoked CA',
      'revoked',
      async () => ({ crls: [await makeCrl(ours.users), await revoking(ours.users, ours.root)] }),
    ],
    ['without CRLs', 'crl_missing', async () => ({ crls: [] })],
    ["without its issuer's CRL", 'crl_missing', async () => ({ crls: [await makeCrl(ours.root)] })],
    ['with a stale CRL', 'crl_stale', () => usersCrl({ nextUpdate: new Date(Date.now() - 5000) })],
    ['with a CRL from the future', 'crl_not_yet_valid', () => usersCrl({ thisUpdate: new Date(Date.now() + HOUR) })],
    ['with the CRL of another partition', 'crl_scope_partial', () => usersCrl({ more: [OTHER_PARTITION] })],
    ['with a CRL that another signed', 'crl_signature_invalid', () => usersCrl({ signer: others.users })],
    ['with a CRL that the leaf signed', 'crl_signature_invalid', () => usersCrl({ signer: leaf })],
  ])('%s', async (_, fault, make) => {
    const outcome = await verify(await make())
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'certificate_not_good'])
    expect(outcome.faults?.split(', ')).toContain(fault)
    expect(outcome.stdout).toContain(`${fault}: `)
  })

  it('for a client, when it is for servers alone', async () => {
    const purposes = new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth])
    const bound = await authority({ extensions: [purposes] })
    const given = { ...(await below(bound)), crls: [await makeCrl(bound), await makeCrl(ours.root)] }
    expect((await verify({ ...given, words: ['--purpose', 'server'] })).status).toBe(0)
    expect((await verify({ ...given, words: ['--purpose', 'client'] })).faults).toBe('purpose_missing')
  })

  it('with a DNS name that its CA may not certify', async () => {
    // permittedSubtrees: dNSName internal
    const tree = Uint8Array.of(0x30, 0x0e, 0xa0, 0x0c, 0x30, 0x0a, 0x82, 0x08, ...Buffer.from('internal'))
    const constrained = await authority({ extensions: [new x509.Extension('2.5.29.30', true, tree)] })
    const crls = [await makeCrl(constrained), await makeCrl(ours.root)]
    const named = async (value: string) => {
      const names = new x509.SubjectAlternativeNameExtension([{ type: 'dns', value }])
      const one = await makeLeaf('CN=x', constrained, { extensions: [names] })
      return verify({ leaf: one, chain: [constrained], crls })
    }
    expect((await named('a.internal')).status).toBe(0)
    expect((await named('a.example')).faults).toBe('name_excluded')
  })

  it('ends with 1 and one document with --json', async () => {
    const { status, stdout } = await verify({ crls: [], words: ['--json'] })
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ good: false })
  })

  const STRANGE = { extensions: [new x509.Extension('1.3.6.1.4.1.99999.1', true, Uint8Array.of(5, 0))] }

  function aliceWith(wanted: Parameters<typeof makeLeaf>[2]): Promise<Party> {
    return makeLeaf('CN=vision__alice', ours.users, wanted)
  }

  function authority(wanted: Parameters<typeof makeAuthority>[2]): Promise<Party> {
    return makeAuthority('Our third CA 1', ours.root, wanted)
  }

  function impostor(): Promise<Party> {
    return makeAuthority('Our users CA 1', others.root)
  }

  async function below(issuer: Party): Promise<Case> {
    return { leaf: await makeLeaf('CN=x', issuer), chain: [issuer, ours.users] }
  }

  async function belowTwo(): Promise<Case> {
    const second = await makeAuthority('Our second CA 1', ours.users)
    return { leaf: await makeLeaf('CN=x', second), chain: [second, ours.users] }
  }

  function revoking(revoked: Party, issuer = ours.users): Promise<Uint8Array> {
    return makeCrl(issuer, { revoked: [revoked.certificate.serialNumber] })
  }

  async function usersCrl(wanted: Parameters<typeof makeCrl>[1]): Promise<Case> {
    return { crls: [await makeCrl(ours.users, wanted), await makeCrl(ours.root)] }
  }
})

describe('with the service', () => {
  async function verifyOnline(respond: Responder, given: Party = leaf, words: readonly string[] = []) {
    await using service = await startService(await makeServer(ours.users), [ours.users], respond)
    const file = folder.write('leaf.pem', given.pem)
    const environment = { SIGNET_URL: service.url, SIGNET_CA: folder.write('ca.pem', ours.root.pem) }
    return { ...(await signet(['cert', 'verify', file, ...words], { environment })), received: service.received }
  }

  it('issuer and CRLs come from there, by their names and not by their URLs', async () => {
    const published = await publishedBy()
    const { status, received, stderr } = await verifyOnline(({ url }) => published.get(url))
    expect(status, stderr).toBe(0)
    expect(received.map(({ url }) => url).toSorted()).toEqual([
      '/pki/ca/users-1.cer',
      '/pki/crl/root-1.crl',
      '/pki/crl/users-1.crl',
    ])
  })

  it('what speaks for others is made up for', async () => {
    const published = await publishedBy()
    const other = folder.write('other.crl', await makeCrl(ours.users, { more: [OTHER_PARTITION] }))
    const { status, received, stderr } = await verifyOnline(({ url }) => published.get(url), leaf, ['--crl', other])
    expect(status, stderr).toBe(0)
    expect(received.map(({ url }) => url)).toContain('/pki/crl/users-1.crl')
  })

  it('what it does not publish is missing', async () => {
    const outcome = await verifyOnline(() => undefined)
    expect(codeOf(outcome)).toBe('certificate_not_good')
    expect(outcome.stderr).toContain('issuer_missing')
  })

  it('an issuer that it makes up is none', async () => {
    const outcome = await verifyOnline(({ url }) => {
      return url.startsWith('/pki/ca/') ? { body: others.users.der } : undefined
    })
    expect(outcome.stderr).toContain('issuer_missing')
  })

  it('what is no certificate is told', async () => {
    expect(codeOf(await verifyOnline(() => ({ body: 'junk' })))).toBe('answer_unreadable')
  })

  async function publishedBy() {
    return new Map([
      ['/pki/ca/users-1.cer', { body: ours.users.der }],
      ['/pki/crl/users-1.crl', { body: await makeCrl(ours.users) }],
      ['/pki/crl/root-1.crl', { body: await makeCrl(ours.root) }],
    ])
  }
})
