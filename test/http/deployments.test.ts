// What may be said of a deployment, over the running service: each fault by its code beside the twin that is accepted, and who
// shares a host with whom.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EMITTED_IDENTITY_HEADERS, FOREIGN_IDENTITY_HEADERS } from '../../src/proxies/identity-headers.ts'
import { type Answer, known } from '../support/https-client.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const OK = { status: 200, code: undefined }
const refusal = (status: number, code: string) => ({ status, code })

/** A deployment of vision, as its owner puts it. */
class Put {
  readonly service: TestService
  readonly owner: Certified
  #count = 0

  constructor(service: TestService, owner: Certified) {
    this.service = service
    this.owner = owner
  }

  static async on(service: TestService): Promise<Put> {
    const owner = await service.addProject('vision', 'alice')
    for (const name of ['model-1.internal', 'model-2.internal'])
      await service.addService(name, { projects: ['vision'] })
    return new Put(service, owner)
  }

  as(name: string, more: object = {}): Promise<Answer> {
    const body = { project: 'vision', host: `${name}.models.internal`, service: 'model-1.internal', ...more }
    return this.service.put(`/v1/deployments/${name}`, body, this.owner)
  }

  /** One that is new. */
  one(more: object): Promise<Answer> {
    this.#count += 1
    return this.as(`d${String(this.#count)}`, more)
  }
}

