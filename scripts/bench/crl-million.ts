// How soon a revocation is in the CRL when a million are, and what that costs the process: its memory, and how long the event
// loop stands still. The same with 10,000, for the growth. The service has both cores, as the thread that signs needs one.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { Connection } from './connection.ts'
import { type BenchOptions, type Benchmark, type Figure, median } from './figure.ts'
import { addProject, BenchInstallation, enrolMember } from './installation.ts'
import { HOME } from './pinned.ts'
import { insertRevoked } from './revoked-certificates.ts'

const FEW = 10_000
const MANY = 1_000_000
const REVOCATIONS = 12
const LOOK_MILLISECONDS = 4
/** Behind the last CRL, so that the one-second slot is free. */
const BETWEEN_MILLISECONDS = 1_200
const GIVE_UP_SECONDS = 30
/** `nodejs_eventloop_lag` sees a timer of this length and what it was late (prom-client). */
const LAG_TIMER_SECONDS = 0.01

export const crlMillion: Benchmark = {
  name: 'crl-million',
  measures: `revocation answered to the CRL that lists it, ${MANY.toLocaleString('en')} entries; memory; longest pause`,
  run: async (options) => {
    const few = await BenchInstallation.during((installation) => measure(installation, FEW, options))
    const many = await BenchInstallation.during((installation) => measure(installation, MANY, options))
    return figuresOf(few, many)
  },
}

interface Measured {
  readonly publishedSeconds: readonly number[]
  readonly pauseSeconds: readonly number[]
  readonly residentMebibytes: number
  readonly downloadSeconds: number
  readonly mebibytes: number
}

function figuresOf(few: Measured, many: Measured): readonly Figure[] {
  const published = median(many.publishedSeconds)
  const growth = published / median(few.publishedSeconds)
  return [
    { name: 'revocation to CRL, median', value: published, unit: 's', target: { kind: 'at-most', value: 0.6 } },
    { name: 'revocation to CRL, slowest', value: Math.max(...many.publishedSeconds), unit: 's' },
    { name: `growth from ${String(FEW)}`, value: growth, unit: '', target: { kind: 'at-most', value: MANY / FEW } },
    {
      name: 'resident at most, loading included',
      value: many.residentMebibytes,
      unit: 'MiB',
      target: { kind: 'at-most', value: 381 },
    },
    {
      name: 'longest pause, median',
      value: median(many.pauseSeconds) * 1000,
      unit: 'ms',
      target: { kind: 'at-most', value: 20 },
    },
    { name: `longest pause with ${String(FEW)}, median`, value: median(few.pauseSeconds) * 1000, unit: 'ms' },
    { name: 'length of the CRL', value: many.mebibytes, unit: 'MiB' },
    { name: 'download over plain HTTP', value: many.mebibytes / many.downloadSeconds, unit: 'MiB/s' },
    { name: 'load of the machine', value: loadavg()[0] ?? 0, unit: '' },
  ]
}

async function measure(installation: BenchInstallation, entries: number, options: BenchOptions): Promise<Measured> {
  await installation.serve()
  const serials = await enrolLeavers(installation)
  await installation.stop()
  options.say(`filling the database with ${String(entries)}`)
  insertRevoked(installation.databasePath, entries)
  options.say('starting')
  const service = await serveOnAllCores(installation)
  try {
    options.say('revoking')
    return await revokeEach(installation, service.pid, serials)
  } finally {
    await service.stop()
  }
}

export async function enrolLeavers(installation: BenchInstallation, count = REVOCATIONS): Promise<readonly string[]> {
  const administrator = await installation.connectAdministrator()
  const names = { project: 'other', owner: 'otto' }
  const owner = await Connection.open(installation.server, await addProject(installation, administrator, names))
  const serials: string[] = []
  for (let number = 0; number < count; number += 1) {
    const member = { project: 'other', user: `leaver${number}` }
    serials.push((await enrolMember(installation, administrator, owner, member)).serial)
  }
  administrator.close()
  owner.close()
  return serials
}

export async function serveOnAllCores({ configFile }: BenchInstallation) {
  const words = ['serve', '--config', configFile]
  const service = spawn(join(HOME, 'scripts', 'signet'), words, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((ready, failed) => {
    service.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('ready:')) ready()
    })
    service.once('exit', (status) => failed(new Error(`the service ended with ${String(status)}`)))
  })
  const stop = async (): Promise<void> => {
    const ended = new Promise((done) => service.once('exit', done))
    service.kill('SIGTERM')
    await ended
  }
  return { pid: service.pid ?? 0, stop }
}

async function revokeEach(installation: BenchInstallation, pid: number, serials: readonly string[]): Promise<Measured> {
  const administrator = await installation.connectAdministrator()
  const publishedSeconds: number[] = []
  const pauseSeconds: number[] = []
  for (const serial of serials) {
    const before = await numberInForce(installation)
    await longestPause(installation)
    await administrator.ask('POST', `/v1/certificates/${serial}/revoke`, { reason: 'superseded' })
    publishedSeconds.push(await untilAfter(installation, before))
    pauseSeconds.push(await longestPause(installation))
    await new Promise((next) => setTimeout(next, BETWEEN_MILLISECONDS))
  }
  administrator.close()
  const residentMebibytes = peakMebibytes(pid)
  const began = performance.now()
  const crl = await fetchCrl(installation)
  const downloadSeconds = (performance.now() - began) / 1000
  const missing = serials.filter((serial) => !crl.includes(Buffer.from(serial, 'hex')))
  if (missing.length > 0) throw new Error(`${String(missing.length)} revocations are not in the CRL`)
  return { publishedSeconds, pauseSeconds, residentMebibytes, downloadSeconds, mebibytes: crl.length / 1024 ** 2 }
}

async function untilAfter(installation: BenchInstallation, before: number): Promise<number> {
  const answered = performance.now()
  for (;;) {
    const seconds = (performance.now() - answered) / 1000
    if ((await numberInForce(installation)) > before) return seconds
    if (seconds > GIVE_UP_SECONDS) throw new Error('no new CRL is published')
    await new Promise((look) => setTimeout(look, LOOK_MILLISECONDS))
  }
}

async function numberInForce({ ports }: BenchInstallation): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${ports.http}/pki/crl`)
  const { crls } = (await answer.json()) as {
    readonly crls: readonly { readonly issuer: string; readonly kind: string; readonly number: number }[]
  }
  return crls.find(({ issuer, kind }) => issuer === 'users-1' && kind === 'full')?.number ?? 0
}

/** Since it was asked last. */
async function longestPause({ ports }: BenchInstallation): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${ports.operations}/metrics`)).text()
  const value = /^nodejs_eventloop_lag_max_seconds ([\d.e-]+)/m.exec(text)?.[1]
  return Math.max(0, Number(value) - LAG_TIMER_SECONDS)
}

async function fetchCrl({ ports }: BenchInstallation): Promise<Buffer> {
  const answer = await fetch(`http://127.0.0.1:${ports.http}/pki/crl/users-1.crl`)
  return Buffer.from(await answer.arrayBuffer())
}

/** The most that was resident since it started. */
export function peakMebibytes(pid: number): number {
  const [, kibibytes = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}
