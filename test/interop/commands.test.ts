// Every command of `signet`, as the program, against a service that the program runs: once done, and once refused. In the
// order of a first day; each row builds on those before it.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { COMMANDS } from '../../src/cli/signet.ts'
import { hashPassword } from '../../src/signin/password-hash.ts'
import { codeOf, hostOf } from '../cli/command-line.ts'
import { DEPLOY_FOLDER } from './deploy-file.ts'
import type { Ran } from './program.ts'
import { type Asked, SignetProgram } from './signet-program.ts'

interface Row {
  readonly command: string
  readonly words: () => readonly string[]
  readonly by?: string
  readonly input?: () => string
  /** What it says on standard output. */
  readonly says: RegExp
  readonly refused: {
    readonly words: () => readonly string[]
    readonly by?: string
    readonly input?: () => string
    readonly code: string
  }
}

/** Commands that the suite of offline commands covers. */
const OFFLINE = [
  'init',
  'serve',
  'ceremony crl',
  'ceremony issuing-ca',
  'ceremony revoke-ca',
  'rotate token-key',
  'rotate master-key',
  'backup verify',
  'restore confirm',
  'doctor installation',
]

/** They act themselves, though another stands below them. */
const WITH_ANOTHER = ['doctor']

/** Covered by a suite of its own (sidecar.test.ts). */
const RUNNING = ['sidecar']

/** Alice's, for these tests only. */
const PASSWORD = 'correct horse battery staple'
const PEOPLE = ['--provider', 'people', '--session', 'alice.session']
const MEMBER = ['--project', 'vision', '--user']
const DEPLOYMENT = ['--project', 'vision', '--host', 'resnet.models.internal', '--service', 'model-1.internal']

const IMPORTED = ['--project', 'vision', '--service', 'model-1.internal']

/** What `kubectl get` says of a service that is ready. */
const KSERVE = {
  kind: 'InferenceService',
  metadata: { name: 'iris', namespace: 'ns' },
  status: { url: 'https://iris-ns.example.com', address: { url: 'http://iris.ns.svc.cluster.local' } },
}

/** A directory that nobody runs. One that answers: test/enrollment/directory-sync.test.ts. */
const AWAY = {
  kind: 'ldap',
  url: 'ldaps://localhost:9',
  bindDn: 'cn=signet',
  bindPasswordFile: 'passphrase',
  users: { base: 'ou=people' },
  groups: { base: 'ou=groups' },
  sync: { every: '1d', groups: [{ group: 'cn=lab,ou=groups', project: 'vision', role: 'scientist' }] },
}