describe('what a deployment says', () => {
  let service: TestService
  let put: Put
  beforeAll(async () => {
    const flags = { 'access.authModes': 'mtls,jwt,oidc,api-key,passphrase,none' }
    service = await TestService.start({ flags })
    put = await Put.on(service)
  })
  afterAll(() => service.close())

  test('is read back as it was put, by an owner and after a restart', async () => {
    const said = {
      moreHosts: ['resnet.vision.svc.cluster.local'],
      paths: ['/v1/models/resnet', '/v2/models/resnet'],
      unprotectedPaths: ['/healthz'],
      authModes: ['mtls', 'api-key'],
      externalGroups: ['lab1', 'LAB1', 'lab 1'],
      actingUser: 'credential-itself',
      credentialPlaces: [{ in: 'header', name: 'x-api-key', carries: 'api-key' }],
      delegates: ['vision__sa-gateway', 'gateway.internal'],
      deniedPrincipals: ['vision__bob', 'idp|248289761001'],
      callsPerMinute: 600,
    }
    expectStatus(await put.as('resnet', said), 200)
    const read = async () => (await service.get('/v1/deployments/resnet', put.owner)).json
    const whole = { name: 'resnet', project: 'vision', host: 'resnet.models.internal', status: 'active', ...said }
    expect(await read()).toMatchObject(whole)
    await service.stop()
    await service.restart()
    expect(await read()).toMatchObject(whole)
  })

  test('has safe defaults: protected by certificates, nothing open, nobody from outside', async () => {
    expect((await put.as('plain')).json).toMatchObject({
      authModes: ['mtls'],
      unprotectedPaths: [],
      externalGroups: [],
      actingUser: 'named',
      modelSelector: 'optional',
      credentialPlaces: [],
      delegates: [],
      passphrases: [],
    })
  })

  const place = (where: string, name: string, carries = 'api-key') => ({
    authModes: ['mtls', 'api-key'],
    credentialPlaces: [{ in: where, name, carries }],
  })
  const REJECTED = refusal(400, 'credential_place_rejected')

  test.each<[string, object, { status: number; code: string | undefined }]>([
    ['none alone', { authModes: ['none'] }, OK],
    ['none beside certificates', { authModes: ['none', 'mtls'] }, refusal(400, 'auth_modes_rejected')],
    ['no mode', { authModes: [] }, refusal(400, 'body_rejected')],
    ['a mode twice', { authModes: ['mtls', 'mtls'] }, refusal(400, 'body_rejected')],
    ['an unknown mode', { authModes: ['basic'] }, refusal(400, 'body_rejected')],
    ['oidc without a trusted issuer', { authModes: ['oidc'] }, refusal(400, 'auth_modes_rejected')],
    ['passphrase without one', { authModes: ['passphrase'] }, refusal(400, 'auth_modes_rejected')],
    [
      'a passphrase that would not count',
      { passphrases: [{ id: 'a', passphrase: 'x'.repeat(32) }] },
      refusal(400, 'auth_modes_rejected'),
    ],
    ['an unknown field', { authMode: ['mtls'] }, refusal(400, 'body_rejected')],
    ['a required selector without a model', { modelSelector: 'required' }, refusal(400, 'body_rejected')],

    ['an exact path', { unprotectedPaths: ['/debug/pprof/'] }, OK],
    ...['healthz', '/a//b', '/a/../b', '/a/./b', '/a%2fb', '/a;b', '/a\\b', '/a?x', '/a#x', '/ä', '/a b', ''].map(
      (path): [string, object, { status: number; code: string }] => [
        `the unprotected path ${JSON.stringify(path)}`,
        { unprotectedPaths: [path] },
        refusal(400, path === '' ? 'body_rejected' : 'name_rejected'),
      ],
    ),
    ['a prefix', { paths: ['/v1/models/a'] }, OK],
    ['a prefix with a slash at its end', { paths: ['/v1/models/'] }, refusal(400, 'name_rejected')],
    ['the root as a prefix', { paths: ['/'] }, refusal(400, 'name_rejected')],
    ['two prefixes side by side', { paths: ['/v1/models/a', '/v1/models/ab'] }, OK],
    ['two prefixes, one in the other', { paths: ['/v1/models', '/v1/models/a'] }, refusal(409, 'path_taken')],

    ['a host in upper case', { moreHosts: ['Resnet.internal'] }, refusal(400, 'name_rejected')],
    ['a wildcard host', { moreHosts: ['*.internal'] }, refusal(400, 'name_rejected')],
    ['a reserved host', { moreHosts: ['localhost'] }, refusal(400, 'name_rejected')],
    ['a delegate who is from outside', { delegates: ['idp|1'] }, refusal(400, 'name_rejected')],
    ['a delegate without a name', { delegates: ['vision__'] }, refusal(400, 'name_rejected')],
    ['a denied nobody', { deniedPrincipals: ['IDP|'] }, refusal(400, 'name_rejected')],
    ['a group with a control character', { externalGroups: ['lab\t1'] }, refusal(400, 'body_rejected')],
    ['an empty group', { externalGroups: [''] }, refusal(400, 'body_rejected')],
    ['a group that is half a character', { externalGroups: ['\ud800'] }, refusal(400, 'body_rejected')],
    ['no call a minute', { callsPerMinute: 0 }, refusal(400, 'body_rejected')],

    ['a key in a header of its own', place('header', 'x-api-key'), OK],
    ['a key as OpenAI sends it', place('authorization', 'Bearer'), OK],
    ['a key in a parameter', place('query', 'api_key'), OK],
    ['a key in a cookie', place('cookie', 'key'), OK],
    ['a token where none is accepted', place('header', 'x-token', 'token'), REJECTED],
    ['a header in upper case', place('header', 'X-Api-Key'), REJECTED],
    ['a header with an underscore', place('header', 'x_api_key'), REJECTED],
    ...['authorization', 'host', 'cookie', 'connection', 'te', 'upgrade', 'proxy-authorization', 'content-type'].map(
      (name): [string, object, { status: number; code: string }] => [
        `the header ${name}`,
        place('header', name),
        REJECTED,
      ],
    ),
    ...[
      'client-cert',
      'x-forwarded-client-cert',
      'x-ssl-client-cert',
      'x-client-cert',
      'x-original-uri',
      'forwarded',
    ].map((name): [string, object, { status: number; code: string }] => [
      `the header ${name}`,
      place('header', name),
      REJECTED,
    ]),
    ...[...EMITTED_IDENTITY_HEADERS, ...FOREIGN_IDENTITY_HEADERS, 'signet-act-as', 'x-signet-delegate-for'].map(
      (name): [string, object, { status: number; code: string }] => [
        `the header ${name}`,
        place('header', name),
        REJECTED,
      ],
    ),
    ["Signet's own cookie", place('cookie', '__Host-signet-session'), REJECTED],
    ['a scheme that browsers answer', place('authorization', 'Basic'), REJECTED],
    ['another spelling of a scheme', place('authorization', 'bearer'), REJECTED],
    [
      'a token in Bearer, where it stands anyway',
      { authModes: ['jwt'], credentialPlaces: [{ in: 'authorization', name: 'Bearer', carries: 'token' }] },
      REJECTED,
    ],
  ])('%s', async (_, more, expected) => {
    expect(known(await put.one(more))).toEqual(expected)
  })

  test('a refused put leaves what was there', async () => {
    expectStatus(await put.as('firm', { externalGroups: ['lab1'] }), 200)
    expect(known(await put.as('firm', { externalGroups: ['lab2'], authModes: ['none', 'jwt'] })).code).toBe(
      'auth_modes_rejected',
    )
    expect((await service.get('/v1/deployments/firm', put.owner)).json['externalGroups']).toEqual(['lab1'])
  })

  test('a request that may be asked twice keeps nothing that tells the passphrase', async () => {
    const body = {
      project: 'vision',
      host: 'twice.models.internal',
      service: 'model-1.internal',
      authModes: ['passphrase'],
      passphrases: [{ id: 'a', passphrase: 'a passphrase of some length' }],
    }
    const ask = (sent: object) =>
      service.send(
        { method: 'PUT', path: '/v1/deployments/twice', body: sent, headers: { 'idempotency-key': 'k1' } },
        put.owner,
      )
    const first = expectStatus(await ask(body), 200)
    expect(expectStatus(await ask(body), 200).json).toEqual(first.json)
    const other = { ...body, passphrases: [{ id: 'a', passphrase: 'another passphrase of that length' }] }
    expect(known(await ask(other))).toEqual(refusal(422, 'idempotency_key_reused'))
  })
})

