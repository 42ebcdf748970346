// How fresh a watched service is, as figures for Prometheus (a text file for its node exporter, or a listener) and as a line.
import { createServer, type Server } from 'node:http'
import { PUBLIC, writeAtomically } from './atomic-file.ts'

export interface WatchFigures {
  readonly service: string
  readonly notAfter: Date | undefined
  /** When the service was last spoken to, and when all was last well: files fresh, hook done. */
  readonly lastContact: Date | undefined
  readonly lastGood: Date | undefined
  /** In a row. */
  readonly failures: number
  readonly isHookDue: boolean
}

function metricsText(figures: WatchFigures): string {
  const rows: readonly (readonly [string, string, number])[] = [
    ['certificate_end_seconds', 'When the certificate in use ends', secondsOf(figures.notAfter)],
    ['last_contact_seconds', 'When Signet was last spoken to', secondsOf(figures.lastContact)],
    ['last_good_seconds', 'When files and hook were last up to date', secondsOf(figures.lastGood)],
    ['failures', 'Failures in a row', figures.failures],
    ['hook_due', 'Whether the hook has still to succeed', figures.isHookDue ? 1 : 0],
  ]
  return rows
    .map(([name, help, value]) => {
      const metric = `signet_watch_${name}`
      return `# HELP ${metric} ${help}\n# TYPE ${metric} gauge\n${metric}{service="${figures.service}"} ${String(value)}\n`
    })
    .join('')
}

/** Zero: never. */
function secondsOf(at: Date | undefined): number {
  return at === undefined ? 0 : Math.floor(at.getTime() / 1000)
}

export function lineOf({ service, notAfter, lastContact, failures, isHookDue }: WatchFigures, now: Date): string {
  const until = notAfter === undefined ? 'no certificate' : `certificate until ${notAfter.toISOString()}`
  const age =
    lastContact === undefined ? 'never' : `${String(Math.floor((now.getTime() - lastContact.getTime()) / 1000))} s ago`
  const state = [
    failures > 0 ? `${String(failures)} failures in a row` : '',
    isHookDue ? 'the hook has not succeeded' : '',
  ]
  return [`${service}: ${until}`, `last contact ${age}`, ...state.filter((each) => each !== '')].join(', ')
}

export function writeMetrics(file: string | undefined, figures: WatchFigures): void {
  if (file !== undefined) writeAtomically(file, metricsText(figures), PUBLIC)
}

/** `host:port`. The figures are those at the moment of the scrape. */
export async function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  figures: () => WatchFigures,
): Promise<Server> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
    response.end(metricsText(figures()))
  })
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(port, host, () => listening())
  })
  return server
}
