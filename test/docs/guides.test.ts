// The guides' commands, run as they stand against a service of their own. Only what a reader would put in is put in: the port,
// serial numbers, folders of their own. A block that is not run stands below with the reason.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCsr } from '../support/csr.ts'
import type { ClientIdentity } from '../support/https-client.ts'
import { expectStatus, TestService } from '../support/test-service.ts'
import { sectionsOf, type Shell, typeBlock, untold } from './console.ts'
import { HOME, readDocument } from './documented.ts'

let service: TestService
let folder: string
let environment: NodeJS.ProcessEnv
/** The serial number that was told last: `01…` in a guide. */
let serial = ''
let keyId = ''

interface GuideRun {
  readonly guide: string
  /** In the order in which they are run: what ends something comes last. */
  readonly sections: readonly SectionRun[]
  /** Heading and the reason. */
  readonly notRun: Readonly<Record<string, string>>
}

interface SectionRun {
  readonly heading: string
  /** Before the block of that number, from 0. */
  readonly before?: readonly (() => unknown)[]
  /** Who types a command: the administrator, where it does not say. */
  readonly as?: (command: string) => 'admin' | 'alice' | 'olivia' | 'hub'
  readonly inPlace?: readonly (readonly [what: string, by: string | (() => string)])[]
}

const alicesOwn = (): 'alice' => 'alice'

const TOKENS = { algorithms: ['ES256', 'RS256'], audiences: ['sts.amazonaws.com'] }

const CONFIGURATION = ['/etc/signet/signet.yaml', 'signet.yaml'] as const

/** `identities.md` ends the project that the others work in. */
const GUIDES: readonly GuideRun[] = [
  {
    guide: 'docs/jobs.md',
    sections: [{ heading: 'Run a command as a job', as: () => 'hub' }],
    notRun: { 'The lease': 'over ten launchers would have to die: test/enrollment/job-leases.test.ts' },
  },
  {
    guide: 'docs/services.md',
    sections: [
      { heading: 'Adding one' },
      {
        heading: "Keeping a server's files fresh",
        // It runs for as long as the server does.
        inPlace: [
          ['/etc/nginx/tls', 'tls'],
          ["'nginx -s reload'", 'true --once'],
        ],
      },
      { heading: 'Rotation' },
      { heading: 'Renewing any certificate' },
    ],
    notRun: {},
  },
  {
    guide: 'docs/sign-in.md',
    sections: [
      {
        heading: 'Passwords in a file',
        before: [() => writeFileSync(join(folder, 'alice.txt'), 'correct horse battery staple\n', { mode: 0o600 })],
      },
    ],
    notRun: {
      'From the command line': 'a provider and a browser are needed: test/cli/login.test.ts',
      'Members kept in step with groups': 'a directory is needed: test/enrollment/directory-sync.test.ts',
      Kerberos: 'a realm is needed: test/http/directory-sign-in.test.ts',
    },
  },
  {
    guide: 'docs/tokens.md',
    sections: [
      { heading: 'Our tokens elsewhere', as: alicesOwn },
      {
        heading: 'Token exchange',
        as: alicesOwn,
        before: [async () => writeFileSync(join(folder, 'subject'), await tokenOfAlice(), { mode: 0o600 })],
        inPlace: [
          ['/var/run/secrets/tokens/signet', 'subject'],
          ['https://signet.internal:8443', 'https://localhost:8443'],
        ],
      },
      // Last: tokens of the key that is removed are refused.
      {
        heading: 'Keys that sign',
        before: [async () => (keyId = await anyKeyId())],
        inPlace: [CONFIGURATION, ['KID', () => keyId]],
      },
    ],
    notRun: {},
  },
  {
    guide: 'docs/identities.md',
    sections: [
      { heading: 'Service accounts', as: alicesOwn },
      { heading: 'All that a requester obtained', before: [twoJobsOfHub] },
      { heading: 'Quotas and owners' },
      { heading: 'Keys made for the user' },
      {
        heading: 'Custody',
        as: (command) => (command.includes('settings') ? 'olivia' : 'alice'),
        before: [
          () => undefined,
          () => service.post('/v1/projects/vision/members/alice/keystore', {}, identityOf('olivia')),
        ],
      },
      { heading: 'API keys', as: alicesOwn },
      {
        heading: 'Services',
        as: (command) => (command.includes(' service ') ? 'admin' : 'alice'),
      },
      { heading: 'Administrators', inPlace: [CONFIGURATION] },
      { heading: 'Accounts' },
      { heading: 'Projects' },
    ],
    notRun: {},
  },
]