describe('the commands', () => {
  let signet: SignetProgram
  let fingerprint: string
  /** What commands printed, for later ones. */
  const kept = { enrolment: '', token: '', subject: '', job: '', group: '', model: '' }

  beforeAll(async () => {
    const providers = { company: AWAY, people: { kind: 'password', usersFile: 'users.json' } }
    const signIn = { SIGNET_SIGN_IN_TEST: 'true', SIGNET_SIGN_IN_PROVIDERS: JSON.stringify(providers) }
    signet = await SignetProgram.place(signIn)
    const password = await hashPassword(PASSWORD)
    writeFileSync(signet.at('open.conf'), 'auth_request off;\n')
    writeFileSync(signet.at('users.json'), JSON.stringify({ alice: { password, groups: [] } }), { mode: 0o600 })
    writeFileSync(signet.at('isvc.json'), JSON.stringify(KSERVE))
    const made = await signet.local(signet.initWords())
    expect(made.status, made.stderr).toBe(0)
    fingerprint = new X509Certificate(readFileSync(signet.at('root/root.pem'))).fingerprint256
    for (const ending of ['pem', 'key']) copyFileSync(signet.at(`admin/admin.${ending}`), signet.at(`admin.${ending}`))
    await signet.serve()
  })
  afterAll(() => signet.close())

  function ask(words: readonly string[], by?: string, input?: () => string): Promise<Ran> {
    const asked: Asked = { as: by, ...(input === undefined ? {} : { input: input() }) }
    return signet.client(words, asked)
  }

  async function done(words: readonly string[], by?: string, input?: () => string): Promise<string> {
    const { status, stdout, stderr } = await ask(words, by, input)
    expect(status, stderr).toBe(0)
    return stdout
  }

  function serialOf(name: string): string {
    return new X509Certificate(readFileSync(signet.at(`${name}.pem`))).serialNumber.toLowerCase()
  }

  /** A member by another member, from adding the user to the certificate; or nothing, when it is there. */
  async function enrol(user: string): Promise<void> {
    await done(['user', 'add', user], 'admin')
    await done(['project', 'members', 'vision', '--add', user], 'alice')
    const token = await done(['user', 'enrol', ...MEMBER, user], 'alice')
    await done(['cert', 'issue', ...MEMBER, user, '--token-file', '-', '--out', `${user}.pem`], undefined, () => token)
  }

  /** The first certificate of a member of another project, in a file of this name. */
  async function enrolIn(project: string, user: string, by: string, name: string): Promise<void> {
    const member = ['--project', project, '--user', user]
    const token = await done(['user', 'enrol', ...member], by)
    const files = ['--token-file', '-', '--out', `${name}.pem`]
    await done(['cert', 'issue', ...member, ...files], undefined, () => token)
  }

  const rows: readonly Row[] = [
    {
      command: 'trust get',
      words: () => ['trust', 'get', '--sha256', fingerprint, '--out', 'ca.pem'],
      says: /ca\.pem: written/,
      refused: {
        words: () => ['trust', 'get', '--sha256', 'ab'.repeat(32), '--out', 'other.pem'],
        code: 'fingerprint_mismatch',
      },
    },
    {
      command: 'user add',
      words: () => ['user', 'add', 'alice'],
      by: 'admin',
      says: /user alice added/,
      refused: { words: () => ['user', 'add', 'Alice'], by: 'admin', code: 'name_taken' },
    },
    {
      command: 'user hash-password',
      words: () => ['user', 'hash-password'],
      input: () => 'correct horse\n',
      says: /^scrypt\$[\w-]{22}\$[\w-]{43}\n$/,
      refused: { words: () => ['user', 'hash-password', '--password-file', 'nothing'], code: 'file_unreadable' },
    },
    {
      command: 'user link',
      words: () => ['user', 'link', 'alice', '--provider', 'people', '--subject', 'alice'],
      by: 'admin',
      says: /user alice is alice of people/,
      refused: {
        words: () => ['user', 'link', 'nobody', '--provider', 'people', '--subject', 'nobody'],
        by: 'admin',
        code: 'user_unknown',
      },
    },
    {
      command: 'login',
      words: () => ['login', ...PEOPLE, '--user', 'alice', '--password-file', '-'],
      input: () => `${PASSWORD}\n`,
      says: /^signed in as alice \(people\): alice\.session\n$/,
      refused: {
        words: () => ['login', ...PEOPLE, '--user', 'alice', '--password-file', '-'],
        input: () => 'wrong\n',
        code: 'sign_in_refused',
      },
    },
    {
      command: 'logout',
      words: () => ['logout', '--session', 'alice.session'],
      says: /^alice is signed out\n$/,
      refused: { words: () => ['logout', '--session', 'alice.session'], code: 'session_missing' },
    },
    {
      command: 'user unlink',
      words: () => ['user', 'unlink', 'alice', '--provider', 'people'],
      by: 'admin',
      says: /user alice is nobody of people any more/,
      refused: {
        words: () => ['user', 'unlink', 'alice', '--provider', 'people'],
        by: 'admin',
        code: 'link_unknown',
      },
    },
    {
      command: 'project add',
      words: () => ['project', 'add', 'vision', '--owner', 'alice'],
      by: 'admin',
      says: /project vision added/,
      refused: { words: () => ['project', 'add', 'speech', '--owner', 'nobody'], by: 'admin', code: 'user_unknown' },
    },
    {
      command: 'user enrol',
      words: () => ['user', 'enrol', ...MEMBER, 'alice'],
      by: 'admin',
      says: /^\S{20,}\n$/,
      refused: { words: () => ['user', 'enrol', ...MEMBER, 'nobody'], by: 'admin', code: 'member_unknown' },
    },
    {
      command: 'cert issue',
      words: () => ['cert', 'issue', ...MEMBER, 'alice', '--token-file', '-', '--out', 'alice.pem'],
      input: () => kept.enrolment,
      says: /^vision__alice \(project-user\), serial 01/,
      refused: {
        words: () => ['cert', 'issue', ...MEMBER, 'alice', '--token-file', '-', '--out', 'again.pem'],
        input: () => kept.enrolment,
        code: 'enrolment_token_invalid',
      },
    },
    {
      command: 'project list',
      words: () => ['project', 'list'],
      by: 'admin',
      says: /^vision /m,
      refused: { words: () => ['project', 'list'], by: 'alice', code: 'not_permitted' },
    },
    {
      command: 'project members',
      words: () => ['project', 'members', 'vision'],
      by: 'alice',
      says: /^alice .*owner/m,
      refused: { words: () => ['project', 'members', 'vision'], by: 'admin', code: 'not_permitted' },
    },
    {
      command: 'project accounts',
      words: () => ['project', 'accounts', 'vision', '--add', 'sa-etl'],
      by: 'alice',
      says: /^vision__sa-etl is active$/m,
      refused: {
        words: () => ['project', 'accounts', 'vision', '--add', 'sa-ETL'],
        by: 'alice',
        code: 'name_taken',
      },
    },
    {
      command: 'project settings',
      words: () => ['project', 'settings', 'kept', '--custody', 'on'],
      by: 'kept-alice',
      says: /^kept: custody on$/m,
      refused: { words: () => ['project', 'settings', 'kept', '--custody', 'off'], by: 'admin', code: 'not_permitted' },
    },
    {
      command: 'cert keystore',
      words: () => ['cert', 'keystore', '--project', 'kept', '--user', 'dora', '--format', 'pem', '--out', 'kept.pem'],
      by: 'dora',
      says: /^passphrase: kept\.pem\.passphrase$/m,
      refused: {
        words: () => ['cert', 'keystore', '--project', 'kept', '--user', 'dora', '--out', 'no.pem'],
        by: 'kept-alice',
        code: 'not_permitted',
      },
    },
    {
      command: 'service add',
      words: () => ['service', 'add', 'model-1.internal', '--system-user', 'kserve', '--project', 'vision'],
      by: 'admin',
      says: /service model-1.internal is active/,
      refused: {
        words: () => ['service', 'add', 'model-1.internal', '--system-user', 'root'],
        by: 'admin',
        code: 'name_taken',
      },
    },
    {
      command: 'service enrol',
      words: () => ['service', 'enrol', 'model-1.internal'],
      by: 'admin',
      says: /^\S{20,}\n$/,
      refused: { words: () => ['service', 'enrol', 'model-1.internal'], by: 'alice', code: 'not_permitted' },
    },
    {
      command: 'service list',
      words: () => ['service', 'list'],
      by: 'admin',
      says: /^model-1.internal /m,
      refused: { words: () => ['service', 'list'], by: 'alice', code: 'not_permitted' },
    },
    {
      command: 'service show',
      words: () => ['service', 'show', 'model-1.internal'],
      by: 'admin',
      says: /^service: +model-1\.internal$/m,
      refused: { words: () => ['service', 'show', 'model-1.internal'], by: 'alice', code: 'not_permitted' },
    },
    {
      command: 'service rotate',
      words: () => ['service', 'rotate', '--all', '--plan'],
      by: 'admin',
      says: /^would ask model-1\.internal$/m,
      refused: { words: () => ['service', 'rotate', 'model-1.internal'], by: 'alice', code: 'not_permitted' },
    },
    {
      command: 'service watch',
      words: () => ['service', 'watch', 'model-1.internal', '--out', 'watched', '--once'],
      by: 'admin',
      says: /^model-1\.internal: certificate until /m,
      refused: {
        words: () => ['service', 'watch', 'model-1.internal', '--out', 'other', '--once'],
        by: 'alice',
        code: 'not_permitted',
      },
    },
    {
      command: 'model deployment put',
      words: () => ['model', 'deployment', 'put', 'resnet', ...DEPLOYMENT],
      by: 'alice',
      says: /resnet/,
      refused: {
        words: () => ['model', 'deployment', 'put', 'resnet', ...DEPLOYMENT],
        by: 'bob',
        code: 'not_permitted',
      },
    },
    {
      command: 'model deployment list',
      words: () => ['model', 'deployment', 'list'],
      by: 'bob',
      says: /^resnet .*model-1\.internal/m,
      refused: { words: () => ['model', 'deployment', 'list'], code: 'authorization_missing' },
    },
    {
      command: 'model deployment show',
      words: () => ['model', 'deployment', 'show', 'resnet'],
      by: 'bob',
      says: /^hashed_passphrase: +None$/m,
      refused: { words: () => ['model', 'deployment', 'show', 'absent'], by: 'bob', code: 'deployment_unknown' },
    },
    {
      command: 'model deployment groups',
      words: () => ['model', 'deployment', 'groups', 'resnet', '--group', 'lab 1', '--group', 'lab2'],
      by: 'alice',
      says: /^deployment resnet opens to lab 1, lab2$/m,
      refused: { words: () => ['model', 'deployment', 'groups', 'resnet'], by: 'bob', code: 'not_permitted' },
    },
    {
      command: 'model deployment import',
      words: () => ['model', 'deployment', 'import', '--kserve', 'isvc.json', ...IMPORTED],
      by: 'alice',
      says: /^iris \(InferenceService, 4 hosts\): protected, although KServe leaves it open/m,
      refused: {
        words: () => ['model', 'deployment', 'import', '--kserve', 'ca.pem', ...IMPORTED],
        by: 'alice',
        code: 'kserve_unreadable',
      },
    },
    {
      command: 'model deployment delete',
      words: () => ['model', 'deployment', 'delete', 'iris'],
      by: 'alice',
      says: /^deployment iris is deleted$/m,
      refused: { words: () => ['model', 'deployment', 'delete', 'iris'], by: 'alice', code: 'deployment_unknown' },
    },
    {
      command: 'model group register',
      words: () => [
        'model',
        'group',
        'register',
        'fraud-models',
        '--access',
        'restricted',
        '--role',
        'analyst',
        '--json',
      ],
      by: 'admin',
      says: /"backendRoles": \[\s+"analyst"\s+\]/,
      refused: { words: () => ['model', 'group', 'register', 'mine'], by: 'bob', code: 'model_permission_missing' },
    },
    {
      command: 'model group list',
      words: () => ['model', 'group', 'list'],
      by: 'admin',
      says: /fraud-models +restricted +root-admin +analyst$/m,
      refused: { words: () => ['model', 'group', 'list'], by: 'bob', code: 'model_permission_missing' },
    },
    {
      command: 'model group show',
      words: () => ['model', 'group', 'show', kept.group],
      by: 'admin',
      says: /^backend roles: +analyst$/m,
      refused: { words: () => ['model', 'group', 'show', 'absent'], by: 'admin', code: 'model_group_unknown' },
    },
    {
      command: 'model group update',
      words: () => ['model', 'group', 'update', kept.group, '--access', 'private'],
      by: 'admin',
      says: /^access: +private$/m,
      refused: {
        words: () => ['model', 'group', 'update', kept.group, '--access', 'secret'],
        by: 'admin',
        code: 'access_mode_rejected',
      },
    },
    {
      command: 'model register',
      words: () => ['model', 'register', 'fraud', '--json'],
      by: 'admin',
      says: /"hidden": false/,
      refused: {
        words: () => ['model', 'register', 'fraud', '--group', 'absent'],
        by: 'admin',
        code: 'model_group_unknown',
      },
    },
    {
      command: 'model list',
      words: () => ['model', 'list'],
      by: 'admin',
      says: /fraud +1 +registered$/m,
      refused: { words: () => ['model', 'list'], by: 'bob', code: 'model_permission_missing' },
    },
    {
      command: 'model show',
      words: () => ['model', 'show', kept.model],
      by: 'admin',
      says: /^group: +none: for everybody$/m,
      refused: { words: () => ['model', 'show', 'absent'], by: 'admin', code: 'model_unknown' },
    },
    {
      command: 'model update',
      words: () => ['model', 'update', kept.model, '--description', 'd', '--deploy'],
      by: 'admin',
      says: /^state: +deployed$/m,
      refused: { words: () => ['model', 'update', kept.model], by: 'admin', code: 'body_rejected' },
    },
    {
      command: 'model delete',
      words: () => ['model', 'delete', kept.model],
      by: 'admin',
      says: /is deleted$/m,
      refused: { words: () => ['model', 'delete', kept.model], by: 'admin', code: 'model_unknown' },
    },
    {
      command: 'model group delete',
      words: () => ['model', 'group', 'delete', kept.group],
      by: 'admin',
      says: /is deleted$/m,
      refused: { words: () => ['model', 'group', 'delete', kept.group], by: 'admin', code: 'model_group_unknown' },
    },
    {
      command: 'authorize',
      words: () => ['authorize', '--as', 'vision__alice', '--deployment', 'resnet'],
      by: 'alice',
      says: /ALLOWED/,
      refused: {
        words: () => ['authorize', '--as', 'vision__alice', '--deployment', 'resnet'],
        by: 'bob',
        code: 'CERT_CN_MISMATCH',
      },
    },
    {
      command: 'job start',
      words: () => ['job', 'start', ...MEMBER, 'alice', '--lifetime', '10m', '--out', 'job.pem', '--json'],
      by: 'sched',
      says: /"profile": "job"/,
      refused: {
        words: () => ['job', 'start', ...MEMBER, 'alice', '--out', 'no.pem'],
        by: 'alice',
        code: 'not_permitted',
      },
    },
    {
      command: 'job list',
      words: () => ['job', 'list', '--state', 'active'],
      by: 'sched',
      says: /active/,
      refused: { words: () => ['job', 'list'], by: 'admin', code: 'not_permitted' },
    },
    {
      command: 'job run',
      words: () => ['job', 'run', ...MEMBER, 'alice', '--', 'sh', '-c', 'echo $SIGNET_JOB'],
      by: 'sched',
      says: /^j[0-9a-f]{20}\n$/,
      refused: { words: () => ['job', 'run', ...MEMBER, 'alice', '--', 'true'], by: 'alice', code: 'not_permitted' },
    },
    {
      command: 'job leases',
      words: () => ['job', 'leases'],
      by: 'admin',
      says: /1 jobs are active, 0 have lapsed/,
      refused: { words: () => ['job', 'leases', '--confirm'], by: 'admin', code: 'leases_not_paused' },
    },
    {
      command: 'job finish',
      words: () => ['job', 'finish', kept.job],
      by: 'sched',
      says: /is finished/,
      refused: { words: () => ['job', 'finish', 'nosuchjob'], by: 'sched', code: 'job_unknown' },
    },
    {
      command: 'key create',
      words: () => ['key', 'create', 'notebook', '--scope', 'SERVING', '--scope', 'PROJECT', '--lifetime', '7d'],
      by: 'alice',
      says: /^[\w-]{16}\.[\w-]{43}\n$/,
      refused: {
        words: () => ['key', 'create', 'notebook', '--scope', 'ADMIN'],
        by: 'alice',
        code: 'api_key_scope_privileged',
      },
    },
    {
      command: 'key list',
      words: () => ['key', 'list'],
      by: 'alice',
      says: /^notebook +[\w-]{16} +SERVING PROJECT +vision /m,
      refused: { words: () => ['key', 'list'], by: 'sched', code: 'not_permitted' },
    },
    {
      command: 'key update',
      words: () => ['key', 'update', 'notebook', '--scope', 'SERVING', '--deployment', 'resnet'],
      by: 'alice',
      says: /^API key notebook: SERVING, for resnet\n$/,
      refused: {
        words: () => ['key', 'update', 'notebook', '--scope', 'SERVING', '--deployment', 'absent'],
        by: 'alice',
        code: 'api_key_deployment_unknown',
      },
    },
    {
      command: 'key delete',
      words: () => ['key', 'delete', 'notebook'],
      by: 'alice',
      says: /API key notebook is deleted/,
      refused: { words: () => ['key', 'delete', 'notebook'], by: 'alice', code: 'api_key_unknown' },
    },
    {
      command: 'token issue',
      words: () => ['token', 'issue', '--audience', 'resnet'],
      by: 'alice',
      says: /^[\w-]+\.[\w-]+\.[\w-]+\n$/,
      refused: {
        words: () => ['token', 'issue', '--audience', 'nothing'],
        by: 'alice',
        code: 'token_audience_unknown',
      },
    },
    {
      command: 'token exchange',
      words: () => ['token', 'exchange', '-', '--audience', 'resnet'],
      by: 'alice',
      input: () => kept.subject,
      says: /^[\w-]+\.[\w-]+\.[\w-]+\n$/,
      refused: {
        words: () => ['token', 'exchange', '-', '--audience', 'resnet'],
        by: 'bob',
        input: () => kept.subject,
        code: 'delegation_refused',
      },
    },
    {
      command: 'token verify',
      words: () => ['token', 'verify', '-', '--audience', 'resnet'],
      input: () => kept.token,
      says: /vision__alice[^]*good/,
      refused: {
        words: () => ['token', 'verify', '-', '--audience', 'other'],
        input: () => kept.token,
        code: 'token_claim_refused',
      },
    },
    {
      command: 'token revoke',
      words: () => ['token', 'revoke', '-'],
      by: 'alice',
      input: () => kept.token,
      says: /revoked/,
      refused: { words: () => ['token', 'revoke', '-'], by: 'bob', input: () => kept.token, code: 'not_permitted' },
    },
    {
      command: 'crl get',
      words: () => ['crl', 'get', '--bundle', '--out', 'crls.pem'],
      says: /users-1: number [0-9]+, [0-9]+ revoked/,
      refused: { words: () => ['crl', 'get', '--issuer', 'users-9', '--out', 'no.crl'], code: 'not_found' },
    },
    {
      command: 'crl watch',
      words: () => ['crl', 'watch', '--once', '--bundle', '--out', 'watched.pem'],
      says: /watched\.pem: good until 20[0-9-]+T/,
      refused: { words: () => ['crl', 'watch', '--once', '--issuer', 'users-9', '--out', 'no.crl'], code: 'not_found' },
    },
    {
      command: 'cert renew',
      words: () => ['cert', 'renew', '--out', 'alice.pem'],
      by: 'alice',
      says: /^vision__alice \(project-user\), serial 01/,
      refused: {
        words: () => ['cert', 'renew', '--lifetime', '400d', '--out', 'no.pem'],
        by: 'alice',
        code: 'body_rejected',
      },
    },
    {
      command: 'cert rekey',
      words: () => {
        for (const ending of ['pem', 'key']) copyFileSync(signet.at(`alice.${ending}`), signet.at(`before.${ending}`))
        return ['cert', 'rekey']
      },
      by: 'alice',
      says: /^vision__alice \(project-user\), serial 01/,
      refused: {
        words: () => ['cert', 'rekey', '--out', 'no.pem', '--key-out', 'no.key'],
        by: 'before',
        code: 'certificate_replaced',
      },
    },
    {
      command: 'cert list',
      words: () => ['cert', 'list', '--project', 'vision'],
      by: 'alice',
      says: /vision__bob/,
      refused: { words: () => ['cert', 'list'], code: 'unauthenticated' },
    },
    {
      command: 'cert show',
      words: () => ['cert', 'show', serialOf('bob')],
      by: 'bob',
      says: /vision__bob/,
      refused: { words: () => ['cert', 'show', serialOf('alice')], by: 'bob', code: 'certificate_unknown' },
    },
    {
      command: 'cert verify',
      words: () => ['cert', 'verify', 'alice.pem', '--purpose', 'client'],
      says: /^good$/m,
      refused: { words: () => ['cert', 'verify', 'alice.pem', '--purpose', 'server'], code: 'certificate_not_good' },
    },
    {
      command: 'cert revoke',
      words: () => ['cert', 'revoke', serialOf('bob'), '--reason', 'superseded'],
      by: 'alice',
      says: /revoked since .*superseded/,
      refused: {
        words: () => ['cert', 'revoke', serialOf('alice'), '--reason', 'superseded'],
        by: 'carol',
        code: 'not_permitted',
      },
    },
    {
      command: 'doctor',
      words: () => [
        'doctor',
        '--config',
        join(DEPLOY_FOLDER, 'nginx.conf'),
        '--config',
        join(DEPLOY_FOLDER, 'envoy.yaml'),
      ],
      says: /^no open setting is known in it\n$/,
      refused: { words: () => ['doctor', '--config', 'open.conf'], code: 'configuration_open' },
    },
    {
      command: 'directory sync',
      words: () => ['directory', 'sync', '--provider', 'company', '--plan'],
      by: 'admin',
      says: /^no plan: .+\n$/,
      refused: { words: () => ['directory', 'sync', '--provider', 'company'], by: 'admin', code: 'sync_unread' },
    },
    {
      command: 'user quota',
      words: () => ['user', 'quota', 'alice', '--projects', '7'],
      by: 'admin',
      says: /^alice owns 2 of 7 projects$/m,
      refused: { words: () => ['user', 'quota', 'alice'], by: 'alice', code: 'not_permitted' },
    },
    {
      command: 'user block',
      words: () => ['user', 'block', 'carol'],
      by: 'admin',
      says: /carol is blocked/,
      refused: { words: () => ['user', 'block', 'root-admin'], by: 'admin', code: 'last_administrator' },
    },
    {
      command: 'user unblock',
      words: () => ['user', 'unblock', 'carol'],
      by: 'admin',
      says: /carol is active/,
      refused: { words: () => ['user', 'unblock', 'carol'], by: 'carol', code: 'client_certificate_refused' },
    },
    {
      command: 'user promote',
      words: () => ['user', 'promote', 'carol'],
      by: 'admin',
      says: /carol is an administrator/,
      refused: { words: () => ['user', 'promote', 'nobody'], by: 'admin', code: 'user_unknown' },
    },
    {
      command: 'user demote',
      words: () => ['user', 'demote', 'carol'],
      by: 'admin',
      says: /carol is a user/,
      refused: { words: () => ['user', 'demote', 'root-admin'], by: 'admin', code: 'not_permitted' },
    },
    {
      command: 'user delete',
      words: () => ['user', 'delete', 'carol'],
      by: 'admin',
      says: /carol is deleted/,
      refused: { words: () => ['user', 'delete', 'carol'], by: 'admin', code: 'user_unknown' },
    },
    {
      command: 'service remove',
      words: () => ['service', 'remove', 'sched.internal'],
      by: 'admin',
      says: /sched\.internal is deleted/,
      refused: { words: () => ['service', 'remove', 'sched.internal'], by: 'admin', code: 'service_unknown' },
    },
    {
      command: 'audit',
      words: () => ['audit', '--limit', '10000'],
      by: 'admin',
      says: /admin:root-admin/,
      refused: { words: () => ['audit'], by: 'alice', code: 'not_permitted' },
    },
    {
      command: 'project delete',
      words: () => ['project', 'delete', 'vision'],
      by: 'admin',
      says: /vision is deleted/,
      refused: { words: () => ['project', 'delete', 'vision'], by: 'admin', code: 'project_unknown' },
    },
  ]

  /** What a row needs and does not show. */
  const before: Readonly<Record<string, () => Promise<void>>> = {
    'project settings': async () => {
      await done(['project', 'add', 'kept', '--owner', 'alice'], 'admin')
      await enrolIn('kept', 'alice', 'admin', 'kept-alice')
    },
    'cert keystore': async () => {
      await done(['user', 'add', 'dora'], 'admin')
      await done(['project', 'members', 'kept', '--add', 'dora'], 'kept-alice')
      await enrolIn('kept', 'dora', 'kept-alice', 'dora')
    },
    'model deployment put': () => enrol('bob'),
    'model delete': async () => {
      await done(['model', 'update', kept.model, '--undeploy'], 'admin')
    },
    'job start': async () => {
      const launcher = ['--system-user', 'slurm', '--launcher', '--project', 'vision']
      await done(['service', 'add', 'sched.internal', ...launcher], 'admin')
      await done(['cert', 'issue', '--service', 'sched.internal', '--out', 'sched.pem'], 'admin')
    },
    'cert revoke': () => enrol('carol'),
  }
  /** What a row leaves for those after it. */
  const after: Readonly<Record<string, (stdout: string) => Promise<void>>> = {
    login: async () => {
      expect(statSync(signet.at('alice.session')).mode & 0o777).toBe(0o600)
      expect(await done(['cert', 'list', '--session', 'alice.session'])).toBe('no certificates\n')
    },
    'user enrol': async (stdout) => void (kept.enrolment = stdout),
    'token issue': async (stdout) => {
      kept.token = stdout
      kept.subject = await done(['token', 'issue', '--audience', signet.url], 'alice')
    },
    'token revoke': async () => void (kept.token = await done(['token', 'issue', '--audience', 'resnet'], 'alice')),
    'cert revoke': async () => {
      const obtained = ['cert', 'revoke', '--requester', 'member:vision__carol']
      for (const words of [[...obtained, '--plan'], obtained]) {
        expect(await done(words, 'admin')).toMatch(
          /^of member:vision__carol: 0 certificates, .* (would be|are) revoked$/m,
        )
      }
      expect(codeOf({ ...(await ask(obtained, 'alice')), status: 1 })).toBe('not_permitted')
    },
    'cert keystore': async () => {
      expect(statSync(signet.at('kept.pem')).mode & 0o777).toBe(0o600)
      const passphrase = readFileSync(signet.at('kept.pem.passphrase'), 'utf8').trim()
      const key = createPrivateKey({ key: readFileSync(signet.at('kept.pem')), passphrase })
      expect(new X509Certificate(readFileSync(signet.at('kept.pem'))).checkPrivateKey(key)).toBe(true)
      const again = ['cert', 'keystore', '--project', 'kept', '--user', 'dora', '--format', 'pem', '--out', 'kept.pem']
      expect(codeOf({ ...(await ask(again, 'dora')), status: 1 })).toBe('file_exists')
      const made = await done(['cert', 'keystore', '--project', 'kept', '--user', 'dora', '--make'], 'kept-alice')
      expect(made).toMatch(/^a new key is kept for kept__dora, serial 01/)
    },
    'project accounts': async () => {
      const account = ['--project', 'vision', '--account', 'sa-etl']
      const issued = await done(['cert', 'issue', ...account, '--out', 'sa-etl.pem'], 'alice')
      expect(issued).toMatch(/^vision__sa-etl \(service-account\), serial 01/)
      const other = await ask(['cert', 'issue', ...account, '--out', 'no.pem'], 'admin')
      expect(codeOf({ ...other, status: 1 })).toBe('not_permitted')
    },
    'model deployment put': async () => {
      const bought = ['token', 'issue', '--project', 'vision', '--account', 'sa-etl', '--audience', 'resnet']
      for (const by of ['alice', 'sa-etl']) expect(await done(bought, by)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
      expect(codeOf({ ...(await ask(bought, 'bob')), status: 1 })).toBe('not_permitted')
    },
    'model group register': async (stdout) => void (kept.group = (JSON.parse(stdout) as { id: string }).id),
    'model register': async (stdout) => void (kept.model = (JSON.parse(stdout) as { id: string }).id),
    'job start': async (stdout) => void (kept.job = (JSON.parse(stdout) as { id: string }).id),
  }

  describe.each(rows)('$command', ({ command, words, by, input, says, refused }) => {
    it('is done', async () => {
      await before[command]?.()
      const stdout = await done(words(), by, input)
      expect(stdout).toMatch(says)
      await after[command]?.(stdout)
    })

    it(`is refused: ${refused.code}`, async () => {
      const outcome = await ask(refused.words(), refused.by, refused.input)
      expect(codeOf({ ...outcome, status: 1 }), outcome.stderr + outcome.stdout).toBe(refused.code)
      expect(outcome.status).toBe(1)
    })
  })

  it('leave no file behind a refusal', () => {
    for (const file of ['other.pem', 'again.pem', 'no.pem', 'no.crl']) expect(existsSync(signet.at(file))).toBe(false)
  })

  it('know of a revocation when the next CRL is there', async () => {
    await vi.waitFor(
      async () =>
        expect(codeOf({ ...(await ask(['cert', 'verify', 'bob.pem'])), status: 1 })).toBe('certificate_not_good'),
      { timeout: 15_000, interval: 100 },
    )
  })

  it('are all here', async () => {
    const host = hostOf({}, [], [])
    const loaded = await Promise.all(COMMANDS.map(async ({ load }) => (await load())(host)))
    const names = [...WITH_ANOTHER, ...loaded.flatMap((command) => leavesOf(command))]
    expect([...rows.map(({ command }) => command), ...OFFLINE, ...RUNNING].toSorted()).toEqual(names.toSorted())
  })

  it.each([
    [[]],
    [['no-such-command']],
    [['user', 'add']],
    [['cert', 'list', '--no-such-option']],
    [['cert', 'revoke', '12']],
    [['cert', 'revoke', '--reason', 'superseded']],
    [['cert', 'revoke', `01${'0'.repeat(32)}`]],
    [['cert', 'revoke', `01${'0'.repeat(32)}`, '--requester', 'user:bob', '--reason', 'superseded']],
    [['job', 'start', '--project', 'vision']],
    [['job', 'start', '--project', 'vision', '--user', 'bob', '--account', 'sa-etl']],
  ])('are told from wrong usage: %j', async (words) => {
    expect((await ask(words)).status).toBe(2)
  })
})

function leavesOf(command: Command, path = command.name()): string[] {
  if (command.commands.length === 0) return [path]
  return command.commands.flatMap((below) => leavesOf(below, `${path} ${below.name()}`))
}
