// Rows of Hopsworks' external access that are about calls, as a model server asks for them: whose groups and keys open which host.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StillClock } from '../enrollment/still-clock.ts'
import { leavesNothing } from '../http/stored.ts'
import { People, sessionOf } from '../support/people.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const people = new People()
afterAll(() => people.close())

/** In seconds. */
const HOUR = 3600

/** A service with project vision, its deployment, and the external user erin with a key. */
class World {
  readonly service: TestService
  readonly clock: StillClock
  readonly owner: Certified
  readonly model: Certified

  private constructor(service: TestService, clock: StillClock, owner: Certified, model: Certified) {
    this.service = service
    this.clock = clock
    this.owner = owner
    this.model = model
  }

  static async start(loginAfterHours: number): Promise<World> {
    const clock = new StillClock()
    const flags = {
      ...people.flags({ idp: { createUsers: true } }),
      requireExternalUserLoginAfterHours: loginAfterHours,
    }
    const service = await TestService.start({ clock, flags })
    const owner = await service.addProject('vision', 'alice')
    const model = await service.addService('model-1.internal', { projects: ['vision'] })
    const world = new World(service, clock, owner, model)
    for (const name of ['open', 'shut']) await world.put(name, [])
    return world
  }

  async put(name: string, externalGroups: readonly string[]): Promise<void> {
    const body = { project: 'vision', host: `${name}.internal`, service: 'model-1.internal' }
    const authModes = ['mtls', 'api-key']
    expectStatus(
      await this.service.put(`/v1/deployments/${name}`, { ...body, authModes, externalGroups }, this.owner),
      200,
    )
  }

  async groups(name: string, externalGroups: readonly string[]): Promise<void> {
    const path = `/v1/deployments/${name}/external-groups`
    expectStatus(await this.service.put(path, { externalGroups }, this.owner), 200)
  }

  /** A new key of a person who signs in with these groups. */
  async key(user: string, groups: readonly string[], more: object = {}): Promise<string> {
    await people.put(user, groups)
    const headers = await sessionOf(this.service, 'idp', user)
    const body = { name: `k${String(Math.random()).slice(2, 12)}`, scopes: ['SERVING'], ...more }
    const made = await this.service.send({ method: 'POST', path: '/v1/api-keys', headers, body })
    return String(expectStatus(made, 201).json['value'])
  }

  async call(apiKey: string, user: string, more: object = {}): Promise<Record<string, unknown>> {
    const question = {
      credential: { apiKey },
      actingUser: `idp|${user}`,
      host: 'open.internal',
      method: 'POST',
      path: '/v1/chat/completions',
    }
    return expectStatus(await this.service.post('/v1/authorize', { ...question, ...more }, this.model), 200).json
  }

  async reason(apiKey: string, user: string, more: object = {}): Promise<unknown> {
    return (await this.call(apiKey, user, more))['reason']
  }

  async member(): Promise<unknown> {
    const question = { actingUser: 'vision__alice', host: 'open.internal', method: 'POST', path: '/predict' }
    return (await this.service.post('/v1/authorize', question, this.owner)).json['reason']
  }

  close(): Promise<void> {
    return this.service.close()
  }
}

