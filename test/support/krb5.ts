// A Kerberos realm of our own for the tests: Debian's KDC in a temporary folder on a free loopback port, with people, the key of
// the service, and tickets by kinit. It is stopped by its own process id.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from './test-service.ts'

export const REALM = 'EXAMPLE.INTERNAL'

export function krb5IsInstalled(): boolean {
  const module = join(import.meta.dirname, '../../node_modules/kerberos/build/Release/kerberos.node')
  return ['/usr/sbin/krb5kdc', '/usr/bin/kinit', module].every((file) => existsSync(file))
}

export interface Realm {
  readonly keytab: string
  /** What every program of this realm needs to see. */
  readonly environment: Readonly<Record<string, string>>
  addPrincipal(name: string, password: string): void
  /** Gets a ticket; the environment that holds it. */
  kinit(name: string, password: string, ...options: string[]): Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** `realm` may be another than ours; the service's key is that of HTTP/localhost. */
export async function startRealm(realm = REALM): Promise<Realm> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-krb5-'))
  const [port = 0] = await freePorts(1)
  const files = {
    config: join(folder, 'krb5.conf'),
    kdc: join(folder, 'kdc.conf'),
    keytab: join(folder, 'http.keytab'),
  }
  writeFileSync(files.config, clientConfiguration(realm, port))
  writeFileSync(files.kdc, kdcConfiguration(realm, port, folder))
  const environment = {
    KRB5_CONFIG: files.config,
    KRB5_KDC_PROFILE: files.kdc,
    KRB5RCACHENAME: `dfl:`,
    KRB5RCACHEDIR: folder,
    KRB5CCNAME: join(folder, 'nobody'),
  }
  const run = (program: string, args: string[], input = '', more: Record<string, string> = {}): string =>
    execFileSync(program, args, {
      env: { ...process.env, ...environment, ...more },
      input,
      encoding: 'utf8',
      stdio: 'pipe',
    })
  run('kdb5_util', ['-r', realm, 'create', '-s', '-P', 'master-secret'])
  const admin = (query: string): string => run('kadmin.local', ['-r', realm, '-q', query])
  admin(`addprinc -randkey HTTP/localhost@${realm}`)
  admin(`ktadd -k ${files.keytab} HTTP/localhost@${realm}`)
  const kdc = spawn('/usr/sbin/krb5kdc', ['-n', '-r', realm], {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
  })
  admin('addprinc -pw probe probe')
  await untilAnswering(kdc, () => run('kinit', ['-c', join(folder, 'probe'), `probe@${realm}`], 'probe\n'))
  let caches = 0
  return {
    keytab: files.keytab,
    environment,
    addPrincipal: (name, password) => void admin(`addprinc -pw ${password} ${name}`),
    kinit: (name, password, ...options) => {
      const cache = join(folder, `cache-${String((caches += 1))}`)
      run('kinit', ['-c', cache, ...options, `${name}@${realm}`], `${password}\n`)
      return { ...environment, KRB5CCNAME: cache }
    },
    stop: async () => {
      const ended = new Promise((resolve) => kdc.once('exit', resolve))
      kdc.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const clientConfiguration = (realm: string, port: number): string => `[libdefaults]
default_realm = ${realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
[realms]
${realm} = {
  kdc = 127.0.0.1:${String(port)}
}
[domain_realm]
localhost = ${realm}
`

const kdcConfiguration = (realm: string, port: number, folder: string): string => `[kdcdefaults]
kdc_listen = 127.0.0.1:${String(port)}
kdc_tcp_listen = 127.0.0.1:${String(port)}
[realms]
${realm} = {
  database_name = ${folder}/principal
  key_stash_file = ${folder}/stash
  acl_file = ${folder}/acl
  max_life = 1h
}
`

async function untilAnswering(kdc: ChildProcess, ask: () => void): Promise<void> {
  for (let attempt = 0; attempt < 100 && kdc.exitCode === null; attempt += 1) {
    try {
      ask()
      return
    } catch {
      await delay(50) // it is starting
    }
  }
  kdc.kill('SIGKILL')
  throw new Error('the KDC did not start')
}
