// An issuing CA is revoked by the root's CRL while the service runs: nothing that it signed is good any more, nothing is issued by it,
// and the next generation goes on (SECURITY rules 7 and 37, CP §5.7).
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { makeNextGeneration, planRevocation, revokeIssuingCa, signRootCrl } from '../../src/cli/root-ceremony.ts'
import type { AuthorityReason } from '../../src/revocation/revocation.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { splitPem } from '../interop/world.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'
import { makeCsr } from '../support/csr.ts'

const SOON = { timeout: 10_000, interval: 50 }
const GONE = { status: 401, code: 'client_certificate_refused' }

const rootOf = (service: TestService) => ({ folder: service.rootFolder, passphrase: service.rootPassphrase })

function revoke(service: TestService, issuer: string, reason: AuthorityReason) {
  return revokeIssuingCa(service.configuration, rootOf(service), { issuer, reason, out: undefined })
}

async function crlOf(service: TestService, issuer: string) {
  const { bytes } = await service.send({ method: 'GET', path: `/pki/crl/${issuer}.crl` })
  return parseCrl(bytes)
}

async function me(service: TestService, who: Certified) {
  const { status, json } = await service.get('/v1/me', who)
  return { status, code: json['code'] }
}

async function caSerial(service: TestService, issuer: string): Promise<string> {
  const { bytes } = await service.send({ method: 'GET', path: `/pki/ca/${issuer}.cer` })
  return new X509Certificate(bytes).serialNumber.toLowerCase()
}

async function warnings(service: TestService): Promise<Record<string, string>> {
  const { warnings: found } = (await (await fetch(`${service.operationsUrl}/readyz`)).json()) as {
    warnings: { check: string; detail: string }[]
  }
  return Object.fromEntries(found.map(({ check, detail }) => [check, detail]))
}

/** Who certified the server that answers now. */
function serverIssuer(service: TestService): Promise<string> {
  const { hostname, port } = new URL(service.url)
  return new Promise((found, failed) => {
    const socket = connect({ host: hostname, port: Number(port), ca: service.ca, servername: hostname }, () => {
      found(socket.getPeerX509Certificate()?.issuer ?? '')
      socket.destroy()
    })
    socket.on('error', failed)
  })
}

