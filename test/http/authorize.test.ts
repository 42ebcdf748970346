// `POST /v1/authorize` over the running service: what an asker hands over, of every kind, and who is told why.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, ClientIdentity } from '../support/https-client.ts'
import { certificateOnly, ModelCalls, PASSPHRASE } from './model-calls.ts'

let calls: ModelCalls
let apiKey: string

beforeAll(async () => {
  calls = await ModelCalls.start()
  apiKey = await calls.apiKey(calls.alice, 'calls')
})
afterAll(() => calls.close())

const SELF = { kind: 'credential-itself' }
const about = (credential: object, more: object = {}) => ({
  credential,
  actingUser: SELF,
  deployment: 'resnet',
  ...more,
})
const said = ({ status, json }: Answer) => ({ status, decision: json['decision'], reason: json['reason'] })
const allowed = { status: 200, decision: 'allow', reason: 'ALLOWED' }
const denied = (reason: string) => ({ status: 200, decision: 'deny', reason })

describe('a model server hands over all that its caller showed', () => {
  test.each<[what: string, credential: () => object | Promise<object>, rule: string, subject: string]>([
    ['a certificate', () => certificateOnly(calls.alice), 'member', 'vision__alice'],
    ['an API key', () => ({ apiKey }), 'member', 'vision__alice'],
    ['a token', async () => ({ token: await calls.token(calls.alice) }), 'member', 'vision__alice'],
    ['a passphrase', () => ({ passphrase: PASSPHRASE }), 'passphrase', 'passphrase|resnet|a'],
    ['two of one person', () => ({ ...certificateOnly(calls.alice), apiKey }), 'member', 'vision__alice'],
    [
      'a bound token and its certificate',
      async () => ({
        ...certificateOnly(calls.alice),
        token: await calls.token(calls.alice, 'resnet', { bind: true }),
      }),
      'member',
      'vision__alice',
    ],
  ])('%s', async (_, credential, rule, subject) => {
    const { json, headers, bytes } = await calls.ask(about(await credential()))
    expect(headers['content-length']).toBe(String(bytes.length))
    expect(json).toMatchObject({ decision: 'allow', matchedRule: rule, subject: { name: subject }, resource: 'resnet' })
  })

  test.each<[what: string, body: () => object | Promise<object>, reason: string]>([
    ['nothing', () => about({}), 'CREDENTIAL_MISSING'],
    [
      'a bad key beside a good certificate',
      () => about({ ...certificateOnly(calls.alice), apiKey: 'a.b' }),
      'KEY_INVALID',
    ],
    ['a bad token beside a good key', () => about({ apiKey, token: 'a.b.c' }), 'TOKEN_MALFORMED'],
    ['credentials of two', () => about({ ...certificateOnly(calls.owner), apiKey }), 'CREDENTIAL_CONFLICT'],
    ['a wrong passphrase', () => about({ passphrase: 'something else entirely' }), 'PASSPHRASE_INVALID'],
    ['text that is no certificate', () => about({ certificate: 'nothing' }), 'CERT_MALFORMED'],
    ['another acting user', () => about({ apiKey }, { actingUser: 'vision__olivia' }), 'SUBJECT_MISMATCH'],
    ['a model of nobody', () => about({ apiKey }, { model: 'nobodys' }), 'ROUTE_UNKNOWN'],
    ['a path that climbs', () => about({ apiKey }, { path: '/a/../b' }), 'PATH_NOT_CANONICAL'],
    ['a host of another', () => about({ apiKey }, { host: 'nowhere.internal' }), 'ROUTE_UNKNOWN'],
    [
      'a bound token alone',
      async () => about({ token: await calls.token(calls.alice, 'resnet', { bind: true }) }),
      'TOKEN_BINDING',
    ],
    ['an action of owners', () => about({ apiKey }, { action: 'delete' }), 'ROLE_INSUFFICIENT'],
  ])('and is told what is wrong with %s', async (_, body, reason) => {
    expect(said(await calls.ask(await body()))).toEqual(denied(reason))
  })

  test('an unprotected path needs nothing, and the deployment’s own name is a model', async () => {
    const open = about({}, { path: '/healthz', method: 'GET' })
    expect((await calls.ask(open)).json).toMatchObject({ decision: 'allow', matchedRule: 'public_path' })
    expect(said(await calls.ask(about({ apiKey }, { model: 'resnet' })))).toEqual(allowed)
  })

  test.each<[who: string, by: () => ClientIdentity | undefined, status: number, code: string]>([
    ['nobody', () => undefined, 401, 'unauthenticated'],
    ['a member', () => calls.owner, 403, 'asker_untrusted'],
    ['an administrator', () => calls.service.admin, 403, 'asker_untrusted'],
  ])('not %s', async (_, by, status, code) => {
    const answer = await calls.service.post('/v1/authorize', about({ apiKey }), by())
    expect({ status: answer.status, code: answer.code }).toEqual({ status, code })
  })

  test('a registered proxy may, too', async () => {
    expect(said(await calls.ask(about({ apiKey }), calls.proxy('nginx')))).toEqual(allowed)
  })
})

