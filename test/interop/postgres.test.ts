// PostgreSQL 15 that lets people in by client certificate (`clientcert`), with the published CRLs, and shows a certificate of
// Signet's that psql verifies in full. The common name becomes a role by the map of pg_ident.conf.
import { chownSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type PostgresCluster, startPostgresCluster } from '../storage/postgres-cluster.ts'
import type { Certified } from '../support/test-service.ts'
import { describeWith, type Ran, run } from './program.ts'
import { type IdentityFiles, World } from './world.ts'

const NAME = 'db.internal'

describeWith(['psql', '/usr/lib/postgresql/15/bin/initdb'], 'PostgreSQL', () => {
  let world: World
  let cluster: PostgresCluster
  let port: string
  let data: string
  let alice: IdentityFiles
  let bob: IdentityFiles
  let mallory: Certified
  let malloryFiles: IdentityFiles

  beforeAll(async () => {
    ;[world, cluster] = await Promise.all([World.start(), startPostgresCluster()])
    alice = world.writeIdentity('alice', world.alice)
    bob = world.writeIdentity('bob', await world.member('bob'))
    mallory = await world.member('mallory')
    malloryFiles = world.writeIdentity('mallory', mallory)
    await world.fetchCrls()
    await configure(await world.service.addService(NAME, { systemUser: 'postgres' }))
  })
  afterAll(async () => {
    await cluster.stop()
    await world.close()
  })

  async function shown(setting: string): Promise<string> {
    const [row] = await cluster.query(`show ${setting}`)
    return String(row?.[setting])
  }

  /** For the server's own user, who is another than root. */
  function give(name: string, contents: string | Uint8Array): void {
    const path = join(data, name)
    writeFileSync(path, contents, { mode: 0o600 })
    const { uid, gid } = statSync(data)
    chownSync(path, uid, gid)
  }

  async function configure(server: Certified): Promise<void> {
    data = await shown('data_directory')
    port = await shown('port')
    for (const role of ['alice', 'bob', 'mallory']) await cluster.query(`create role ${role} login`)
    give('server.pem', server.certificate)
    give('server.key', server.key)
    give('ca.pem', world.service.ca)
    give('crls.pem', await world.fetchBytes('/pki/crl/bundle.pem'))
    give('pg_ident.conf', 'signet "/^vision__(.*)$" "\\1"\n')
    give(
      'pg_hba.conf',
      'hostssl all all 127.0.0.1/32 cert clientname=CN map=signet\nhostnossl all signet 127.0.0.1/32 trust\n',
    )
    const files = {
      ssl_cert_file: 'server.pem',
      ssl_key_file: 'server.key',
      ssl_ca_file: 'ca.pem',
      ssl_crl_file: 'crls.pem',
    }
    for (const [name, value] of Object.entries({ ...files, ssl: 'on' })) {
      await cluster.query(`alter system set ${name} = '${value}'`)
    }
    await cluster.query('select pg_reload_conf()')
    await vi.waitFor(async () => expect((await connect('alice', alice)).stdout).toBe('alice\n'), {
      timeout: 10_000,
      interval: 50,
    })
  }

  function connect(role: string, identity?: IdentityFiles, more: Record<string, string> = {}): Promise<Ran> {
    const server = { host: NAME, hostaddr: '127.0.0.1', port, dbname: 'postgres', user: role }
    const tls = { sslmode: 'verify-full', sslrootcert: world.trust, sslcrl: world.at('crls.pem') }
    const shows = identity === undefined ? { sslcert: '' } : { sslcert: identity.chain, sslkey: identity.key }
    const words = Object.entries({ ...server, ...tls, ...shows, ...more }).map(([name, value]) => `${name}='${value}'`)
    return run('psql', ['-XAtw', '-c', 'select current_user', words.join(' ')], {
      environment: { HOME: world.folder, PGCONNECT_TIMEOUT: '20' },
    })
  }

  async function expectRefused(refused: Promise<Ran>, why: RegExp): Promise<void> {
    const { status, stdout, stderr } = await refused
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(why)
  }

  it('lets the good users in as who they are', async () => {
    expect(await connect('alice', alice)).toMatchObject({ status: 0, stdout: 'alice\n' })
    expect(await connect('bob', bob)).toMatchObject({ status: 0, stdout: 'bob\n' })
  })

  it('lets nobody in as somebody else, or without a certificate', async () => {
    await expectRefused(connect('alice', bob), /certificate authentication failed for user "alice"/)
    await expectRefused(connect('signet', alice), /certificate authentication failed for user "signet"/)
    await expectRefused(connect('alice'), /connection requires a valid client certificate/)
  })

  it('is verified by name', async () => {
    await expectRefused(
      connect('alice', alice, { host: 'other.internal' }),
      /does not match host name "other.internal"/,
    )
    await expectRefused(connect('alice', alice, { sslrootcert: alice.leaf }), /certificate verify failed/)
  })

  it('lets in who is not revoked yet, and refuses them after the next bundle and a reload', async () => {
    expect(await connect('mallory', malloryFiles)).toMatchObject({ status: 0, stdout: 'mallory\n' })
    await world.revoke(mallory)
    give('crls.pem', await world.fetchBytes('/pki/crl/bundle.pem'))
    await cluster.query('select pg_reload_conf()')
    await vi.waitFor(() => expectRefused(connect('mallory', malloryFiles), /certificate revoked/), {
      timeout: 10_000,
      interval: 50,
    })
    expect((await connect('alice', alice)).status).toBe(0)
  })

  it('is itself refused by psql when its certificate is revoked', async () => {
    const server = await world.service.addService('old.internal', { systemUser: 'postgres' })
    give('server.pem', server.certificate)
    give('server.key', server.key)
    await cluster.query('select pg_reload_conf()')
    const old = { host: 'old.internal' }
    await vi.waitFor(async () => expect((await connect('alice', alice, old)).stdout).toBe('alice\n'), {
      timeout: 10_000,
      interval: 50,
    })
    await world.revoke(server, 'superseded', 'services-1')
    await world.fetchCrls()
    await expectRefused(connect('alice', alice, old), /certificate verify failed/)
  })
})