describe('groups and hosts', () => {
  let world: World
  let key: string
  beforeAll(async () => {
    world = await World.start(-1)
    key = await world.key('erin', ['lab1', 'x'])
  })
  afterAll(() => world.close())

  test.each([
    ['HX1: the same group', ['lab1'], 'ALLOWED'],
    ['HX2: the group in another letter case', ['LAB1'], 'GROUP_NOT_GRANTED'],
    ['HX2: the group with a blank at its end', ['lab1 '], 'GROUP_NOT_GRANTED'],
    ['HX2: what the group begins with', ['lab'], 'GROUP_NOT_GRANTED'],
    ['HX2: the group in another form of Unicode', ['ｌab1'], 'GROUP_NOT_GRANTED'],
    ['HX3: one of two groups', ['x'], 'ALLOWED'],
    ['HX3: one of many that the deployment has', ['a', 'b', 'x'], 'ALLOWED'],
    ['HX4: no group at all', [], 'GROUP_NOT_GRANTED'],
  ])('%s', async (_, groups, expected) => {
    await world.groups('open', groups)
    expect(await world.reason(key, 'erin')).toBe(expected)
    expect(await world.member()).toBe('ALLOWED')
  })

  test('HX5: a group that comes later matches from then on', async () => {
    await world.groups('open', ['Lab 9 / Zürich'])
    expect(await world.reason(key, 'erin')).toBe('GROUP_NOT_GRANTED')
    const later = await world.key('erin', ['lab1', 'x', 'Lab 9 / Zürich'])
    expect(await world.reason(later, 'erin')).toBe('ALLOWED')
    expect(await world.reason(key, 'erin')).toBe('ALLOWED')
    await world.key('erin', ['lab1', 'x'])
  })

  test('HX8: the key with the right Host gets to that deployment', async () => {
    await world.groups('open', ['lab1'])
    expect(await world.call(key, 'erin')).toMatchObject({ decision: 'allow', reason: 'ALLOWED', resource: 'open' })
    expect(await world.call(key, 'erin', { host: 'OPEN.internal.:443' })).toMatchObject({ resource: 'open' })
  })

  describe('as a proxy tells of it', () => {
    let edge: Certified
    beforeAll(async () => {
      edge = await world.service.addService('edge.internal')
      const proxy = { service: 'edge.internal', certificateHeader: 'traefik', deployments: 'all' }
      expectStatus(await world.service.put('/v1/proxies/edge', proxy, world.service.admin), 200)
      await world.groups('open', ['lab1'])
    })

    const told = async (authorization: string, host = 'open.internal') => {
      const headers = {
        'x-forwarded-method': 'POST',
        'x-forwarded-uri': '/v1/chat/completions',
        'x-forwarded-host': host,
        'signet-act-as': 'idp|erin',
        authorization,
      }
      const answer = await world.service.send({ method: 'GET', path: '/authz/forward-auth', headers }, edge)
      return { status: answer.status, reason: answer.headers['x-authz-reason'], answer }
    }

    test('HX8: with Authorization as it stands on the wire, the Host alone decides which deployment it is', async () => {
      const { status, reason, answer } = await told(`ApiKey ${key}`)
      expect({ status, reason }).toEqual({ status: 200, reason: 'ALLOWED' })
      expect(answer.headers).toMatchObject({ 'signet-deployment': 'open', 'signet-subject': 'idp|erin' })
      expect(await told(`ApiKey ${key}`, 'shut.internal')).toMatchObject({ status: 403, reason: 'GROUP_NOT_GRANTED' })
      expect(await told(`ApiKey ${key}`, 'nobodys.internal')).toMatchObject({ status: 404, reason: 'ROUTE_UNKNOWN' })
    })

    test.each([
      ['HX12: as a Bearer', () => `Bearer ${key}`, 'AUTH_METHOD_NOT_ENABLED'],
      ['HX12: in lower case', () => `apikey ${key}`, 'AUTH_METHOD_NOT_ENABLED'],
      ['HX12: in upper case', () => `APIKEY ${key}`, 'AUTH_METHOD_NOT_ENABLED'],
      ['HX12: after a tab', () => `ApiKey\t${key}`, 'AUTH_METHOD_NOT_ENABLED'],
      ['HX12: after two blanks', () => `ApiKey  ${key}`, 'KEY_INVALID'],
      ['HX12: after nothing', () => `ApiKey${key}`, 'AUTH_METHOD_NOT_ENABLED'],
      ['HX12: after a colon', () => `ApiKey: ${key}`, 'AUTH_METHOD_NOT_ENABLED'],
      ['HX12: alone', () => key, 'AUTH_METHOD_NOT_ENABLED'],
    ])('%s the key is none', async (_, authorization, expected) => {
      const { status, reason, answer } = await leavesNothing(world.service, () => told(authorization()))
      expect({ status, reason }).toEqual({ status: 401, reason: expected })
      expect(answer.headers['www-authenticate']).toContain('ApiKey realm="open"')
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('signet-'))).toEqual([])
    })
  })

  test('HX9: the same key with the Host of another deployment does not', async () => {
    await world.groups('open', ['lab1'])
    expect(await world.reason(key, 'erin', { host: 'shut.internal' })).toBe('GROUP_NOT_GRANTED')
    const conflict = await world.call(key, 'erin', { host: 'shut.internal', deployment: 'open' })
    expect(conflict).toMatchObject({ decision: 'deny', reason: 'ROUTE_CONFLICT' })
  })

  test('HX10: an unknown Host is nobody’s: whoever asks about it is refused', async () => {
    const question = { actingUser: 'vision__alice', host: 'unknown.internal', method: 'POST', path: '/predict' }
    const own = await world.service.post('/v1/authorize', question, world.owner)
    expect(own.json).toMatchObject({ decision: 'deny', reason: 'ROUTE_UNKNOWN' })
    expect(own.json).not.toHaveProperty('resource')
    const handed = { ...question, credential: { apiKey: key }, actingUser: 'idp|erin' }
    expect((await world.service.post('/v1/authorize', handed, world.model)).code).toBe('asker_untrusted')
  })

  test.each(['/chat/completions', '/predict', '/v1/chat/completions', '/anything'])(
    'HX11: the path %s changes nothing',
    async (path) => {
      await world.groups('open', ['lab1'])
      expect(await world.reason(key, 'erin', { path })).toBe('ALLOWED')
      await world.groups('open', ['lab2'])
      expect(await world.reason(key, 'erin', { path })).toBe('GROUP_NOT_GRANTED')
    },
  )

  test('HX19: groups that are saved decide the next call', async () => {
    for (const [groups, expected] of [
      [['lab1'], 'ALLOWED'],
      [['lab2'], 'GROUP_NOT_GRANTED'],
      [['lab1'], 'ALLOWED'],
      [[], 'GROUP_NOT_GRANTED'],
    ] as const) {
      await world.groups('open', groups)
      expect(await world.reason(key, 'erin')).toBe(expected)
    }
  })

  test('HX28: SERVING decides, and so do the deployments that a key lists', async () => {
    await world.groups('open', ['lab1'])
    await world.groups('shut', ['lab1'])
    const narrow = await world.key('erin', ['lab1', 'x'], { name: 'narrow', deployments: ['open'] })
    expect(await world.reason(narrow, 'erin')).toBe('ALLOWED')
    expect(await world.reason(narrow, 'erin', { host: 'shut.internal' })).toBe('KEY_NOT_FOR_DEPLOYMENT')
    const headers = await sessionOf(world.service, 'idp', 'erin')
    const update = async (body: object) =>
      expectStatus(await world.service.send({ method: 'PUT', path: '/v1/api-keys/narrow', headers, body }), 200)
    await update({ scopes: ['USER'] })
    expect(await world.reason(narrow, 'erin')).toBe('SCOPE_MISSING')
    await update({ scopes: ['SERVING'] })
    expect(await world.reason(narrow, 'erin', { host: 'shut.internal' })).toBe('ALLOWED')
    await world.groups('shut', [])
  })
})

