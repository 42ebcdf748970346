// How long a rotation of the master key takes over many stored keys, and what those feel of it who ask the service meanwhile.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeMasterKeyFile } from '../../src/ca/keystore/master-key.ts'
import { addSeconds, systemRandom } from '../../src/domain/clock.ts'
import { parseProjectName } from '../../src/domain/project-name.ts'
import { makeSerialNumber } from '../../src/domain/serial-number.ts'
import { parseUserName } from '../../src/domain/user-name.ts'
import type { KeptKey } from '../../src/enrollment/custody-store.ts'
import { memberKeyContext } from '../../src/enrollment/sealed-keys.ts'
import { openInstallation } from '../../src/main/installation.ts'
import { makeRequest } from './certification-requests.ts'
import { Connection, encodeRequest } from './connection.ts'
import { type Benchmark, type BenchOptions, type Figure, median, quantile } from './figure.ts'
import { addProject, BenchInstallation } from './installation.ts'
import { CLIENT_CORE, HOME, spawnPinned } from './pinned.ts'
import { populate } from './population.ts'

const KEYS = 100_000
const ROWS_PER_ACT = 500
/** A passphrase of 24 characters with its length, and a P-256 key in PKCS#8. */
const SECRET_BYTES = 163

export const rotateMasterKey: Benchmark = {
  name: 'rotate-master-key',
  measures: `${KEYS.toLocaleString('en')} members' keys in custody re-sealed by the command, while a member asks for certificates`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

async function measure(installation: BenchInstallation, { say, profileFolder }: BenchOptions): Promise<Figure[]> {
  say('filling the database')
  await populate(installation, { members: KEYS, certificates: 0, revoked: 0 })
  await sealKeys(installation)
  announceNextKey(installation)
  await installation.serve(profileFolder)
  const administrator = await installation.connectAdministrator()
  const member = await addProject(installation, administrator, { project: 'other', owner: 'olivia' })
  administrator.close()
  const path = '/v1/projects/other/members/olivia/certificates'
  say('asking without a rotation')
  const quiet = await askUntil(await Connection.open(installation.server, member), path, delayed(5000))
  say('rotating')
  const began = performance.now()
  const rotation = rotate(installation)
  const during = await askUntil(await Connection.open(installation.server, member), path, rotation)
  const { resealed } = await rotation
  const seconds = (performance.now() - began) / 1000
  return [
    { name: 'rotated', value: seconds, unit: 's', target: { kind: 'at-most', value: 60 } },
    { name: 'keys re-sealed', value: resealed, unit: '', target: { kind: 'at-least', value: KEYS } },
    { name: 'certificates meanwhile', value: during.length, unit: '' },
    { name: 'an answer meanwhile, median', value: median(during), unit: 'ms' },
    { name: '99 of 100', value: quantile(during, 0.99), unit: 'ms' },
    { name: 'slowest', value: Math.max(...during), unit: 'ms' },
    { name: 'without a rotation, median', value: median(quiet), unit: 'ms' },
    { name: 'slowest without', value: Math.max(...quiet), unit: 'ms' },
  ]
}

/** Real seals of random bytes: what is in them is nothing to the rotation. */
async function sealKeys({ configuration }: BenchInstallation): Promise<void> {
  const { storage, keyStore, facts, policy } = await openInstallation(configuration)
  const project = parseProjectName('bench', policy.names)
  const createdAt = new Date()
  const sealed = (number: number): KeptKey => {
    const user = parseUserName(`member${number}`, policy.names)
    const keyFingerprint = randomBytes(32).toString('hex')
    const place = memberKeyContext(facts?.installation ?? '', { project, user, keyFingerprint })
    const sealedKey = keyStore.sealEntrusted(randomBytes(SECRET_BYTES), place, keyStore.masterKeys[0])
    const renewUntil = addSeconds(createdAt, 86_400)
    const serial = makeSerialNumber(systemRandom)
    return { project, user, keyFingerprint, serial, requester: 'bench', renewUntil, sealedKey, createdAt }
  }
  try {
    for (let done = 0; done < KEYS; done += ROWS_PER_ACT) {
      await storage.run(async (tx) => {
        for (let number = done; number < done + ROWS_PER_ACT; number += 1) await tx.putKeptKey(sealed(number))
      })
    }
  } finally {
    await storage.close()
  }
}

function announceNextKey({ configFile, folder }: BenchInstallation): void {
  const settings = JSON.parse(readFileSync(configFile, 'utf8')) as { masterKey: object }
  const nextFile = join(folder, 'next.key')
  makeMasterKeyFile(nextFile, systemRandom)
  writeFileSync(configFile, JSON.stringify({ ...settings, masterKey: { ...settings.masterKey, nextFile } }))
}

async function rotate({ configFile }: BenchInstallation): Promise<{ readonly resealed: number }> {
  const program = join(HOME, 'scripts', 'signet')
  const child = spawnPinned(CLIENT_CORE, program, ['rotate', 'master-key', '--config', configFile, '--json'])
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const status = await new Promise<number | null>((ended) => child.once('close', ended))
  if (status !== 0) throw new Error(`the rotation ended with ${String(status)}`)
  const { keys } = JSON.parse(Buffer.concat(chunks).toString()) as { keys: { member: { resealed: number } } }
  return { resealed: keys.member.resealed }
}

/** One certificate after another until `end`; gives how long each took, in milliseconds. */
async function askUntil(connection: Connection, path: string, end: Promise<unknown>): Promise<number[]> {
  const state = { ended: false }
  const stop = (): void => {
    state.ended = true
  }
  end.then(stop, stop)
  const taken: number[] = []
  while (!state.ended) {
    const request = encodeRequest('POST', path, { csr: makeRequest().pem })
    const asked = performance.now()
    const { status, body } = await connection.send(request)
    taken.push(performance.now() - asked)
    if (status !== 201) throw new Error(`${status} ${body.toString()}`)
  }
  connection.close()
  return taken
}

function delayed(milliseconds: number): Promise<void> {
  return new Promise((end) => setTimeout(end, milliseconds))
}