onBothStores(
  'hosts',
  () => ({}),
  (running) => {
    let put: Put
    beforeAll(async () => {
      put = await Put.on(running())
    })

    const host = 'shared.models.internal'
    const ids = async (): Promise<unknown> => {
      const { deployments } = (await running().get('/v1/deployments', put.owner)).json
      return (deployments as { name: string; host: string; status: string }[])
        .filter((found) => found.host === host && found.status === 'active')
        .map(({ name }) => name)
    }

    test('are shared by path by deployments of one service, and free again when one is deleted', async () => {
      expect(known(await put.as('a', { host, paths: ['/v1/models/a'] }))).toEqual(OK)
      expect(known(await put.as('b', { host, paths: ['/v1/models/b'] }))).toEqual(OK)
      const refused: [string, object, string][] = [
        ['all of it', {}, 'host_taken'],
        ['the same path', { paths: ['/v1/models/a'] }, 'path_taken'],
        ['a path below', { paths: ['/v1/models/a/versions'] }, 'path_taken'],
        ['a path above', { paths: ['/v1'] }, 'path_taken'],
        ['a path beside, of another service', { paths: ['/v1/models/c'], service: 'model-2.internal' }, 'host_taken'],
      ]
      for (const [what, more, code] of refused) {
        expect(known(await put.as('c', { host, ...more })), what).toEqual(refusal(409, code))
        expect(known(await put.as('c', { moreHosts: [host], ...more })), what).toEqual(refusal(409, code))
      }
      expect(await ids()).toEqual(['a', 'b'])
      expect(known(await put.as('a', { host, paths: ['/v1/models/x'] }))).toEqual(OK)
      expect(known(await put.as('c', { host, paths: ['/v1/models/a'] }))).toEqual(OK)
      for (const name of ['a', 'b', 'c']) {
        expectStatus(await running().send({ method: 'DELETE', path: `/v1/deployments/${name}` }, put.owner), 200)
      }
      expect(await ids()).toEqual([])
      expect(known(await put.as('d', { host, service: 'model-2.internal' }))).toEqual(OK)
      const again = await running().send({ method: 'DELETE', path: '/v1/deployments/a' }, put.owner)
      expect(known(again)).toEqual(refusal(404, 'deployment_unknown'))
    })

    test('go to one of many that want overlapping parts at once', async () => {
      const contested = 'contested.models.internal'
      const paths = ['/v1', '/v1/models', '/v1/models/a', '/v1/models/a/b']
      const answers = await Promise.all(
        paths.map((path, index) => put.as(`race${String(index)}`, { host: contested, paths: [path] })),
      )
      expect(answers.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([200, 409, 409, 409])
    })

    test('are not the name of a server that serves other projects', async () => {
      const owner = await running().addProject('speech', 'sofia')
      await running().addService('tts.internal', { projects: ['speech'], dnsNames: ['tts-2.internal'] })
      await running().addService('edge.internal', { dnsNames: ['edge-2.internal'] })
      for (const name of ['tts.internal', 'tts-2.internal']) {
        expect(known(await put.as('thief', { host: name }))).toEqual(refusal(409, 'host_taken'))
        expect(known(await put.as('thief', { moreHosts: [name] }))).toEqual(refusal(409, 'host_taken'))
      }
      expect(known(await put.as('behind', { host: 'edge-2.internal' }))).toEqual(OK)
      const own = { project: 'speech', host: 'tts.internal', service: 'tts.internal' }
      expect(known(await running().put('/v1/deployments/tts', own, owner))).toEqual(OK)
    })

    test('are free when their service is removed', async () => {
      await running().addService('brief.internal', { projects: ['vision'] })
      const brief = { host: 'brief.models.internal', paths: ['/a'], service: 'brief.internal' }
      expect(known(await put.as('brief', brief))).toEqual(OK)
      expectStatus(
        await running().send({ method: 'DELETE', path: '/v1/services/brief.internal' }, running().admin),
        200,
      )
      expect(known(await put.as('after', { host: 'brief.models.internal' }))).toEqual(OK)
    })
  },
)
