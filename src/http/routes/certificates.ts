// Issuing, inventory and revocation over HTTP.
import { z } from '@hono/zod-openapi'
import type { CertificateFilter, CertificateRecord } from '../../ca/inventory.ts'
import { actorOf, type Caller } from '../../domain/caller.ts'
import { addSeconds } from '../../domain/clock.ts'
import { parseServiceName } from '../../domain/dns-name.ts'
import { parseIssuerId } from '../../domain/issuer-id.ts'
import { SEPARATOR } from '../../domain/name-rules.ts'
import { PROFILE_NAMES, type ProfileName } from '../../domain/profile-name.ts'
import { parseProjectName } from '../../domain/project-name.ts'
import { parseRevocationReason } from '../../domain/revocation-reason.ts'
import { parseSerialNumber } from '../../domain/serial-number.ts'
import { parseUserName } from '../../domain/user-name.ts'
import { enrolMember, enrolService } from '../../enrollment/enrolment-token.ts'
import { EnrollmentRefused } from '../../enrollment/errors.ts'
import { issueForMember } from '../../enrollment/issue-for-member.ts'
import { issueForService } from '../../enrollment/issue-for-service.ts'
import { holds, releaseCertificate, revokeCertificate } from '../../enrollment/revoke-certificate.ts'
import { RevocationRefused } from '../../revocation/revocation.ts'
import { administers } from '../administrator-only.ts'
import { recordBody } from '../certificate-body.ts'
import { clientAddressOf } from '../client-address.ts'
import { secretName } from '../credential-limit.ts'
import { issueAsAsked, withoutPassphrase } from '../key-demand.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, type ApiContext, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import type { SessionCaller } from '../../enrollment/sign-in-subject.ts'
import {
  CertificateAnswerBody,
  CertificateQuery,
  CertificateRecordBody,
  MemberCertificateBody,
  RevokeBody,
  ServiceCertificateBody,
} from '../certificate-schemas.ts'

const EnrolmentAnswer = z
  .strictObject({ token: z.string(), identity: z.string(), expiresAt: z.string() })
  .openapi('EnrolmentToken')
const CertificatePage = z
  .strictObject({ certificates: z.array(CertificateRecordBody), cursor: z.string().optional() })
  .openapi('CertificatePage')

export function certificateRoutes(parts: ApiParts): Api {
  const api = newApi()
  addIssuing(api, parts)
  addEnrolment(api, parts)
  addInventory(api, parts)
  addRevocation(api, parts)
  return api
}

function addIssuing(api: Api, parts: ApiParts): void {
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/projects/{p}/members/{u}/certificates',
      params: z.strictObject({ p: IN_PATH, u: IN_PATH }),
      summary: 'A certificate for a project member, for the member: with an enrolment token or the certificate before',
      body: MemberCertificateBody,
      status: 201,
      answer: CertificateAnswerBody,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const issued = await issueAsAsked(parts, body, (csr) =>
        enrolled(parts, c, body.enrolmentToken, async () =>
          issueForMember(context, {
            ...withoutPassphrase(await askedOf(parts, c), body),
            project: parseProjectName(c.req.valid('param').p, names),
            user: parseUserName(c.req.valid('param').u, names),
            csr,
            enrolmentToken: body.enrolmentToken,
            lifetimeSeconds: body.lifetimeSeconds,
          }),
        ),
      )
      return c.json(issued, 201, { 'cache-control': 'no-store' })
    },
  )
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/services/{name}/certificates',
      params: z.strictObject({ name: IN_PATH }),
      summary: 'A certificate for a service: for an administrator, the service itself, or with an enrolment token',
      body: ServiceCertificateBody,
      status: 201,
      answer: CertificateAnswerBody,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const issued = await issueAsAsked(parts, body, (csr) =>
        enrolled(parts, c, body.enrolmentToken, async () =>
          issueForService(context, {
            ...withoutPassphrase(await askedOf(parts, c), body),
            name: parseServiceName(c.req.valid('param').name, names),
            csr,
            enrolmentToken: body.enrolmentToken,
            lifetimeSeconds: body.lifetimeSeconds,
          }),
        ),
      )
      return c.json(issued, 201, { 'cache-control': 'no-store' })
    },
  )
}

