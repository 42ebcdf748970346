import { describe, expect, it } from 'vitest'
import type { Command } from 'commander'
import { COMMANDS, signetProgram } from '../../src/cli/signet.ts'
import { codeOf, hostOf, signet } from './command-line.ts'

const SERIAL = `01${'ab'.repeat(16)}`
const MEMBER = ['--project', 'vision', '--user', 'alice']

describe('wrong usage ends with 2 and asks no service', () => {
  it.each<readonly [string, readonly string[]]>([
    ['no command', []],
    ['an unknown command', ['frobnicate']],
    ['a group alone', ['cert']],
    ['an unknown command of a group', ['cert', 'frobnicate']],
    ['an unknown option', ['cert', 'list', '--frobnicate']],
    ['a surplus argument', ['cert', 'list', 'more']],
    ['trust get without fingerprint', ['trust', 'get', '--out', 'ca.pem']],
    ['trust get with half a fingerprint', ['trust', 'get', '--sha256', 'abcd', '--out', 'ca.pem']],
    ['trust get without file', ['trust', 'get', '--sha256', 'a'.repeat(64)]],
    ['plain http', ['cert', 'list', '--url', 'http://localhost:8080']],
    ['a URL with a path', ['cert', 'list', '--url', 'https://localhost:8443/v1']],
    ['a URL with a user', ['cert', 'list', '--url', 'https://me@localhost:8443']],
    ['a duration without unit', ['cert', 'list', '--expires-within', '7']],
    ['a limit of none', ['cert', 'list', '--limit', '0']],
    ['an unknown profile', ['cert', 'list', '--profile', 'superuser']],
    ['an unknown status', ['cert', 'list', '--status', 'fine']],
    ['an issuer without generation', ['crl', 'get', '--issuer', 'users', '--out', 'x']],
    ['a reserved issuer', ['crl', 'get', '--issuer', 'delta-1', '--out', 'x']],
    ['a CRL of no CA', ['crl', 'get', '--out', 'x']],
    ['a CRL of one CA and of all', ['crl', 'get', '--issuer', 'users-1', '--bundle', '--out', 'x']],
    ['a bundle in DER', ['crl', 'get', '--bundle', '--format', 'der', '--out', 'x']],
    ['a serial number of somebody else', ['cert', 'revoke', 'abcd', '--reason', 'superseded']],
    ['a revocation without reason', ['cert', 'revoke', SERIAL]],
    ['an unknown reason', ['cert', 'revoke', SERIAL, '--reason', 'boredom']],
    ['a certificate for nobody', ['cert', 'issue', '--token', 't']],
    ['a certificate for half a member', ['cert', 'issue', '--project', 'vision', '--token', 't']],
    [
      'a certificate for a member and a service',
      ['cert', 'issue', ...MEMBER, '--service', 's.internal', '--token', 't'],
    ],
    ['a certificate that nobody asks for', ['cert', 'issue', ...MEMBER]],
    ['two tokens', ['cert', 'issue', ...MEMBER, '--token', 't', '--token-file', 'f']],
    ['a token and a client certificate', ['cert', 'issue', ...MEMBER, '--token', 't', '--client-cert', 'c.pem']],
    ['a key and a request', ['cert', 'issue', ...MEMBER, '--token', 't', '--key', 'k', '--csr', 'r']],
    ['a key and a place for a new one', ['cert', 'issue', ...MEMBER, '--token', 't', '--key', 'k', '--key-out', 'o']],
    ['an unknown algorithm', ['cert', 'issue', ...MEMBER, '--token', 't', '--algorithm', 'dsa']],
    ['half a client certificate', ['cert', 'list', '--ca', 'ca.pem', '--client-cert', 'c.pem']],
    ['half a client key', ['cert', 'list', '--ca', 'ca.pem', '--client-key', 'k.pem']],
    ['a user of no role', ['user', 'add', 'alice', '--role', 'king']],
    ['a quota of less than none', ['user', 'quota', 'alice', '--projects', '-1']],
    ['an enrolment of no member', ['user', 'enrol', '--project', 'vision']],
    ['an API key without scope', ['key', 'create', 'notebook']],
    ['no API key to delete', ['key', 'delete']],
    ['an API key and all of them', ['key', 'delete', 'notebook', '--all']],
    ['a project without owner', ['project', 'add', 'vision']],
    ['a member added and removed', ['project', 'members', 'vision', '--add', 'a', '--remove', 'b']],
    ['an account added and removed', ['project', 'accounts', 'vision', '--add', 'sa-a', '--remove', 'sa-b']],
    ['a token for half an account', ['token', 'issue', '--audience', 'a', '--account', 'sa-a']],
    [
      'a bound token for an account',
      ['token', 'issue', '--audience', 'a', '--project', 'p', '--account', 'sa-a', '--bind'],
    ],
    ['an enrolment token for an account', ['cert', 'issue', '--project', 'p', '--account', 'sa-a', '--token', 't']],
    ['a service without system user', ['service', 'add', 's.internal']],
    ['a token for nobody', ['token', 'issue']],
    ['a token verified for nobody', ['token', 'verify', 'x']],
    ['an empty token', ['token', 'revoke', '-']],
    ['an unknown signature', ['token', 'issue', '--audience', 'a', '--algorithm', 'HS256']],
    ['a decision about nothing', ['authorize', '--as', 'vision__alice']],
    ['a decision about nobody', ['authorize', '--deployment', 'resnet']],
    ['a deployment without host', ['model', 'deployment', 'put', 'resnet', '--project', 'p', '--service', 's']],
    ['a proxy with a word beside', ['doctor', '--proxy', 'https://chat.internal', 'chat']],
    ['a proxy examined by nobody', ['doctor', '--proxy', 'https://chat.internal', '--ca', 'ca.pem']],
    ['a proxy by plain http', ['doctor', '--proxy', 'http://chat.internal']],
    ['an echo that is no path', ['doctor', '--proxy', 'https://chat.internal', '--echo', 'echo']],
    ['a proxy of no known kind', ['doctor', '--config', 'proxy.conf', '--kind', 'apache']],
    ['jobs in no state', ['job', 'list', '--state', 'lost']],
  ])('%s', async (_, words) => {
    const outcome = await signet(words)
    expect(outcome.status, outcome.stderr).toBe(2)
    expect(outcome.stdout).toBe('')
    expect(outcome.stderr).toContain('signet')
    expect(outcome.stderr).not.toContain('    at ')
  })

  it('an environment variable that is no URL', async () => {
    const environment = { SIGNET_URL: 'localhost', SIGNET_CA: 'ca.pem' }
    expect((await signet(['cert', 'list'], { environment })).status).toBe(2)
  })
})

