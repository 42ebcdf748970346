// Runs the benchmarks that are named, or all of them, and prints the figures with the machine they were taken on. Exits 1 when
// one misses its target.
import { parseArgs } from 'node:util'
import { authorize } from './authorize.ts'
import { check } from './check.ts'
import { crl } from './crl.ts'
import { crlDownloads } from './crl-downloads.ts'
import { crlMillion } from './crl-million.ts'
import { crlReader } from './crl-reader.ts'
import { decide } from './decide.ts'
import { deleteProject } from './delete-project.ts'
import { felt, feltMillion } from './felt.ts'
import { type Benchmark, type BenchOptions, type Figure, meets } from './figure.ts'
import { issueRevoking } from './issue-revoking.ts'
import { issue } from './issue.ts'
import { job } from './job.ts'
import { machineFacts } from './machine.ts'
import { ocsp } from './ocsp.ts'
import { ready } from './ready.ts'
import { rotateMasterKey } from './rotate-master-key.ts'
import { sidecar } from './sidecar.ts'
import { verify } from './verify.ts'

const BENCHMARKS: readonly Benchmark[] = [
  issue,
  job,
  decide,
  authorize,
  check,
  ready,
  crl,
  crlDownloads,
  crlMillion,
  issueRevoking,
  ocsp,
  crlReader,
  deleteProject,
  rotateMasterKey,
  sidecar,
  verify,
  felt,
  feltMillion,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '10' },
    profile: { type: 'string' },
  },
})
const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${BENCHMARKS.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const chosen = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const options: BenchOptions = {
  seconds: Number(values.seconds),
  profileFolder: values.profile,
  say: (text) => process.stderr.write(`${text}\n`),
}
const machine = machineFacts()
if (!values.json) printMachine()
const taken: { readonly benchmark: string; readonly figures: readonly Figure[] }[] = []
for (const { name, measures, run } of chosen) {
  options.say(`== ${name}`)
  const figures = await run(options)
  taken.push({ benchmark: name, figures })
  if (!values.json) print(name, measures, figures)
}
if (values.json) console.log(JSON.stringify({ machine, at: new Date().toISOString(), taken }, null, 2))
if (!taken.every(({ figures }) => figures.every(meets))) process.exitCode = 1

function printMachine(): void {
  for (const [name, value] of Object.entries(machine)) console.log(`${name.padEnd(10)} ${String(value)}`)
}

function print(name: string, measures: string, figures: readonly Figure[]): void {
  console.log(`\n${name}: ${measures}`)
  const width = Math.max(...figures.map((figure) => figure.name.length))
  for (const figure of figures) {
    console.log(`  ${figure.name.padEnd(width)}  ${shown(figure.value).padStart(9)} ${figure.unit}${verdict(figure)}`)
  }
}

function verdict(figure: Figure): string {
  const { target } = figure
  if (target === undefined) return ''
  const words = target.kind === 'at-least' ? 'at least' : 'at most'
  return `  (${words} ${target.value}: ${meets(figure) ? 'met' : 'MISSED'})`
}

function shown(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 3)
}