/** An enrolment token that does not hold counts as a failed credential. */
function enrolled<Issued>(
  parts: ApiParts,
  context: ApiContext,
  enrolmentToken: string | undefined,
  issue: () => Promise<Issued>,
): Promise<Issued> {
  if (enrolmentToken === undefined) return issue()
  const address = clientAddressOf(context.get('socket'))
  return parts.credentialLimit.run({ kind: 'enrolment', credential: secretName(enrolmentToken), address }, issue)
}

function addEnrolment(api: Api, parts: ApiParts): void {
  const { context } = parts
  const { names } = context.policy
  const route = { method: 'post', status: 201, answer: EnrolmentAnswer, query: NONE } as const
  api.openapi(
    plainRoute({
      ...route,
      path: '/v1/projects/{p}/members/{u}/enrolment',
      params: z.strictObject({ p: IN_PATH, u: IN_PATH }),
      summary: "A single-use token for a member's first certificate",
    }),
    async (c) => {
      const made = await enrolMember(context, {
        ...(await askedOf(parts, c)),
        project: parseProjectName(c.req.valid('param').p, names),
        user: parseUserName(c.req.valid('param').u, names),
      })
      return c.json({ ...made, expiresAt: made.expiresAt.toISOString() }, 201)
    },
  )
  api.openapi(
    plainRoute({
      ...route,
      path: '/v1/services/{name}/enrolment',
      params: z.strictObject({ name: IN_PATH }),
      summary: "A single-use token for a service's certificate",
    }),
    async (c) => {
      const made = await enrolService(context, {
        ...(await askedOf(parts, c)),
        name: parseServiceName(c.req.valid('param').name, names),
      })
      return c.json({ ...made, expiresAt: made.expiresAt.toISOString() }, 201)
    },
  )
}

function addInventory(api: Api, parts: ApiParts): void {
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/certificates',
      params: NONE,
      summary: 'The inventory: its own for every caller, the project for an owner, everything for an administrator',
      query: CertificateQuery,
      status: 200,
      answer: CertificatePage,
    }),
    async (c) => {
      const query = c.req.valid('query')
      const filter = await visibleTo(parts, await callerIn(parts, c), filterOf(parts, query))
      const now = parts.context.clock.now()
      const page = await parts.reader.read((view) => view.listCertificates(filter, now, pageRequestOf(query)))
      const certificates = page.items.map((record) => recordBody(record, now))
      return c.json({ certificates, ...cursorOf(page) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/certificates/{serial}',
      params: z.strictObject({ serial: IN_PATH }),
      summary: 'One certificate of the inventory',
      query: NONE,
      status: 200,
      answer: CertificateRecordBody,
    }),
    async (c) => {
      const serial = parseSerialNumber(c.req.valid('param').serial)
      const caller = await callerIn(parts, c)
      const record = await parts.reader.read((view) => view.certificate(serial, 'none'))
      if (record === undefined || !(await maySee(parts, caller, record))) {
        throw new RevocationRefused('certificate_unknown', { serial })
      }
      return c.json(recordBody(record, parts.context.clock.now()), 200)
    },
  )
}

function addRevocation(api: Api, parts: ApiParts): void {
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/certificates/{serial}/revoke',
      params: z.strictObject({ serial: IN_PATH }),
      summary: 'Revokes, holds, or (reason removeFromCRL) releases a hold. Asking again gives the first date.',
      body: RevokeBody,
      status: 200,
      answer: CertificateRecordBody,
    }),
    async (c) => {
      const { reason } = c.req.valid('json')
      const asked = {
        ...(await askedOf(parts, c)),
        serial: parseSerialNumber(c.req.valid('param').serial),
      }
      const record =
        reason === 'removeFromCRL'
          ? await releaseCertificate(parts.context, asked)
          : await revokeCertificate(parts.context, { ...asked, reason: parseRevocationReason(reason) })
      return c.json(recordBody(record, parts.context.clock.now()), 200)
    },
  )
}

