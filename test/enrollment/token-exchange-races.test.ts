// Rule 18 for token exchange, on both stores: what is spent twice at once, and what ends between signing and recording.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/domain/clock.ts'
import { CodedError } from '../../src/domain/coded-error.ts'
import type { ProjectName } from '../../src/domain/project-name.ts'
import type { UserName } from '../../src/domain/user-name.ts'
import { NO_QUARANTINE } from '../../src/domain/quarantine.ts'
import { exchangeForCertificate } from '../../src/enrollment/exchange-certificate.ts'
import type { SignInAsSubject } from '../../src/enrollment/sign-in-subject.ts'
import type { TokenContext } from '../../src/enrollment/token-acts.ts'
import { TokenKeyring } from '../../src/enrollment/token-keyring.ts'
import { trustedIssuersOf } from '../../src/main/trusted-issuers.ts'
import { TOKEN_EXCHANGE_GRANT } from '../../src/tokens/discovery.ts'
import { stored } from '../http/stored.ts'
import { type HeldActs, holdActs } from '../security/held-acts.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import { foreignKey, signedBy } from '../support/foreign-issuer.ts'
import type { Answer } from '../support/https-client.ts'
import { People, sessionOf } from '../support/people.ts'
import { type Certified, expectStatus } from '../support/test-service.ts'

const ISSUER = 'https://ci.internal'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'
const folder = mkdtempSync(join(tmpdir(), 'signet-races-'))
const key = foreignKey('k1')
const people = new People()
writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [key.jwk] }))
afterAll(() => {
  people.close()
  rmSync(folder, { recursive: true, force: true })
})

const USERS = ['u1', 'u2', 'u3', 'u4']
const ci = {
  kind: 'oidc',
  issuer: ISSUER,
  audience: 'signet',
  jwksFile: join(folder, 'keys.json'),
  subjects: USERS.map((user) => ({ sub: user, project: 'vision', user })),
}
const optionsOf = () => ({ flags: { trustedIssuers: JSON.stringify({ ci }), ...people.flags({ test: {} }) } })

function tokenOf(sub: string): string {
  const iat = Math.floor(Date.now() / 1000)
  return signedBy(key, { iss: ISSUER, sub, aud: 'signet', iat, exp: iat + 600, jti: String(Math.random()) })
}

onBothStores('rule 18: token exchange', optionsOf, (running) => {
  let owner: Certified
  let acts: HeldActs

  beforeAll(async () => {
    owner = await running().addProject('vision', 'olga')
    for (const user of USERS) {
      await running().addUser(user)
      expectStatus(await running().put(`/v1/projects/vision/members/${user}`, { role: 'scientist' }, owner), 201)
      await people.link(running(), 'test', user)
    }
    acts = await holdActs(running().configuration, systemClock)
  })
  afterAll(() => acts.close())

  const context = (): TokenContext => {
    const { keyStore, storage, policy } = acts.opened
    const keys = new TokenKeyring({
      acts: storage,
      keyStore,
      installation: '',
      quarantine: () => NO_QUARANTINE,
      policy: policy.credentials.token,
      clock: systemClock,
      algorithms: ['ES256'],
    })
    const trustedIssuers = trustedIssuersOf(running().configuration, policy.names, systemClock)
    const known = { tokenIssuer: running().url, isAudience: () => false, isTokenRevoked: () => false, trustedIssuers }
    return { ...acts.context, ...known, keys }
  }

  /** Signs, is held before it records, lets `end` happen in another process, goes on. */
  async function endedMeanwhile(
    subjectToken: string,
    signIn: SignInAsSubject | undefined,
    end: () => Promise<Answer>,
  ): Promise<unknown> {
    const { waits, letGo } = acts.hold(2)
    const outcome = exchangeForCertificate(context(), {
      caller: { kind: 'anonymous' },
      certificate: undefined,
      subjectToken,
      subjectTokenType: JWT,
      signIn,
      csr: (await makeCsr()).pem,
      origin: { requestId: 'held' },
    }).then(
      () => 'recorded',
      (error: unknown) => (error instanceof CodedError ? [error.code, error.facts] : error),
    )
    await waits
    expectStatus(await end(), 200)
    const before = await stored(running())
    letGo()
    const told = await outcome
    expect(await stored(running())).toEqual(before)
    return told
  }

  const refused = (reason: string) => ['subject_token_refused', { reason }]
  const remove = (user: string) =>
    running().send({ method: 'DELETE', path: `/v1/projects/vision/members/${user}` }, owner)

  test('a token that is spent many times at once buys one certificate', async () => {
    const subject = { grant_type: TOKEN_EXCHANGE_GRANT, subject_token: tokenOf('u1'), subject_token_type: JWT }
    const type = 'urn:signet:params:oauth:token-type:certificate'
    const csrs = await Promise.all(Array.from({ length: 4 }, () => makeCsr()))
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const before = (await stored(running())).serials.length
    const answers = await Promise.all(
      csrs.map(({ pem }) => {
        const body = new URLSearchParams({ ...subject, requested_token_type: type, csr: pem }).toString()
        return running().send({ method: 'POST', path: '/v1/tokens/exchange', body, headers })
      }),
    )
    const codes = answers.map(({ status, code }) => code ?? String(status))
    expect(codes.toSorted()).toEqual(['200', ...Array.from({ length: 3 }, () => 'subject_token_spent')])
    expect((await stored(running())).serials.length).toBe(before + 1)
  })

  test('a member who was removed after the signature: nothing is recorded', async () => {
    expect(await endedMeanwhile(tokenOf('u2'), undefined, () => remove('u2'))).toEqual(refused('member_unknown'))
  })

  test.each([
    ['a session that ended', 'u3', 'session_ended'],
    ['a member who was removed while signed in', 'u4', 'member_unknown'],
  ] as const)('%s after the signature: nothing is recorded', async (_, user, reason) => {
    const headers = await sessionOf(running(), 'test', user)
    const token = headers.authorization.slice('Bearer '.length)
    const [, payload = ''] = token.split('.')
    const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string }
    const caller = {
      kind: 'session',
      user: user as UserName,
      sessionId: jti.split('.')[0] ?? '',
      provider: 'test',
      signedInAt: systemClock.now(),
      administers: 'never',
    } as const
    const expiresAt = new Date(Date.now() + 600_000)
    const personBehind = () => Promise.resolve({ caller, expiresAt })
    const logout = () => running().send({ method: 'POST', path: '/v1/logout', headers })
    const end = reason === 'session_ended' ? logout : () => remove(user)
    const signIn = { project: 'vision' as ProjectName, personBehind }
    expect(await endedMeanwhile(token, signIn, end)).toEqual(refused(reason))
  })
})