describe('a caller about itself', () => {
  const itself = { actingUser: SELF, deployment: 'resnet' }
  test.each<
    [what: string, headers: () => object | Promise<object>, by: () => ClientIdentity | undefined, outcome: object]
  >([
    ['by its certificate', () => ({}), () => calls.alice, allowed],
    ['by its key', () => ({ authorization: `ApiKey ${apiKey}` }), () => undefined, allowed],
    [
      'by its token',
      async () => ({ authorization: `Bearer ${await calls.token(calls.alice)}` }),
      () => undefined,
      allowed,
    ],
    ['by both', () => ({ authorization: `ApiKey ${apiKey}` }), () => calls.alice, allowed],
    ['with nothing', () => ({}), () => undefined, denied('CREDENTIAL_MISSING')],
    [
      'with the key of another',
      () => ({ authorization: `ApiKey ${apiKey}` }),
      () => calls.owner,
      denied('CREDENTIAL_CONFLICT'),
    ],
    [
      'in a scheme that is none',
      () => ({ authorization: 'Basic YTpi' }),
      () => calls.alice,
      denied('AUTH_METHOD_NOT_ENABLED'),
    ],
  ])('%s', async (_, headers, by, outcome) => {
    const answer = await calls.service.post('/v1/authorize', itself, by(), { ...(await headers()) })
    expect(said(answer)).toEqual(outcome)
  })
})

describe('an explanation', () => {
  const why = () => about({ apiKey: `${apiKey}x` }, { explain: true })
  test.each<[who: string, by: () => ClientIdentity]>([
    ['an administrator', () => calls.service.admin],
    ['an owner of the project', () => calls.owner],
  ])('goes to %s', async (_, by) => {
    const { status, json } = await calls.service.post('/v1/authorize', why(), by())
    expect({ status, reason: json['reason'] }).toEqual({ status: 200, reason: 'KEY_INVALID' })
    const steps = json['explanation'] as { step: string; outcome: string }[]
    expect(steps.at(-1)).toMatchObject({ step: '7k', outcome: 'KEY_INVALID' })
    expect(steps.map(({ step }) => step)).toContain('2')
  })

  test.each<[who: string, by: () => ClientIdentity | undefined, status: number, code: string]>([
    ['nobody', () => undefined, 401, 'unauthenticated'],
    ['a member', () => calls.alice, 403, 'not_permitted'],
    ['an owner of another project', () => calls.mallory, 403, 'not_permitted'],
    ['the model server', () => calls.modelServer, 403, 'not_permitted'],
  ])('and not to %s', async (_, by, status, code) => {
    const answer = await calls.service.post('/v1/authorize', why(), by())
    expect({ status: answer.status, code: answer.code }).toEqual({ status, code })
  })
})

describe('AuthZEN', () => {
  const question = (properties: object | undefined, more: object = {}) => ({
    subject: { type: 'user', id: 'vision__alice', ...(properties === undefined ? {} : { properties }) },
    action: { name: 'infer' },
    resource: { type: 'deployment', id: 'resnet' },
    ...more,
  })
  const evaluate = async (body: object, by: ClientIdentity | undefined = calls.modelServer) => {
    const { status, json } = await calls.service.post('/access/v1/evaluation', body, by)
    return { status, decision: json['decision'], reason: (json['context'] as { reason?: string } | undefined)?.reason }
  }
  const yes = { status: 200, decision: true, reason: 'ALLOWED' }
  const no = (reason: string) => ({ status: 200, decision: false, reason })

  test('says where it is', async () => {
    const { url } = calls.service
    expect((await calls.service.get('/.well-known/authzen-configuration')).json).toEqual({
      policy_decision_point: url,
      access_evaluation_endpoint: `${url}/access/v1/evaluation`,
      access_evaluations_endpoint: `${url}/access/v1/evaluations`,
    })
  })

  test('by what the subject showed, or by this very connection', async () => {
    expect(await evaluate(question({ apiKey }))).toEqual(yes)
    expect(await evaluate(question({ apiKey }, { context: { time: 'now' } }))).toEqual(yes)
    expect(await evaluate(question(undefined), calls.alice)).toEqual(yes)
  })

  test.each<[what: string, body: () => object, by: () => ClientIdentity, reason: string]>([
    ['a subject that nothing proves', () => question(undefined), () => calls.modelServer, 'CREDENTIAL_MISSING'],
    [
      'a subject that nothing proves to a proxy',
      () => question(undefined),
      () => calls.proxy('nginx'),
      'CREDENTIAL_MISSING',
    ],
    ['another subject', () => question(undefined), () => calls.owner, 'CERT_CN_MISMATCH'],
    [
      'a resource of another type',
      () => question({ apiKey }, { resource: { type: 'todo', id: '1' } }),
      () => calls.modelServer,
      'ROUTE_UNKNOWN',
    ],
    [
      'an action that is none',
      () => question({ apiKey }, { action: { name: 'can_read' } }),
      () => calls.modelServer,
      'ROLE_INSUFFICIENT',
    ],
  ])('refuses %s', async (_, body, by, reason) => {
    expect(await evaluate(body(), by())).toEqual(no(reason))
  })

  test.each<[semantic: string, decisions: readonly boolean[]]>([
    ['execute_all', [true, false, true]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
  ])('several, %s', async (evaluations_semantic, decisions) => {
    const elsewhere = { resource: { type: 'todo', id: '1' } }
    const body = { ...question({ apiKey }), evaluations: [{}, elsewhere, {}], options: { evaluations_semantic } }
    const { json } = await calls.service.post('/access/v1/evaluations', body, calls.modelServer)
    expect((json['evaluations'] as { decision: boolean }[]).map(({ decision }) => decision)).toEqual(decisions)
  })
})
