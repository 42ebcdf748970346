import { beforeEach, describe, expect, test } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import { createMetrics, type Metrics } from '../../src/ops/metrics.ts'
import { type HeldTime, heldTime } from './time.ts'

let time: HeldTime
let metrics: Metrics

beforeEach(() => {
  time = heldTime()
  metrics = createMetrics({
    clock: time,
    codes: ['name_rejected', 'csr_rejected'],
    reasons: ['ALLOWED', 'CERT_REVOKED'],
    ways: ['nginx'],
    credentials: ['bearer', 'sign-in'],
  })
})

async function lines(name: string): Promise<string[]> {
  const text = await metrics.render()
  return text.split('\n').filter((line) => line.startsWith(`signet_${name}{`) || line.startsWith(`signet_${name} `))
}

test('what is counted', async () => {
  metrics.certificateIssued('job')
  metrics.certificateIssued('job')
  metrics.refused('name_rejected')
  metrics.decided({ reason: 'CERT_REVOKED', way: 'nginx', seconds: 0.00004 })
  metrics.credential('bearer', 'failed')
  metrics.credential('bearer', 'limited')
  metrics.credential('guess', 'limited')
  metrics.batchCommitted({ acts: 3, seconds: 0.002 })
  metrics.requestAnswered({ method: 'GET', route: '/v1/jobs/:id', status: 404, seconds: 0.002 })
  expect(await lines('certificates_issued_total')).toEqual(['signet_certificates_issued_total{profile="job"} 2'])
  expect(await lines('refusals_total')).toEqual(['signet_refusals_total{code="name_rejected"} 1'])
  expect(await lines('credential_failures_total')).toEqual(['signet_credential_failures_total{kind="bearer"} 1'])
  expect(await lines('credential_limited_total')).toEqual([
    'signet_credential_limited_total{kind="bearer"} 1',
    'signet_credential_limited_total{kind="other"} 1',
  ])
  expect(await lines('decisions_total')).toEqual(['signet_decisions_total{reason="CERT_REVOKED",way="nginx"} 1'])
  expect(await lines('decision_seconds_bucket')).toContain('signet_decision_seconds_bucket{le="0.00005"} 1')
  expect(await lines('database_batch_acts_sum')).toEqual(['signet_database_batch_acts_sum 3'])
  expect(await lines('database_commit_seconds_count')).toEqual(['signet_database_commit_seconds_count 1'])
  expect(await lines('http_request_seconds_count')).toEqual([
    'signet_http_request_seconds_count{method="GET",route="/v1/jobs/:id",status="404"} 1',
  ])
})

test('the age of a CRL and its time left are those of the scrape', async () => {
  const thisUpdate = time.now()
  const crl = { number: 7, thisUpdate, nextUpdate: addSeconds(thisUpdate, 86_400), entries: 3, length: 512 }
  metrics.crlPublished(issuerId('users', 1), crl)
  metrics.crlPublished(issuerId('services', 1), { ...crl, number: 1 })
  await time.pass(60_000)
  expect(await lines('crl_number')).toEqual([
    'signet_crl_number{issuer="users-1"} 7',
    'signet_crl_number{issuer="services-1"} 1',
  ])
  expect((await lines('crl_entries'))[0]).toBe('signet_crl_entries{issuer="users-1"} 3')
  expect((await lines('crl_bytes'))[0]).toBe('signet_crl_bytes{issuer="users-1"} 512')
  metrics.crlsMade({ issuer: issuerId('users', 1), seconds: 0.2 })
  expect((await lines('crl_publish_seconds_bucket')).filter((line) => /le="0.(1|25)"/.test(line))).toEqual([
    'signet_crl_publish_seconds_bucket{issuer="users-1",le="0.1"} 0',
    'signet_crl_publish_seconds_bucket{issuer="users-1",le="0.25"} 1',
  ])
  expect((await lines('crl_age_seconds'))[0]).toBe('signet_crl_age_seconds{issuer="users-1"} 60')
  expect((await lines('crl_next_update_seconds'))[0]).toBe('signet_crl_next_update_seconds{issuer="users-1"} 86340')
  metrics.crlPublished(issuerId('users', 1), { ...crl, number: 8, thisUpdate: time.now() })
  expect((await lines('crl_number'))[0]).toBe('signet_crl_number{issuer="users-1"} 8')
  expect((await lines('crl_age_seconds'))[0]).toBe('signet_crl_age_seconds{issuer="users-1"} 0')
})

test('the life left of certificates in use, also when it is over', async () => {
  const validity = { notBefore: time.now(), notAfter: addSeconds(time.now(), 100) }
  metrics.certificateInUse('server', validity)
  await time.pass(101_000)
  expect(await lines('certificate_life_seconds')).toEqual(['signet_certificate_life_seconds{certificate="server"} -1'])
})

test('what is watched is read at each scrape', async () => {
  let queue = 1
  let isQuarantined = false
  metrics.watch({
    snapshotAgeSeconds: () => 0.2,
    signingQueue: () => queue,
    ocspRunning: () => 2 * queue,
    isQuarantined: () => isQuarantined,
  })
  expect(await lines('quarantined')).toEqual(['signet_quarantined 0'])
  isQuarantined = true
  expect(await lines('quarantined')).toEqual(['signet_quarantined 1'])
  expect(await lines('signing_queue')).toEqual(['signet_signing_queue 1'])
  queue = 5
  expect(await lines('signing_queue')).toEqual(['signet_signing_queue 5'])
  expect(await lines('ocsp_running')).toEqual(['signet_ocsp_running 10'])
  expect(await lines('snapshot_age_seconds')).toEqual(['signet_snapshot_age_seconds 0.2'])
})

describe('what a stranger sends makes no series of its own', () => {
  test('codes, reasons and methods that are none', async () => {
    for (let count = 0; count < 50; count += 1) {
      metrics.refused(`code_${count}`)
      metrics.decided({ reason: `REASON_${count}`, way: `way-${count}`, seconds: 0 })
      metrics.requestAnswered({ method: `M${count}`, route: '/', status: 405, seconds: 0 })
    }
    expect(await lines('refusals_total')).toEqual(['signet_refusals_total{code="other"} 50'])
    expect(await lines('decisions_total')).toEqual(['signet_decisions_total{reason="other",way="other"} 50'])
    expect(await lines('http_request_seconds_count')).toEqual([
      'signet_http_request_seconds_count{method="other",route="/",status="405"} 50',
    ])
  })

  test('routes: the first 300, known ones also afterwards', async () => {
    const answer = (route: string): void => metrics.requestAnswered({ method: 'GET', route, status: 200, seconds: 0 })
    for (let count = 0; count < 310; count += 1) answer(`/${count}`)
    answer('/299')
    const found = await lines('http_request_seconds_count')
    expect(found).toHaveLength(301)
    expect(found).toContain('signet_http_request_seconds_count{method="GET",route="/299",status="200"} 2')
    expect(found).toContain('signet_http_request_seconds_count{method="GET",route="other",status="200"} 10')
  })
})

test('two registries know nothing of each other', async () => {
  const other = createMetrics({ clock: time, codes: [], reasons: [], ways: [], credentials: [] })
  other.certificateIssued('job')
  expect(await lines('certificates_issued_total')).toEqual([])
})

test('the event loop is among the figures, and the type is that of the text format', async () => {
  expect(await metrics.render()).toContain('nodejs_eventloop_lag_seconds')
  expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/)
})
