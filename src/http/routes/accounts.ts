// Service accounts of a project over HTTP: added and removed by its owners, seen by its members; certificates and tokens for
// them, for owners, launchers and the account itself.
import { z } from '@hono/zod-openapi'
import type { ServiceAccount } from '../../directory/entities.ts'
import { DirectoryRefused } from '../../directory/errors.ts'
import { parseProjectName, type ProjectName } from '../../domain/project-name.ts'
import { parseServiceAccountName } from '../../domain/user-name.ts'
import { addAccount, removeAccount } from '../../enrollment/account-acts.ts'
import { issueTokenForAccount } from '../../enrollment/account-token.ts'
import { issueForAccount } from '../../enrollment/issue-for-account.ts'
import { notPermitted } from '../../enrollment/second-look.ts'
import { issueAsAsked, withoutPassphrase } from '../key-demand.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, type ApiContext, askedOf, bodyRoute, callerIn, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import { AccountCertificateBody, CertificateAnswerBody } from '../certificate-schemas.ts'
import { PageQuery } from '../schema-parts.ts'
import { AccountBody, AccountTokenBody, TokenAnswerBody } from '../schemas.ts'
import { tokenBody } from '../token-body.ts'

const AccountAnswer = z
  .strictObject({
    project: z.string(),
    account: z.string(),
    commonName: z.string(),
    status: z.enum(['active', 'deleted']),
    createdBy: z.string(),
    createdAt: z.string(),
  })
  .openapi('ServiceAccount')
const IN_ACCOUNT = z.strictObject({ p: IN_PATH, a: IN_PATH })
const PATH = '/v1/projects/{p}/service-accounts/{a}'

export function accountRoutes(parts: ApiParts): Api {
  const api = newApi()
  addDirectory(api, parts)
  addLists(api, parts)
  addCredentials(api, parts)
  return api
}

function addDirectory(api: Api, parts: ApiParts): void {
  const { context } = parts
  const named = nameIn(parts)
  api.openapi(
    bodyRoute({
      method: 'put',
      path: PATH,
      params: IN_ACCOUNT,
      summary: 'Adds a service account. By an owner. A name that was ever used in the project is taken.',
      body: AccountBody,
      status: 201,
      answer: AccountAnswer,
    }),
    async (c) => {
      const account = await addAccount(context, { ...(await askedOf(parts, c)), ...named(c.req.valid('param')) })
      return c.json(accountBody(account), 201)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: PATH,
      params: IN_ACCOUNT,
      summary: 'Deletes a service account and revokes all it holds. Its name stays taken. By an owner.',
      query: NONE,
      status: 200,
      answer: AccountAnswer,
    }),
    async (c) => {
      const account = await removeAccount(context, { ...(await askedOf(parts, c)), ...named(c.req.valid('param')) })
      return c.json(accountBody(account), 200)
    },
  )
}

function addLists(api: Api, parts: ApiParts): void {
  const named = nameIn(parts)
  api.openapi(
    plainRoute({
      method: 'get',
      path: PATH,
      params: IN_ACCOUNT,
      summary: 'One service account, also a deleted one. For members of its project.',
      query: NONE,
      status: 200,
      answer: AccountAnswer,
    }),
    async (c) => {
      const { project, account } = named(c.req.valid('param'))
      await memberOnly(parts, c, project)
      const found = await parts.reader.read((view) => view.account(project, account, 'none'))
      if (found === undefined) throw new DirectoryRefused('account_unknown', { project, account })
      return c.json(accountBody(found), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/projects/{p}/service-accounts',
      params: z.strictObject({ p: IN_PATH }),
      summary: 'Service accounts of a project, by name. For its members.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ serviceAccounts: z.array(AccountAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const project = parseProjectName(c.req.valid('param').p, parts.context.policy.names)
      await memberOnly(parts, c, project)
      const page = await parts.reader.read((view) => view.listAccounts(project, pageRequestOf(c.req.valid('query'))))
      return c.json({ serviceAccounts: page.items.map(accountBody), ...cursorOf(page) }, 200)
    },
  )
}

function addCredentials(api: Api, parts: ApiParts): void {
  const named = nameIn(parts)
  api.openapi(
    bodyRoute({
      method: 'post',
      path: `${PATH}/certificates`,
      params: IN_ACCOUNT,
      summary: 'A certificate for a service account: for an owner, a launcher that lists the project, or the account',
      body: AccountCertificateBody,
      status: 201,
      answer: CertificateAnswerBody,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const issued = await issueAsAsked(parts, body, async (csr) =>
        issueForAccount(parts.context, {
          ...withoutPassphrase(await askedOf(parts, c), body),
          ...named(c.req.valid('param')),
          csr,
          lifetimeSeconds: body.lifetimeSeconds,
        }),
      )
      return c.json(issued, 201)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'post',
      path: `${PATH}/tokens`,
      params: IN_ACCOUNT,
      summary:
        'A short-lived JWT for a service account: for an owner, a launcher that lists the project, or the account',
      body: AccountTokenBody,
      status: 201,
      answer: TokenAnswerBody,
    }),
    async (c) => {
      const { audience, lifetimeSeconds, algorithm } = c.req.valid('json')
      const issued = await issueTokenForAccount(parts.tokens, {
        ...(await askedOf(parts, c)),
        ...named(c.req.valid('param')),
        audience,
        lifetime: lifetimeSeconds === undefined ? { kind: 'default' } : { kind: 'asked', seconds: lifetimeSeconds },
        algorithm,
      })
      return c.json(tokenBody(issued), 201, { 'cache-control': 'no-store' })
    },
  )
}

function nameIn({ context }: ApiParts) {
  const { names } = context.policy
  return ({ p, a }: { readonly p: string; readonly a: string }) => ({
    project: parseProjectName(p, names),
    account: parseServiceAccountName(a, names),
  })
}

/** Throws `EnrollmentRefused`. */
async function memberOnly(parts: ApiParts, c: ApiContext, project: ProjectName): Promise<void> {
  const caller = await callerIn(parts, c)
  const isMember = caller.kind === 'member' && caller.project === project
  const isSignedIn = caller.kind === 'session' && parts.snapshot.member(project, caller.user) !== undefined
  if (!isMember && !isSignedIn) throw notPermitted(caller)
}

function accountBody({ project, name, status, createdBy, createdAt }: ServiceAccount) {
  const commonName = `${project}__${name}`
  return { project, account: name, commonName, status, createdBy, createdAt: createdAt.toISOString() }
}
