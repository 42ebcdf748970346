// A new certificate for an administrator, made at the machine with the master key: for the day on which the last one has
// expired or was lost. It is audited as what it is; the user must be an active administrator already.
import { CodedError } from '../domain/coded-error.ts'
import { parseUserName } from '../domain/user-name.ts'
import { recordCertificate } from '../enrollment/issue-certificate.ts'
import { NotInitialised, openInstallation } from '../main/installation.ts'
import type { Configuration } from '../ops/configuration.ts'
import { type AdministratorFiles, makeAdministratorCertificate, writeAdministratorFiles } from './administrator.ts'

export class NotAnAdministrator extends CodedError<'not_an_administrator'> {}

/** Throws `NotAnAdministrator`, `NotInitialised` and what opening the installation throws. */
export async function issueAdministratorOffline(
  configuration: Configuration,
  asked: { readonly user: string; readonly folder: string; readonly passphrase: string },
): Promise<AdministratorFiles> {
  const { storage, means, book, policy, facts } = await openInstallation(configuration)
  try {
    if (facts === undefined) throw new NotInitialised(configuration.dataFolder)
    const name = parseUserName(asked.user, policy.names)
    const key = book.issuingKeyFor('admin')
    const made = await makeAdministratorCertificate(means, name, facts.algorithm, key)
    await storage.run(async (tx) => {
      const user = await tx.user(name, 'share')
      if (user?.status !== 'active' || user.platformRole !== 'admin') {
        throw new NotAnAdministrator('not_an_administrator', { user: name })
      }
      await recordCertificate(tx, made.record, { requestId: '' })
    })
    const root = book.all().find(({ issuer }) => issuer.authority.parent === null)
    return await writeAdministratorFiles(asked.folder, asked.passphrase, {
      ...made,
      chain: [key.issuer.certificate.der],
      root: root?.issuer.certificate.der ?? new Uint8Array(),
    })
  } finally {
    await storage.close()
  }
}
