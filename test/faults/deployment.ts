// A deployment of the prepared project, about which its members ask for themselves: the connection of the question is judged.
import type { Answer } from '../support/https-client.ts'
import { expectStatus } from '../support/test-service.ts'
import { type Member, type PreparedInstallation, PROJECT } from './prepared-installation.ts'
import type { ServiceProcess } from './service-process.ts'

const MODEL_SERVER = 'model-1.internal'
const DEPLOYMENT = 'resnet'

/** The administrator lets a service serve the project, and the owner lets it serve the model. */
export async function deploy(service: ServiceProcess, { admin, owner }: PreparedInstallation): Promise<void> {
  const server = { systemUser: 'kserve', projects: [PROJECT] }
  const deployment = { project: PROJECT, host: 'resnet.internal', service: MODEL_SERVER }
  const put = (path: string, body: unknown) => ({ method: 'PUT', path, body })
  expectStatus(await service.send(put(`/v1/services/${MODEL_SERVER}`, server), admin), 200)
  expectStatus(await service.send(put(`/v1/deployments/${DEPLOYMENT}`, deployment), owner), 200)
}

export function askAsMember(service: ServiceProcess, member: Member): Promise<Answer> {
  const asked = { actingUser: `${PROJECT}__${member.name}`, deployment: DEPLOYMENT }
  return service.post('/v1/authorize', asked, member)
}
