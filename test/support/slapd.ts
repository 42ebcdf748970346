// A directory server of our own for the tests: Debian's slapd in a temporary folder, on free loopback ports, in clear, with
// StartTLS and with LDAPS under a private CA. Its data are entries in LDIF; three attributes of Active Directory are in its schema. It answers a bind without a password with success,
// as many servers do. It is stopped by its own process id.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { LdapServer } from '../../src/signin/ldap-settings.ts'
import { freePorts } from './test-service.ts'

const SLAPD = '/usr/sbin/slapd'
export const SUFFIX = 'dc=example,dc=internal'
/** Who searches, and who searches and is cut off after three entries. */
export const SERVICE = { dn: `cn=signet,${SUFFIX}`, password: 'service-secret' }
export const LIMITED = { dn: `cn=limited,${SUFFIX}`, password: 'limited-secret' }

export function slapdIsInstalled(): boolean {
  return existsSync(SLAPD)
}

export interface Slapd {
  readonly folder: string
  readonly caFile: string
  readonly ca: string
  server(security: LdapServer['security'], host?: string): LdapServer
  /** LDIF changes, as the directory's administrator; of entries that point elsewhere too. */
  modify(ldif: string): void
  /** DNs of the binds since the last call, as the server logged them. */
  binds(): Promise<readonly string[]>
  /** Freezes and goes on: a server that takes connections and does not answer. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
}

/** `entries`: LDIF below the suffix, which is there with the two services. */
export async function startSlapd(entries: string): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-slapd-'))
  makeCertificates(folder)
  const [plain = 0, tls = 0] = await freePorts(2)
  mkdirSync(join(folder, 'db'))
  writeFileSync(join(folder, 'slapd.conf'), configuration(folder))
  writeFileSync(join(folder, 'base.ldif'), `${BASE}\n${entries}`)
  execFileSync(SLAPD, ['-T', 'add', '-f', join(folder, 'slapd.conf'), '-l', join(folder, 'base.ldif')], {
    stdio: 'pipe',
  })
  const urls = `ldap://127.0.0.1:${String(plain)} ldaps://127.0.0.1:${String(tls)}`
  const process = spawn(SLAPD, ['-f', join(folder, 'slapd.conf'), '-h', urls, '-d', 'stats'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  process.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  await untilListening(process, tls, () => log)
  return {
    folder,
    caFile: join(folder, 'ca.pem'),
    ca: readFileSync(join(folder, 'ca.pem'), 'utf8'),
    server: (security, host = 'localhost') => ({
      host,
      port: security === 'ldaps' ? tls : plain,
      security,
      ca: readFileSync(join(folder, 'ca.pem'), 'utf8'),
      timeoutSeconds: 5,
    }),
    modify: (ldif) => {
      execFileSync(
        'ldapmodify',
        ['-x', '-M', '-H', `ldap://127.0.0.1:${String(plain)}`, '-D', `cn=root,${SUFFIX}`, '-w', 'root-secret'],
        { input: ldif, stdio: 'pipe' },
      )
    },
    binds: async () => {
      await delay(50) // the log comes through a pipe
      const seen = [...log.matchAll(/BIND dn="([^"]*)" method/g)].map((match) => match[1] ?? '')
      log = ''
      return seen
    },
    freeze: () => process.kill('SIGSTOP'),
    thaw: () => process.kill('SIGCONT'),
    stop: async () => {
      const ended = new Promise((resolve) => process.once('exit', resolve))
      process.kill('SIGCONT')
      process.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const configuration = (folder: string): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL
  MUST ( sAMAccountName $ objectGUID $ userAccountControl ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/pid
TLSCACertificateFile ${folder}/ca.pem
TLSCertificateFile ${folder}/server.pem
TLSCertificateKeyFile ${folder}/server.key
allow bind_anon_dn
database mdb
suffix "${SUFFIX}"
rootdn "cn=root,${SUFFIX}"
rootpw root-secret
directory ${folder}/db
limits dn.exact="${LIMITED.dn}" size=3
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${SERVICE.dn}" read by dn.exact="${LIMITED.dn}" read by * none
`

const BASE = `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
o: Example

${service(SERVICE)}
${service(LIMITED)}
`

function service({ dn, password }: { readonly dn: string; readonly password: string }): string {
  const [, name = ''] = /^cn=([^,]+)/.exec(dn) ?? []
  return `dn: ${dn}\nobjectClass: person\ncn: ${name}\nsn: ${name}\nuserPassword: ${password}\n`
}

/** A CA and a certificate for localhost that it issued. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  }
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Directory CA', '-days', '2')
  openssl('req', '-new', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
  writeFileSync(join(folder, 'san'), 'subjectAltName=DNS:localhost\n')
  const issue = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san']
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...issue)
}

async function untilListening(process: ChildProcess, port: number, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200 && process.exitCode === null; attempt += 1) {
    const isOpen = await new Promise((resolve) => {
      const socket = createConnection(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen === true) return
    await delay(50) // it is starting
  }
  process.kill('SIGKILL')
  throw new Error(`slapd did not start: ${log().slice(-2000)}`)
}