onBothStores(
  'an issuing CA',
  () => ({}),
  (running) => {
    let alice: Certified
    let bruno: Certified
    let token: string

    beforeAll(async () => {
      const service = running()
      alice = await service.addProject('vision', 'alice')
      token = String(
        expectStatus(await service.post('/v1/tokens', { audience: service.url }, alice), 201).json['access_token'],
      )
      expectStatus(await service.post('/v1/api-keys', { name: 'k', scopes: ['SERVING'] }, alice), 201)
      await makeNextGeneration(service.configuration, rootOf(service), 'users')
      await vi.waitFor(async () => {
        expect((await service.send({ method: 'GET', path: '/pki/crl/users-2.crl' })).status).toBe(200)
      }, SOON)
      bruno = await service.addMember('vision', 'bruno', alice)
      expect(bruno.answer['issuer']).toBe('users-2')
    })

    test.each([['root-1'], ['users-3'], ['nobody']])('%s is none that can be revoked', async (issuer) => {
      const refused = revoke(running(), issuer, 'superseded')
      await expect(refused).rejects.toMatchObject({ code: 'issuer_not_online' })
    })

    test('a plan says what would be, and changes nothing', async () => {
      const service = running()
      const before = await crlOf(service, 'root-1')
      const plan = await planRevocation(service.configuration, 'users-1')
      expect(plan).toMatchObject({ issuer: 'users-1', 'issues from then on': 'users-2' })
      expect(Number(plan.certificates)).toBeGreaterThan(0)
      expect((await crlOf(service, 'root-1')).number).toBe(before.number)
      expect((await me(service, alice)).status).toBe(200)
    })

    describe('that was compromised', () => {
      beforeAll(async () => {
        const done = await revoke(running(), 'users-1', 'keyCompromise')
        expect(done).toMatchObject({ tokens: 1, apiKeys: 1, successor: 'users-2' })
        await vi.waitFor(async () => expect(await me(running(), alice)).toEqual(GONE), SOON)
      })

      test('is on the root CRL, whose number has risen', async () => {
        const service = running()
        const serial = await caSerial(service, 'users-1')
        await vi.waitFor(async () => {
          expect((await crlOf(service, 'root-1')).entries.get(serial)).toMatchObject({ reason: 'keyCompromise' })
        }, SOON)
      })

      test('makes all that it signed bad, and what was bought with that', async () => {
        const service = running()
        expect(await me(service, { ...alice, ...service.admin })).toEqual(GONE)
        const asked = await service.send({
          method: 'GET',
          path: '/v1/me',
          headers: { authorization: `Bearer ${token}` },
        })
        expect(asked.status).toBe(401)
        const renewed = await service.post(
          '/v1/projects/vision/members/alice/certificates',
          { csr: (await makeCsr()).pem },
          alice,
        )
        expect(renewed.status).toBe(401)
      })

      test('leaves what another generation signed', async () => {
        expect((await me(running(), bruno)).status).toBe(200)
        expect(await warnings(running())).not.toHaveProperty('issuer users-1')
      })

      test('has a CRL of its own still, for those who look at no other', async () => {
        const { number, nextUpdate } = await crlOf(running(), 'users-1')
        expect(number).toBeGreaterThan(0n)
        expect(nextUpdate?.getTime()).toBeGreaterThan(Date.now())
      })

      test('is refused by OpenSSL from the bundle of CRLs, and the other generation is not', async () => {
        const service = running()
        const verdict = async ({ certificate }: Certified) => {
          const [leaf = '', issuer = ''] = splitPem(certificate)
          const file = (name: string, text: string): string => {
            const path = join(service.folder, name)
            writeFileSync(path, text)
            return path
          }
          const bundle = (await service.send({ method: 'GET', path: '/pki/crl/bundle.pem' })).bytes.toString()
          const trust = ['-CAfile', file('root.pem', service.ca), '-untrusted', file('issuer.pem', issuer)]
          const crls = ['-crl_check_all', '-CRLfile', file('bundle.pem', bundle)]
          const { status, stderr } = spawnSync('openssl', ['verify', ...trust, ...crls, file('leaf.pem', leaf)], {
            encoding: 'utf8',
          })
          return { status, revoked: stderr.includes('certificate revoked') }
        }
        expect(await verdict(bruno)).toEqual({ status: 0, revoked: false })
        expect(await verdict(alice)).toEqual({ status: 2, revoked: true })
      })

      test('is revoked once: a second time gives the first date, and the next root CRL lists it too', async () => {
        const service = running()
        const first = await revoke(service, 'users-1', 'superseded')
        expect(first).toMatchObject({ record: { reason: 'keyCompromise' }, tokens: 0, apiKeys: 0 })
        const again = await revoke(service, 'users-1', 'keyCompromise')
        expect(again.record.revokedAt).toEqual(first.record.revokedAt)
        const plain = await signRootCrl(service.configuration, rootOf(service), undefined)
        expect(plain.number).toBeGreaterThan(again.crl.number)
        const serial = await caSerial(service, 'users-1')
        await vi.waitFor(async () => {
          const crl = await crlOf(service, 'root-1')
          expect([crl.number, crl.entries.get(serial)?.reason]).toEqual([BigInt(plain.number), 'keyCompromise'])
        }, SOON)
      })

      test('stays so for a process that starts now', async () => {
        const service = running()
        await service.stop()
        await service.restart()
        expect(await me(service, alice)).toEqual(GONE)
        expect((await me(service, bruno)).status).toBe(200)
      })
    })

    test('that certified the service itself is followed by a certificate of the next', async () => {
      const service = running()
      await makeNextGeneration(service.configuration, rootOf(service), 'services')
      await revoke(service, 'services-1', 'superseded')
      await vi.waitFor(async () => expect(await serverIssuer(service)).toContain('services CA 2'), SOON)
      expect((await me(service, bruno)).status).toBe(200)
    })

    test('without a next one leaves nobody to issue, and an alarm', async () => {
      const service = running()
      const done = await revoke(service, 'users-2', 'cessationOfOperation')
      expect(done.successor).toBeUndefined()
      await vi.waitFor(async () => expect(await me(service, bruno)).toEqual(GONE), SOON)
      await vi.waitFor(async () => {
        expect(await warnings(service)).toMatchObject({ 'issuer users-1': 'revoked', 'issuer users-2': 'revoked' })
      }, SOON)
    })
  },
)