describe('help', () => {
  it('lists every command of the program', async () => {
    const { status, stdout } = await signet(['--help'])
    expect(status).toBe(0)
    for (const { name } of COMMANDS) expect(stdout).toContain(`  ${name} `)
  })

  it('shows an example for every command', async () => {
    const leaves = (await Promise.all(COMMANDS.map(({ name }) => loaded(name)))).flatMap((command) => leavesOf(command))
    expect(leaves.length).toBeGreaterThan(25)
    for (const path of leaves.map(pathOf)) {
      const { status, stdout } = await signet([...path, '--help'])
      expect(status, path.join(' ')).toBe(0)
      expect(stdout, path.join(' ')).toMatch(/\nExamples?:\n {2}\$ signet /)
    }
  })

  it('offers --json for every command that does something', async () => {
    const leaves = (await Promise.all(COMMANDS.map(({ name }) => loaded(name)))).flatMap((command) => leavesOf(command))
    const without = leaves.filter(({ options }) => !options.some(({ long }) => long === '--json'))
    // Serving has no result that could be printed.
    expect(without.map((command) => command.name()).filter((name) => !['serve', 'sidecar'].includes(name))).toEqual([])
  })

  it.each(COMMANDS)('$name begins to say of itself what the list says of it', async ({ name, description }) => {
    expect((await loaded(name)).description().startsWith(description)).toBe(true)
  })

  it('is there for a command that is named after it', async () => {
    expect((await signet(['help', 'cert'])).stdout).toContain('issue')
  })

  it('has a version', async () => {
    expect(await signet(['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n' })
  })
})

describe('trust has no default', () => {
  it.each([
    ['nothing is named', {}],
    ['the variable is empty', { SIGNET_CA: '' }],
  ])('%s', async (_, environment) => {
    const outcome = await signet(['cert', 'list'], { environment })
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'trust_missing'])
    expect(outcome.stderr).toContain('signet trust get')
  })

  it('a file that is not there', async () => {
    const outcome = await signet(['cert', 'list', '--ca', '/nowhere/ca.pem'])
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'file_unreadable'])
  })

  it('tells a refusal as one document with --json', async () => {
    const { stdout } = await signet(['cert', 'list', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ refused: { code: 'trust_missing' } })
  })
})

async function loaded(name: string): Promise<Command> {
  const program = await signetProgram([name], hostOf({}, [], []))
  const command = program.commands.find((one) => one.name() === name)
  if (command === undefined) throw new Error(`${name} is not there`)
  return command
}

function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()]
}

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}
