// Step 3 with paths as they are sent: only what is listed, byte for byte, asks nobody.
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/access/decide.ts'
import { DEFAULT_DEPLOYMENT_POLICY } from '../../src/domain/access-policy.ts'
import { readCanonicalPath } from '../../src/proxies/canonical-path.ts'
import { AT, deployment, question, routeTo, snapshotOf } from './world.ts'

const policy = { ...DEFAULT_DEPLOYMENT_POLICY, unprotectedPaths: ['/healthz', '/ready?full', '/debug/pprof/'] }
const snapshot = snapshotOf(deployment('scorer', 'fraud', { policy }))

function reasonOf(method: string, target: string): string {
  const call = { reading: 'clear', method, path: readCanonicalPath(target) } as const
  const route = routeTo({ host: 'scorer.models.internal' })
  const credentials = { certificate: 'absent', certificateSeen: 'told', others: [] } as const
  return decide(snapshot, question(undefined, { call, route, credentials }), AT).reason
}

describe('an unprotected path', () => {
  it.each([
    ['GET', '/healthz', 'ALLOWED'],
    ['HEAD', '/healthz', 'ALLOWED'],
    ['GET', '/ready?full', 'ALLOWED'],
    ['GET', '/debug/pprof/', 'ALLOWED'],
    ['GET', '/debug/pprof', 'CREDENTIAL_MISSING'],
    ['GET', '/debug/pprof/heap', 'CREDENTIAL_MISSING'],
    ['GET', '/HEALTHZ', 'CREDENTIAL_MISSING'],
    ['POST', '/healthz', 'CREDENTIAL_MISSING'],
    ['get', '/healthz', 'CREDENTIAL_MISSING'],
    ['GET', '//healthz', 'CREDENTIAL_MISSING'],
    ['GET', '/healthz/', 'CREDENTIAL_MISSING'],
    ['GET', '/healthz?x', 'CREDENTIAL_MISSING'],
    ['GET', '/healthz?', 'CREDENTIAL_MISSING'],
    ['GET', '/%68ealthz', 'CREDENTIAL_MISSING'],
    ['GET', '/ready', 'CREDENTIAL_MISSING'],
    ['GET', '/healthz/../v1', 'PATH_NOT_CANONICAL'],
    ['GET', '/healthz;x', 'PATH_NOT_CANONICAL'],
    ['GET', '/healthz%2f..', 'PATH_NOT_CANONICAL'],
  ])('%s %s: %s', (method, target, reason) => {
    expect(reasonOf(method, target)).toBe(reason)
  })
})