describe('the age of a sign-in', () => {
  test('HX14: with -1 it is never asked for', async () => {
    const world = await World.start(-1)
    try {
      await world.groups('open', ['lab1'])
      const key = await world.key('erin', ['lab1'])
      world.clock.pass(20 * 24 * HOUR)
      expect(await world.reason(key, 'erin')).toBe('ALLOWED')
    } finally {
      await world.close()
    }
  })

  test('HX15: with 0 nobody from outside calls anything, a moment after the sign-in; members do', async () => {
    const world = await World.start(0)
    try {
      for (const name of ['open', 'shut']) await world.groups(name, ['lab1'])
      const key = await world.key('erin', ['lab1'])
      expect(await world.reason(key, 'erin')).toBe('EXTERNAL_ACCESS_DISABLED')
      expect(await world.reason(key, 'erin', { host: 'shut.internal' })).toBe('EXTERNAL_ACCESS_DISABLED')
      expect(await world.member()).toBe('ALLOWED')
    } finally {
      await world.close()
    }
  })

  test('HX16: with N the last second allows, the next asks for a sign-in, and the same key goes on after it', async () => {
    const world = await World.start(3)
    try {
      await world.groups('open', ['lab1'])
      const key = await world.key('erin', ['lab1'])
      world.clock.pass(3 * HOUR - 1)
      expect(await world.reason(key, 'erin')).toBe('ALLOWED')
      world.clock.pass(2)
      expect(await world.reason(key, 'erin')).toBe('EXTERNAL_LOGIN_REQUIRED')
      expect(await world.reason(key, 'erin', { host: 'shut.internal' })).toBe('GROUP_NOT_GRANTED')
      await sessionOf(world.service, 'idp', 'erin')
      expect(await world.reason(key, 'erin')).toBe('ALLOWED')
    } finally {
      await world.close()
    }
  })

  test('HX18: a group that was taken away counts until the next sign-in, and the answer says as of when', async () => {
    const world = await World.start(24)
    try {
      await world.groups('open', ['lab1'])
      const key = await world.key('erin', ['lab1'])
      const headers = await sessionOf(world.service, 'idp', 'erin')
      const { groupsAsOf } = (await world.service.send({ method: 'GET', path: '/v1/me', headers })).json
      await people.put('erin', [])
      world.clock.pass(HOUR)
      expect(await world.call(key, 'erin')).toMatchObject({ reason: 'ALLOWED', groupsAsOf })
      await sessionOf(world.service, 'idp', 'erin')
      expect(await world.reason(key, 'erin')).toBe('GROUP_NOT_GRANTED')
    } finally {
      await world.close()
    }
  })
})
