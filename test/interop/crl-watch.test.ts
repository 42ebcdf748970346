// Four real servers behind one `signet crl watch`: a revoked certificate is refused after the reload that the watch asks for, and when
// nobody keeps the file any more, each refuses everyone from its end on (docs/consumers.md).
import type { ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { copyPolicyFolder, setField } from '../ca/policy/policy-folder-copy.ts'
import { type PostgresCluster, startPostgresCluster } from '../storage/postgres-cluster.ts'
import { type Certified, expectStatus, freePorts } from '../support/test-service.ts'
import { NginxServer } from './nginx-server.ts'
import { describeWith, end, type Ran, run, start } from './program.ts'
import { type IdentityFiles, World } from './world.ts'

const NAME = 'web.internal'
const PROGRAM = join(import.meta.dirname, '..', '..', 'scripts', 'signet')
/** Long enough for a machine that is busy to renew it in between, and short enough to wait for. */
const CRL_SECONDS = 15
const PATIENCE = { timeout: 50_000, interval: 100 }

type Server = 'nginx' | 'haproxy' | 'postgres' | 'mosquitto'
const SERVERS: readonly Server[] = ['nginx', 'haproxy', 'postgres', 'mosquitto']

describeWith(
  ['nginx', 'haproxy', 'mosquitto', 'mosquitto_pub', 'psql', '/usr/lib/postgresql/15/bin/initdb', 'curl'],
  'servers behind signet crl watch',
  () => {
    let world: World
    let cluster: PostgresCluster
    let people: Record<'alice' | 'mallory', IdentityFiles>
    let mallory: Certified
    let nginx: NginxServer | undefined
    let watcher: ChildProcess | undefined
    const running: ChildProcess[] = []
    const visits = new Map<Server, (who: IdentityFiles) => Promise<boolean>>()

    beforeAll(async () => {
      const policyFolder = copyPolicyFolder()
      setField(policyFolder, 'revocation.json', 'crl/nextUpdateSeconds/value', CRL_SECONDS)
      setField(policyFolder, 'revocation.json', 'crl/reissueEverySeconds/value', 3)
      setField(policyFolder, 'revocation.json', 'crl/cacheMaxAgeSeconds/value', 1)
      setField(policyFolder, 'revocation.json', 'crl/deltaBaseSeconds/value', CRL_SECONDS)
      world = await World.start({ flags: { policyFolder } })
      cluster = await startPostgresCluster()
      // PostgreSQL runs as another user.
      chmodSync(world.folder, 0o755)
      mallory = await world.member('mallory')
      people = {
        alice: world.writeIdentity('alice', world.alice),
        mallory: world.writeIdentity('mallory', mallory),
      }
      const server = await world.service.addService(NAME, { systemUser: 'www-data' })
      world.write('server.pem', server.certificate)
      world.write('server.key', server.key)
      world.write(
        'reload.sh',
        'set -e; for each in "$(dirname "$0")"/reload-*; do [ ! -e "$each" ] || sh "$each"; done',
      )
      await watch()
      await Promise.all([startNginx(), startHaproxy(), startPostgres(server), startMosquitto()])
    }, 60_000)
    afterAll(async () => {
      for (const child of [watcher, ...running]) if (child !== undefined) await end(child)
      await nginx?.stop()
      await cluster.stop()
      await world.close()
    })

    async function watch(): Promise<void> {
      const words = [
        'crl',
        'watch',
        '--bundle',
        '--out',
        world.at('crls.pem'),
        '--status-file',
        world.at('status.json'),
      ]
      watcher = start(PROGRAM, [...words, '--exec', `sh ${world.at('reload.sh')}`, '--poll', '5s'], {
        environment: { SIGNET_URL: world.service.url, SIGNET_CA: world.trust },
      })
      watcher.stderr?.resume()
      await vi.waitFor(() => expect(status()).toMatchObject({ failures: 0, isFollowing: true }), PATIENCE)
    }
    const status = () => JSON.parse(readFileSync(world.at('status.json'), 'utf8')) as Record<string, unknown>

    async function startNginx(): Promise<void> {
      const server = await NginxServer.start(world, NAME, people.alice)
      nginx = server
      world.write('reload-nginx', `kill -HUP $(cat ${world.at('nginx.pid')})`)
      visits.set('nginx', async (who) => (await server.visit('/anyone', who)).http === 200)
    }

    async function startHaproxy(): Promise<void> {
      const [port = 0] = await freePorts(1)
      world.write(
        'haproxy.pem',
        readFileSync(world.at('server.pem'), 'utf8') + readFileSync(world.at('server.key'), 'utf8'),
      )
      const bind = `bind 127.0.0.1:${String(port)} ssl crt ${world.at('haproxy.pem')} ca-file ${world.trust} crl-file ${world.at('crls.pem')} verify required`
      const lines = [
        'defaults',
        'mode http',
        'timeout client 5s',
        'timeout connect 5s',
        'timeout server 5s',
        'frontend web',
      ]
      const answer = 'http-request return status 200 content-type text/plain lf-string %[ssl_c_s_dn(CN)]'
      const file = world.write('haproxy.cfg', [...lines, bind, answer, ''].join('\n'))
      const child = start('haproxy', ['-W', '-db', '-f', file])
      child.stderr?.resume()
      running.push(child)
      world.write('reload-haproxy', `kill -USR2 ${String(child.pid)}`)
      const place = `${NAME}:${String(port)}`
      const words = ['-sS', '--noproxy', '*', '--cacert', world.trust, '--resolve', `${place}:127.0.0.1`]
      visits.set('haproxy', async ({ chain, key }) => {
        const { stdout } = await run('curl', [...words, '--cert', chain, '--key', key, `https://${place}/`])
        return stdout.startsWith('vision__')
      })
    }

    async function startPostgres(server: Certified): Promise<void> {
      const [row] = await cluster.query('show data_directory')
      const [at] = await cluster.query('show port')
      const data = String(row?.['data_directory'])
      const { uid, gid } = statSync(data)
      const give = (name: string, contents: string): void => {
        writeFileSync(join(data, name), contents, { mode: 0o600 })
        chownSync(join(data, name), uid, gid)
      }
      for (const role of ['alice', 'mallory']) await cluster.query(`create role ${role} login`)
      give('server.pem', server.certificate)
      give('server.key', server.key)
      give('ca.pem', world.service.ca)
      give('pg_ident.conf', 'signet "/^vision__(.*)$" "\\1"\n')
      give(
        'pg_hba.conf',
        'hostssl all all 127.0.0.1/32 cert clientname=CN map=signet\nhostnossl all signet 127.0.0.1/32 trust\n',
      )
      const settings = {
        ssl_cert_file: 'server.pem',
        ssl_key_file: 'server.key',
        ssl_ca_file: 'ca.pem',
        ssl_crl_file: world.at('crls.pem'),
        ssl: 'on',
      }
      for (const [name, value] of Object.entries(settings)) await cluster.query(`alter system set ${name} = '${value}'`)
      await cluster.query('select pg_reload_conf()')
      world.write('reload-postgres', `kill -HUP $(head -1 ${join(data, 'postmaster.pid')})`)
      visits.set('postgres', async (who) => {
        const role = who === people.alice ? 'alice' : 'mallory'
        const tls = `sslmode=require sslcert=${who.chain} sslkey=${who.key}`
        const to = `host=localhost hostaddr=127.0.0.1 port=${String(at?.['port'])} dbname=postgres user=${role} ${tls}`
        const ran = await run('psql', ['-XAtw', '-c', 'select current_user', to], {
          environment: { HOME: world.folder, PGCONNECT_TIMEOUT: '20' },
        })
        return ran.stdout === `${role}\n`
      })
    }

    async function startMosquitto(): Promise<void> {
      const [port = 0] = await freePorts(1)
      const file = world.write(
        'mosquitto.conf',
        [
          ...(process.getuid?.() === 0 ? ['user root'] : []),
          `listener ${String(port)} 127.0.0.1`,
          `cafile ${world.trust}`,
          `certfile ${world.at('server.pem')}`,
          `keyfile ${world.at('server.key')}`,
          `crlfile ${world.at('crls.pem')}`,
          'require_certificate true',
          'use_identity_as_username true',
          'allow_anonymous true',
          '',
        ].join('\n'),
      )
      const child = start('mosquitto', ['-c', file])
      child.stderr?.resume()
      running.push(child)
      world.write('reload-mosquitto', `kill -HUP ${String(child.pid)}`)
      visits.set('mosquitto', async ({ chain, key }) => {
        const to = ['-h', '127.0.0.1', '-p', String(port), '--cafile', world.trust, '--insecure']
        const { status: ended }: Ran = await run('mosquitto_pub', [
          ...to,
          '--cert',
          chain,
          '--key',
          key,
          '-t',
          't',
          '-m',
          'x',
        ])
        return ended === 0
      })
    }

    const lets = async (server: Server, who: IdentityFiles): Promise<boolean> =>
      (await visits.get(server)?.(who)) ?? false

    it.each(SERVERS)('%s lets both in', async (server) => {
      mkdirSync(world.at(server), { recursive: true })
      await vi.waitFor(async () => expect(await lets(server, people.alice)).toBe(true), PATIENCE)
      await vi.waitFor(async () => expect(await lets(server, people.mallory)).toBe(true), PATIENCE)
    })

    it('each refuses who was revoked, after the reload, and nobody else', async () => {
      const path = `/v1/certificates/${mallory.serial}/revoke`
      expectStatus(await world.service.post(path, { reason: 'keyCompromise' }, world.service.admin), 200)
      for (const server of SERVERS) {
        await vi.waitFor(async () => expect(await lets(server, people.mallory), server).toBe(false), PATIENCE)
        expect(await lets(server, people.alice), server).toBe(true)
      }
    }, 60_000)

    it('each lets the others in for longer than a CRL lives, while it is watched', async () => {
      const first = String(status()['endsAt'])
      await vi.waitFor(() => expect(String(status()['endsAt']) > first).toBe(true), PATIENCE)
      const left = Date.parse(first) - Date.now()
      await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Date.parse(first)), { timeout: left + 5000 })
      for (const server of SERVERS) expect(await lets(server, people.alice), server).toBe(true)
    }, 90_000)

    it('each refuses everyone once the file has ended', async () => {
      if (watcher !== undefined) await end(watcher)
      for (const server of SERVERS) {
        await vi.waitFor(async () => expect(await lets(server, people.alice), server).toBe(false), PATIENCE)
      }
    }, 90_000)
  },
)
