// AuthZEN Authorization API 1.0 (OpenID Foundation, final of January 2026): the same decision in the words that many policy enforcement
// points speak. §6 evaluation, §7 evaluations with their semantics, §9 metadata.
//
// A subject's id is a claim. What proves it stands in `subject.properties`, handed over by the server or proxy that saw it, or is the
// connection of this very request; without either the decision is false (rule 16).
import type { z } from '@hono/zod-openapi'
import type { Route } from '../../access/decision.ts'
import { ACTIONS } from '../../domain/access-policy.ts'
import { type AskedCall, handedOver, putCall } from '../../proxies/asked-call.ts'
import { decisionBody, handedCertificate, presentedHere, trustAsker } from '../ask-about-call.ts'
import { shownFacts } from '../authenticate.ts'
import {
  AuthZenDecision,
  AuthZenDecisions,
  AuthZenMetadata,
  type AuthZenQuestion,
  EvaluationBody,
  EvaluationsBody,
} from '../authzen-schemas.ts'
import { clientAddressOf } from '../client-address.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, type ApiContext, bodyRoute, newApi, NONE, plainRoute } from '../route.ts'

type Decided = z.output<typeof AuthZenDecision>

export function authzenRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { publicUrl } = parts
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/.well-known/authzen-configuration',
      params: NONE,
      query: NONE,
      summary: 'Where the AuthZEN endpoints are',
      status: 200,
      answer: AuthZenMetadata,
    }),
    (c) =>
      c.json(
        {
          policy_decision_point: publicUrl,
          access_evaluation_endpoint: `${publicUrl}/access/v1/evaluation`,
          access_evaluations_endpoint: `${publicUrl}/access/v1/evaluations`,
        },
        200,
      ),
  )
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/access/v1/evaluation',
      params: NONE,
      summary: 'AuthZEN: may the subject do this to the resource? Answers 200 whatever the answer.',
      body: EvaluationBody,
      status: 200,
      answer: AuthZenDecision,
    }),
    async (c) => c.json(await evaluate(parts, c, c.req.valid('json')), 200, NOT_KEPT),
  )
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/access/v1/evaluations',
      params: NONE,
      summary: 'AuthZEN: several at once. What an evaluation leaves out stands beside the list.',
      body: EvaluationsBody,
      status: 200,
      answer: AuthZenDecisions,
    }),
    async (c) => c.json(await evaluateAll(parts, c, c.req.valid('json')), 200, NOT_KEPT),
  )
  return api
}

const NOT_KEPT = { 'cache-control': 'no-store' }

type Several = z.output<typeof EvaluationsBody>

/** §7.1: without a list, as one evaluation. */
async function evaluateAll(parts: ApiParts, c: ApiContext, body: Several): Promise<z.output<typeof AuthZenDecisions>> {
  const { evaluations = [], options, ...defaults } = body
  if (evaluations.length === 0) return evaluate(parts, c, wholeQuestion(defaults))
  const questions = evaluations.map((each) => wholeQuestion({ ...defaults, ...each }))
  const decided: Decided[] = []
  for (const question of questions) {
    const answer = await evaluate(parts, c, question)
    decided.push(answer)
    if (isLast(options?.evaluations_semantic, answer.decision)) break
  }
  return { evaluations: decided }
}

/** §7.1.2.1. */
function isLast(semantic: NonNullable<Several['options']>['evaluations_semantic'], isAllowed: boolean): boolean {
  switch (semantic) {
    case undefined:
    case 'execute_all':
      return false
    case 'deny_on_first_deny':
      return !isAllowed
    case 'permit_on_first_permit':
      return isAllowed
    default:
      return semantic satisfies never
  }
}

type PartOfQuestion = { readonly [Part in keyof AuthZenQuestion]?: AuthZenQuestion[Part] | undefined }

/** Throws `HttpRefused`. */
function wholeQuestion(question: PartOfQuestion): AuthZenQuestion {
  const { subject, action, resource } = question
  const missing = Object.entries({ subject, action, resource }).filter(([, part]) => part === undefined)
  if (subject === undefined || action === undefined || resource === undefined) {
    throw new HttpRefused('body_rejected', { faults: missing.map(([name]) => `${name}: is required`) })
  }
  return { subject, action, resource }
}

async function evaluate(parts: ApiParts, c: ApiContext, question: AuthZenQuestion): Promise<Decided> {
  const { subject, resource } = question
  const route = routeOf(question)
  const action = ACTIONS.find((each) => each === question.action.name)
  if (route === undefined) return { decision: false, context: { reason: 'ROUTE_UNKNOWN' } }
  if (action === undefined) return { decision: false, context: { reason: 'ROLE_INSUFFICIENT' } }
  const shown = await shownWith(parts, c, question, route)
  const judged = await parts.calls.decide(
    putCall({
      ...shown,
      route,
      action,
      method: resource.properties?.method,
      path: resource.properties?.path,
      actingUser: actingUserOf(parts, subject),
      delegatedFor: subject.properties?.delegatedFor,
    }),
    'authzen',
  )
  const { decision, ...context } = decisionBody(judged)
  // A service acts as its system user, which several may share: it is named by its own name here, and proves it.
  const isNamed = subject.type !== 'service' || context.subject?.name === subject.id
  if (decision === 'allow' && !isNamed) return { decision: false, context: { reason: 'SUBJECT_MISMATCH' } }
  return { decision: decision === 'allow', context }
}

type Shown = Pick<AskedCall, 'asker' | 'certificate' | 'presented' | 'clientAddress'>

async function shownWith(parts: ApiParts, c: ApiContext, { subject }: AuthZenQuestion, route: Route): Promise<Shown> {
  const { certificate, token, apiKey, passphrase, clientAddress } = subject.properties ?? {}
  const presented = handedOver({ token, apiKey, passphrase })
  if (certificate === undefined && presented.length === 0) {
    const socket = c.get('socket')
    const facts = shownFacts(parts, socket)
    // A server that asks about others and shows nothing of theirs has not asked about itself.
    const isOther =
      facts !== 'absent' && facts.kind === 'verified' && facts.profile === 'service' && facts.service !== subject.id
    return {
      asker: 'self',
      certificate: isOther ? 'absent' : facts,
      presented: presentedHere(parts, c, route),
      clientAddress: clientAddressOf(socket),
    }
  }
  if (c.req.header('authorization') !== undefined) throw new HttpRefused('credential_buys_none')
  await trustAsker(parts, c.get('socket'), route)
  return { asker: 'trusted', certificate: handedCertificate(parts, certificate), presented, clientAddress }
}

/** Undefined for a resource that we decide nothing about. */
function routeOf({ resource }: AuthZenQuestion): Route | undefined {
  const { type, id, properties = {} } = resource
  const { deployment, host, model } = properties
  const models = model === undefined ? [] : [model]
  if (type === 'deployment') return { deployment: id, host, models }
  if (type !== 'model' || (deployment === undefined && host === undefined)) return undefined
  return { deployment, host, models: [id, ...models] }
}

function actingUserOf({ snapshot }: ApiParts, { type, id }: AuthZenQuestion['subject']): AskedCall['actingUser'] {
  if (type === 'passphrase') return { kind: 'credential-itself' }
  const name = type === 'service' ? (snapshot.service(id)?.systemUser ?? id) : id
  return { kind: 'named', name }
}
