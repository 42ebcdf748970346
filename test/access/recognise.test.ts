import { describe, expect, it } from 'vitest'
import type { CertificateFacts } from '../../src/access/facts.ts'
import { recogniseCaller } from '../../src/access/recognise.ts'
import type { Change } from '../../src/domain/change.ts'
import * as world from './world.ts'
import { AT, MONOTONIC, NOW, SERIAL, snapshotOf } from './world.ts'

describe('who a certificate speaks for', () => {
  it.each([
    world.memberCertificate(),
    world.jobCertificate(),
    world.accountCertificate(),
    world.serviceCertificate(),
    world.adminCertificate(),
  ])('$profile', (certificate) => {
    expect(recogniseCaller(snapshotOf(), certificate, AT)).toEqual({ kind: 'recognised', certificate })
  })

  it.each<[string, CertificateFacts, Change[]]>([
    ['CERT_UNTRUSTED', { kind: 'refused', reason: 'CERT_UNTRUSTED', fault: 'issuer', validity: 'unproven' }, []],
    ['CERT_REVOKED', world.memberCertificate(), [world.revocation(SERIAL, 'held')]],
    ['SUBJECT_BLOCKED', world.memberCertificate(), [world.user('alice', { status: 'blocked' })]],
    ['SUBJECT_UNKNOWN', world.adminCertificate('alice'), []],
    ['SUBJECT_UNKNOWN', world.accountCertificate(), [world.account('fraud', 'sa-etl', 'deleted')]],
  ])('nobody: %s', (reason, certificate, changes) => {
    expect(recogniseCaller(snapshotOf(...changes), certificate, AT)).toEqual({ kind: 'refused', reason })
  })

  it('nobody, when the policy is stale', () => {
    const late = { wall: NOW, monotonic: MONOTONIC + 60_000 }
    expect(recogniseCaller(snapshotOf(), world.memberCertificate(), late)).toMatchObject({ reason: 'SNAPSHOT_STALE' })
  })
})