const IDENTITIES = new Map<string, ClientIdentity>()
const identityOf = (name: string): ClientIdentity => {
  const identity = IDENTITIES.get(name)
  if (identity === undefined) throw new Error(`nobody is called ${name}`)
  return identity
}

async function anyKeyId(): Promise<string> {
  const [key] = (await service.get('/.well-known/jwks.json')).json['keys'] as { kid: string }[]
  return key?.kid ?? ''
}

async function twoJobsOfHub(): Promise<void> {
  const job = async () => ({
    project: 'vision',
    user: 'alice',
    csr: (await makeCsr()).pem,
    token: { audience: 'resnet' },
  })
  expectStatus(await service.post('/v1/jobs', { jobs: [await job(), await job()] }, identityOf('hub')), 201)
}

/** For Signet itself, to be exchanged. */
async function tokenOfAlice(): Promise<string> {
  const answer = await service.post('/v1/tokens', { audience: service.url }, identityOf('alice'))
  return String(expectStatus(answer, 201).json['access_token'])
}

beforeAll(async () => {
  service = await TestService.start({
    flags: { 'tokens.algorithms': TOKENS.algorithms.join(), 'tokens.audiences': TOKENS.audiences.join() },
  })
  folder = mkdtempSync(join(tmpdir(), 'signet-guides-'))
  const alice = await service.addProject('vision', 'alice')
  keep('alice', alice)
  keep('olivia', await service.addMember('vision', 'olivia', alice, 'owner'))
  keep('hub', await service.addService('hub.internal', { roles: ['launcher'], projects: ['vision'] }))
  keep('admin', service.admin)
  await service.addService('model-1.internal')
  await service.addService('model-2.internal', { projects: ['vision'] })
  await service.addService('gateway.internal')
  await service.addDeployment('resnet', {
    project: 'vision',
    host: 'resnet.models.internal',
    service: 'model-1.internal',
  })
  writeFileSync(join(folder, 'ca.pem'), service.ca)
  writeFileSync(join(folder, 'signet.yaml'), JSON.stringify(settingsOf(service)))
  environment = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SIGNET_'))),
    PATH: `${join(HOME, 'scripts')}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    SIGNET_URL: service.url,
    SIGNET_CA: 'ca.pem',
  }
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The service's settings, for commands at the machine. */
function settingsOf({ configuration, folder: home, url, httpUrl }: TestService): object {
  const { dataFolder, trustDomain } = configuration
  const listeners = { https: place(url), http: place(httpUrl), browser: 'off', grpc: 'off', operations: 'off' }
  return {
    ...{ dataFolder, trustDomain, publicUrl: url, publicHttpUrl: httpUrl, tokens: TOKENS },
    ...{ masterKey: { file: join(home, 'master.key') }, listeners },
  }
}

const place = (url: string): string => `127.0.0.1:${new URL(url).port}`

function keep(name: string, identity: ClientIdentity): void {
  IDENTITIES.set(name, identity)
  writeFileSync(join(folder, `${name}.pem`), identity.certificate)
  writeFileSync(join(folder, `${name}.key`), identity.key, { mode: 0o600 })
}

describe.each(GUIDES)('$guide', ({ guide, sections, notRun }) => {
  const written = sectionsOf(readDocument(guide))

  test('has no block that is not run, but for those that say why', () => {
    const known = [...sections.map(({ heading }) => heading), ...Object.keys(notRun)]
    expect(written.map(({ heading }) => heading).toSorted()).toEqual(known.toSorted())
  })

  test.each(sections)('$heading', async ({ heading, before = [], as = () => 'admin', inPlace = [] }) => {
    const blocks = written.find((section) => section.heading === heading)?.blocks ?? []
    for (const [number, commands] of blocks.entries()) {
      await before[number]?.()
      const shell: Shell = {
        folder,
        environment,
        before: (command) => `export SIGNET_CERT=${as(command)}.pem SIGNET_KEY=${as(command)}.key`,
        inPlace: (command) =>
          [...inPlace, ['https://localhost:8443', service.url] as const, ['01…', serial] as const].reduce(
            (text, [what, by]) => text.replaceAll(what, typeof by === 'string' ? by : by()),
            command,
          ),
      }
      const told = await typeBlock(commands, shell)
      for (const [i, command] of commands.entries()) {
        const text = told[i] ?? ''
        expect(untold(command, text), `${command.typed}\n${text}`).toBeUndefined()
        expect(text, command.typed).not.toContain('urn:signet:problem')
        serial = /serial (?<serial>01[0-9a-f]{32})/.exec(text)?.groups?.['serial'] ?? serial
      }
    }
  })
})
