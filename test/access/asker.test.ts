import { describe, expect, it } from 'vitest'
import { decideAsker } from '../../src/access/decide.ts'
import type { Route } from '../../src/access/decision.ts'
import type { CertificateFacts } from '../../src/access/facts.ts'
import { type Reason, REASONS } from '../../src/access/reasons.ts'
import type { Snapshot } from '../../src/access/snapshot.ts'
import type { Change } from '../../src/domain/change.ts'
import * as world from './world.ts'
import { AT, MONOTONIC, named, NOW, SERIAL, snapshotOf, VALIDITY } from './world.ts'

const SERVER = world.serviceCertificate('models.internal', 'serving')
const SCORER: Route = world.routeTo({ deployment: 'scorer' })
const FOREIGN: CertificateFacts = { kind: 'refused', reason: 'CERT_UNTRUSTED', fault: 'issuer', validity: 'unproven' }
const both = (deployment: string, host: string): Route => world.routeTo({ deployment, host })

describe('who may ask about a deployment', () => {
  it.each<[string, Route]>([
    ['by name', SCORER],
    ['by host', world.routeTo({ host: 'Scorer.models.internal:8443' })],
    ['by both', both('scorer', 'scorer.models.internal')],
    ['by two of its own in conflict: that is for the decision to say', both('scorer', 'churner.models.internal')],
    ['by its own name beside an unknown host: likewise', both('scorer', 'nobody.internal')],
  ])('the service that serves it, %s', (_, route) => {
    expect(decideAsker(snapshotOf(), SERVER, route, AT)).toEqual({
      kind: 'trusted',
      subject: { kind: 'service', profile: 'service', name: 'models.internal', spiffeId: SERVER.spiffeId },
      policyRevision: world.WORLD.length,
    })
  })

  it('also when its certificate has no L: it acts for nobody', () => {
    const asker = world.serviceCertificate('models.internal', 'serving', [])
    expect(decideAsker(snapshotOf(), asker, SCORER, AT).kind).toBe('trusted')
  })

  const proxy = (deployments: readonly string[] | 'all', status: 'active' | 'deleted' = 'active'): Change => ({
    kind: 'proxy',
    name: 'edge',
    service: named('batch.internal'),
    certificateDialect: 'none',
    hops: 0,
    deployments: deployments === 'all' ? deployments : deployments.map((name) => named(name)),
    status,
  })
  it.each([
    ['about what it is registered for', proxy(['scorer']), SCORER],
    ['about all, if it is registered for all', proxy('all'), SCORER],
    ['then also about what there is not: the decision says so', proxy('all'), world.routeTo({ host: 'no.internal' })],
  ])('a proxy, %s', (_, registered, route) => {
    expect(decideAsker(snapshotOf(registered), world.serviceCertificate(), route, AT).kind).toBe('trusted')
  })

  interface Row {
    readonly reason: Reason
    readonly what: string
    readonly asker?: CertificateFacts | 'absent'
    readonly route?: Route
    readonly changes?: readonly Change[]
  }
  const theirs = world.deployment('theirs', 'churn', { service: named('other.internal') })
  const rows: readonly Row[] = [
    {
      reason: 'PEP_UNTRUSTED',
      what: 'a service that serves another',
      asker: world.serviceCertificate('other.internal', 'other'),
    },
    { reason: 'PEP_UNTRUSTED', what: 'a service that may call it', asker: world.serviceCertificate() },
    { reason: 'PEP_UNTRUSTED', what: 'a member of the project', asker: world.memberCertificate() },
    { reason: 'PEP_UNTRUSTED', what: 'an administrator', asker: world.adminCertificate() },
    { reason: 'PEP_UNTRUSTED', what: 'about an unknown name', route: world.routeTo({ deployment: 'nobody' }) },
    { reason: 'PEP_UNTRUSTED', what: 'about an unknown host', route: world.routeTo({ host: 'nobody.internal' }) },
    {
      reason: 'PEP_UNTRUSTED',
      what: "about its own, with somebody else's host",
      route: both('scorer', 'theirs.models.internal'),
      changes: [theirs],
    },
    {
      reason: 'PEP_UNTRUSTED',
      what: "about somebody else's, with its own host",
      route: both('theirs', 'scorer.models.internal'),
      changes: [theirs],
    },
    {
      reason: 'PEP_UNTRUSTED',
      what: 'about what it served before',
      changes: [world.deployment('scorer', 'fraud', { service: named('other.internal') })],
    },
    {
      reason: 'PEP_UNTRUSTED',
      what: 'a proxy, about another deployment than its own',
      asker: world.serviceCertificate(),
      changes: [proxy(['churner'])],
    },
    {
      reason: 'PEP_UNTRUSTED',
      what: 'a proxy of one deployment, about an unknown host',
      asker: world.serviceCertificate(),
      route: world.routeTo({ host: 'nobody.internal' }),
      changes: [proxy(['scorer'])],
    },
    {
      reason: 'PEP_UNTRUSTED',
      what: 'what was a proxy',
      asker: world.serviceCertificate(),
      changes: [proxy('all'), proxy('all', 'deleted')],
    },
    { reason: 'CREDENTIAL_MISSING', what: 'nobody', asker: 'absent' },
    { reason: 'CERT_UNTRUSTED', what: 'a stranger', asker: FOREIGN },
    {
      reason: 'CERT_EXPIRED',
      what: 'with a certificate that ended',
      asker: { ...SERVER, validity: { notBefore: VALIDITY.notBefore, notAfter: VALIDITY.notBefore } },
    },
    {
      reason: 'CERT_REVOKED',
      what: 'with a revoked certificate',
      changes: [world.revocation(SERIAL, 'revoked', { issuer: named('services-1') })],
    },
    {
      reason: 'SUBJECT_UNKNOWN',
      what: 'a deleted service',
      changes: [world.service('models.internal', 'serving', { status: 'deleted' })],
    },
  ]
  it.each(rows)('$reason: $what', ({ reason, asker = SERVER, route = SCORER, changes = [] }) => {
    expect(decideAsker(snapshotOf(...changes), asker, route, AT)).toEqual({
      kind: 'refused',
      reason,
      step: REASONS[reason].step,
    })
  })

  it('nobody, when the policy is stale', () => {
    const late = { wall: NOW, monotonic: MONOTONIC + 60_000 }
    expect(decideAsker(snapshotOf(), SERVER, SCORER, late)).toMatchObject({ reason: 'SNAPSHOT_STALE' })
  })

  it('nobody, when something breaks', () => {
    const fault = new Error('broken')
    const snapshot: Snapshot = new Proxy(snapshotOf(), {
      get: () => {
        throw fault
      },
    })
    expect(decideAsker(snapshot, SERVER, SCORER, AT)).toEqual({
      kind: 'refused',
      reason: 'PDP_UNAVAILABLE',
      step: 'err',
      fault,
    })
  })
})