function filterOf(parts: ApiParts, query: z.output<typeof CertificateQuery>): CertificateFilter {
  const { commonName, identity, project, profile, issuer, requester, status, expiresWithinSeconds } = query
  return {
    ...(commonName === undefined ? {} : { commonName }),
    ...(identity === undefined ? {} : { identity }),
    ...(project === undefined ? {} : { project }),
    ...(profile === undefined ? {} : { profile: parseProfileName(profile) }),
    ...(issuer === undefined ? {} : { issuer: parseIssuerId(issuer) }),
    ...(requester === undefined ? {} : { requester }),
    ...(status === undefined ? {} : { status }),
    ...(expiresWithinSeconds === undefined
      ? {}
      : { expiresBefore: addSeconds(parts.context.clock.now(), expiresWithinSeconds) }),
  }
}

function parseProfileName(input: string): ProfileName {
  const name = PROFILE_NAMES.find((known) => known === input)
  if (name === undefined)
    throw new HttpRefused('parameter_rejected', { faults: [`profile: one of ${PROFILE_NAMES.join(', ')}`] })
  return name
}

/** Narrows a filter to what the caller may see; refuses one that asks for more, instead of answering with less. */
async function visibleTo(parts: ApiParts, caller: Caller, filter: CertificateFilter): Promise<CertificateFilter> {
  if (caller.kind === 'anonymous') throw new EnrollmentRefused('unauthenticated')
  if (caller.kind === 'admin' || caller.kind === 'offline') return filter
  if (caller.kind === 'session') return visibleToPerson(parts, caller, filter)
  if (caller.kind === 'member' && isOwner(parts, caller.project, caller.user)) {
    if ((filter.project ?? caller.project) !== caller.project) throw new EnrollmentRefused('not_permitted')
    return { ...filter, project: caller.project }
  }
  const own = actorOf(caller)
  if (filter.requester === own) return filter
  if ((filter.identity ?? own) !== own) throw new EnrollmentRefused('not_permitted')
  return { ...filter, identity: own }
}

/** A person sees what they asked for by sessions; with a project, what they hold in it, or as its owner all of it. */
async function visibleToPerson(
  parts: ApiParts,
  caller: SessionCaller,
  filter: CertificateFilter,
): Promise<CertificateFilter> {
  if (await administers(parts, caller)) return filter
  const { project } = filter
  if (project !== undefined && isOwner(parts, project, caller.user)) return filter
  const own = project === undefined ? undefined : `member:${project}${SEPARATOR}${caller.user}`
  if (own !== undefined && (filter.identity ?? own) === own) return { ...filter, identity: own }
  const requester = actorOf(caller)
  if (own !== undefined || filter.identity !== undefined || (filter.requester ?? requester) !== requester) {
    throw new EnrollmentRefused('not_permitted')
  }
  return { ...filter, requester }
}

async function maySee(
  parts: ApiParts,
  caller: Caller,
  record: Pick<CertificateRecord, 'identity' | 'requester' | 'project'>,
): Promise<boolean> {
  if (caller.kind === 'anonymous') throw new EnrollmentRefused('unauthenticated')
  if (caller.kind === 'admin' || caller.kind === 'offline') return true
  if (holds(caller, record) || record.requester === actorOf(caller)) return true
  const { project } = record
  if (caller.kind === 'session') {
    return (project !== undefined && isOwner(parts, project, caller.user)) || administers(parts, caller)
  }
  return caller.kind === 'member' && project === caller.project && isOwner(parts, caller.project, caller.user)
}

function isOwner({ snapshot }: ApiParts, project: string, user: string): boolean {
  return snapshot.project(project) !== undefined && snapshot.member(project, user)?.role === 'owner'
}
