// People who work with model groups: members of one project with backend roles that an administrator gave them, each by a certificate, and
// one whose certificate the configuration names as a superadmin's.
import { superadminKey } from '../../src/domain/access-policy.ts'
import type { Answer, ClientIdentity } from './https-client.ts'
import { type Certified, expectStatus, type TestService } from './test-service.ts'

export const GROUPS = '/_plugins/_ml/model_groups'
export const MODELS = '/_plugins/_ml/models'
const SECURITY = '/_plugins/_security/api'

/** Backend roles by person. `sue` is the superadmin; `nina` holds no role of OpenSearch at all. */
export const BACKEND_ROLES = {
  alice: ['IT', 'HR'],
  bob: ['HR'],
  carol: ['IT'],
  dave: [],
  nina: ['IT'],
  sue: [],
} as const satisfies Record<string, readonly string[]>

type Person = keyof typeof BACKEND_ROLES
const PEOPLE: readonly Person[] = ['alice', 'bob', 'carol', 'dave', 'nina', 'sue']

export type ModelPeople = Readonly<Record<Person | 'admin' | 'owner', ClientIdentity>>

export async function addModelPeople(service: TestService): Promise<ModelPeople> {
  const owner = await service.addProject('vision', 'olivia')
  const added: [string, Certified][] = []
  for (const person of PEOPLE) added.push([person, await service.addMember('vision', person, owner)])
  for (const person of PEOPLE) await giveRoles(service, person, BACKEND_ROLES[person])
  const holders = PEOPLE.filter((person) => person !== 'nina')
  expectStatus(await service.put(`${SECURITY}/rolesmapping/ml_full_access`, { users: holders }, service.admin), 200)
  nameSuperadmin(service, 'vision__sue')
  return { ...(Object.fromEntries(added) as Record<Person, Certified>), admin: service.admin, owner }
}

export async function giveRoles(service: TestService, user: string, roles: readonly string[]): Promise<void> {
  expectStatus(await service.put(`${SECURITY}/internalusers/${user}`, { backend_roles: roles }, service.admin), 200)
}

export async function mapRole(service: TestService, role: string, users: readonly string[]): Promise<void> {
  expectStatus(await service.put(`${SECURITY}/rolesmapping/${role}`, { users }, service.admin), 200)
}

/** As the operator would have it read again: this one and no other. */
export function nameSuperadmin(service: TestService, commonName: string): void {
  service.govern({ superadmins: new Set([superadminKey('users-1', 'project-user', `CN=${commonName}`)]) })
}

/** Registers a group, and gives its id. */
export async function registered(service: TestService, by: ClientIdentity, body: object): Promise<string> {
  return String(expectStatus(await service.post(`${GROUPS}/_register`, body, by), 200).json['model_group_id'])
}

export async function registeredModel(service: TestService, by: ClientIdentity, body: object): Promise<string> {
  return String(expectStatus(await service.post(`${MODELS}/_register`, body, by), 200).json['model_id'])
}

export function groupOf(service: TestService, id: string, by: ClientIdentity = service.admin): Promise<Answer> {
  return service.get(`${GROUPS}/${id}`, by)
}

/** Status and text of a refusal, whose shape is OpenSearch's. */
export function refusal(answer: Answer): { readonly status: number; readonly reason: unknown } {
  const { error, status } = answer.json as { error?: Record<string, unknown>; status?: unknown }
  const [cause] = (error?.['root_cause'] ?? []) as Record<string, unknown>[]
  const isShaped =
    status === answer.status && cause?.['reason'] === error?.['reason'] && typeof cause?.['type'] === 'string'
  return { status: answer.status, reason: isShaped ? error?.['reason'] : `not of its shape: ${answer.text}` }
}

export async function turnAccessControl(service: TestService, value: 'enabled' | 'disabled'): Promise<void> {
  const path = '/v1/settings/model-access-control?confirm=true'
  expectStatus(await service.put(path, { value }, service.admin), 200)
}

let names = 0
/** A name that nobody has. */
export const newName = (): string => `group ${String((names += 1))}`
