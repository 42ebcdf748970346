// The main job from an empty folder: an installation, its people and services, and a model call that is allowed for the right
// user and refused for a wrong one, until the certificate is revoked.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestService } from '../support/test-service.ts'

describe('the first day of an installation', () => {
  let service: TestService

  beforeAll(async () => {
    service = await TestService.start()
  })
  afterAll(() => service.close())

  test('a member is enrolled, calls, is refused as somebody else, and is revoked', async () => {
    const alice = await service.addProject('vision', 'alice')
    const model = await service.addService('model-1.internal', { systemUser: 'kserve' })
    await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
    const ask = (actingUser: string) =>
      service.post(
        '/v1/authorize',
        { credential: { certificate: String(alice.answer['certificate']) }, actingUser, deployment: 'resnet' },
        model,
      )

    expect((await ask('vision__alice')).json).toMatchObject({
      decision: 'allow',
      reason: 'ALLOWED',
      resource: 'resnet',
    })
    expect((await ask('vision__bob')).json).toMatchObject({ decision: 'deny', reason: 'CERT_CN_MISMATCH' })

    const revoked = await service.post(`/v1/certificates/${alice.serial}/revoke`, { reason: 'keyCompromise' }, alice)
    expect(revoked.status).toBe(200)
    expect((await ask('vision__alice')).json).toMatchObject({ decision: 'deny', reason: 'CERT_REVOKED' })
  })
})
