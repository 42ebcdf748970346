// Whoever calls models in a benchmark: a thousand deployments of one model server, ten thousand certificates of one member, and a
// proxy that asks about them. What is cycled through is what is looked up and verified: certificates and deployments.
import type { CertificateDialect } from '../../src/domain/access-policy.ts'
import { makeRequest } from './certification-requests.ts'
import { Connection, type Identity } from './connection.ts'
import { addProject, type BenchInstallation, identityOf } from './installation.ts'

export const CERTIFICATES = 10_000
export const DEPLOYMENTS = 1_000
export const ACTING_USER = 'bench__olivia'
const AT_ONCE = 16

export interface ModelCallers {
  readonly modelServer: Identity
  /** Registered for all deployments. */
  readonly proxy: Identity
  /** PEM, each with its issuer. */
  readonly certificates: readonly string[]
}

/** Of the call with that number: deployments take turns. */
export function hostOf(number: number): string {
  return `d${number % DEPLOYMENTS}.internal`
}

export async function callersOf(
  installation: BenchInstallation,
  certificateHeader: CertificateDialect,
): Promise<ModelCallers> {
  const administrator = await installation.connectAdministrator()
  const caller = await addProject(installation, administrator, { project: 'bench', owner: 'olivia' })
  const modelServer = await serviceOf(administrator, 'model.internal')
  const proxy = await serviceOf(administrator, 'gateway.internal')
  const registration = { service: 'gateway.internal', certificateHeader, deployments: 'all' }
  await administrator.ask('PUT', '/v1/proxies/gateway', registration)
  const owner = await Connection.open(installation.server, caller)
  for (let number = 0; number < DEPLOYMENTS; number += 1) {
    const settings = { project: 'bench', host: hostOf(number), service: 'model.internal' }
    await owner.ask('PUT', `/v1/deployments/d${number}`, settings)
  }
  const certificates = await manyCertificates(installation, caller)
  for (const connection of [owner, administrator]) connection.close()
  return { modelServer, proxy, certificates }
}

async function serviceOf(administrator: Connection, name: string): Promise<Identity> {
  await administrator.ask('PUT', `/v1/services/${name}`, { systemUser: 'envoy', projects: ['bench'] })
  const request = makeRequest()
  const answer = await administrator.ask('POST', `/v1/services/${name}/certificates`, { csr: request.pem })
  return identityOf(answer, request.key)
}

async function manyCertificates({ server }: BenchInstallation, caller: Identity): Promise<readonly string[]> {
  const csr = makeRequest().pem
  const certificates: string[] = []
  const work = async (): Promise<void> => {
    const connection = await Connection.open(server, caller)
    while (certificates.length < CERTIFICATES) {
      const answer = await connection.ask('POST', '/v1/projects/bench/members/olivia/certificates', { csr })
      certificates.push(String(answer['certificate']))
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return certificates.slice(0, CERTIFICATES)
}
