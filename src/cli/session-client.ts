// Asks as whoever signed in on this machine: shows the session's token to the service that it is of, and fetches the next one when
// half its life is over, so that a session that is used goes on.
import type { ServiceClient } from './client.ts'
import type { Host } from './host.ts'
import { forgetSession, keepSession, type KeptSession, readSession } from './session-file.ts'
import { ServiceRefused } from './service-refused.ts'

/** A token lives a quarter of an hour. */
const RENEW_BEFORE_MILLISECONDS = 450_000

/** The client with the session of `file`; undefined when nobody is signed in there, or at another service. Throws `Refused`. */
export async function withSession(
  client: ServiceClient,
  file: string,
  { clock }: Host,
): Promise<ServiceClient | undefined> {
  const kept = await readSession(file)
  if (kept?.origin !== client.origin) return undefined
  const left = kept.expiresAt.getTime() - clock.now().getTime()
  const session = left < RENEW_BEFORE_MILLISECONDS ? await renewed(client, file, kept) : kept
  return client.withBearer(session.token)
}

/** A session that has ended is forgotten, and the service's word for it goes to the person. */
async function renewed(client: ServiceClient, file: string, kept: KeptSession): Promise<KeptSession> {
  try {
    return keepSession(file, kept.origin, await client.withBearer(kept.token).write('POST', '/v1/session/refresh'))
  } catch (error) {
    if (error instanceof ServiceRefused && error.status === 401) forgetSession(file)
    throw error
  }
}
