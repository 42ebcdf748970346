// What a process knows that starts now is what one knows that has followed every change since the first: each kind of change, made,
// changed and ended over the running service, on both stores.
import { afterAll, expect, test } from 'vitest'
import { SnapshotState } from '../../src/access/snapshot-state.ts'
import type { Change } from '../../src/domain/change.ts'
import { endQuarantine } from '../../src/enrollment/end-quarantine.ts'
import { beginQuarantine } from '../support/begin-quarantine.ts'
import { NOBODY, openInstallation } from '../../src/main/installation.ts'
import { onBothStores } from '../support/both-stores.ts'
import { everyKindOfChange } from '../support/every-change.ts'
import { People } from '../support/people.ts'

/** Every kind, so that a new one is missed here until something below makes it. */
const KINDS: Readonly<Record<Change['kind'], true>> = {
  ...{ user: true, project: true, member: true, account: true, service: true, deployment: true, proxy: true },
  ...{ sidecar: true, 'model-group': true, model: true, 'user-roles': true, 'role-mapping': true, setting: true },
  ...{ revocation: true, 'api-key': true, session: true, 'sign-in': true, 'token-revocation': true },
  ...{ 'user-links': true, 'token-key': true, issuer: true, crl: true, quarantine: true },
}

const people = new People()
afterAll(() => people.close())

onBothStores(
  'the state after a restart',
  () => ({ flags: people.flags({ plain: {} }) }),
  (running) => {
    test('is that of the changes, one after the other', async () => {
      const service = running()
      await everyKindOfChange(service, people)
      const { storage } = await openInstallation(service.configuration, NOBODY)
      await storage.run((tx) => beginQuarantine(tx, new Date()))
      expect(folded((await storage.readState()).changes)).toMatchObject({ quarantine: { kind: 'quarantined' } })
      await storage.run((tx) => endQuarantine(tx, new Date()))
      const { changes: state, seq } = await storage.readState()
      const log = (await storage.changesAfter(0, 100_000)).filter((entry) => entry.seq <= seq)
      await storage.close()
      const changes = log.map(({ change }) => change)
      expect(new Set(changes.map(({ kind }) => kind))).toEqual(new Set(Object.keys(KINDS)))
      expect(folded(state)).toEqual(folded(changes))
    })
  },
)

function folded(changes: readonly Change[]): object {
  const state = new SnapshotState()
  for (const change of changes) state.fold(change)
  // The order of deployments on a host says nothing; a map of a project without anybody is as good as none.
  const hosts = [...state.deploymentsByHost].map(([host, all]) => [host, all.map(({ name }) => name).sort()] as const)
  const filled = <Value>(map: Map<string, Map<string, Value>>) =>
    new Map([...map].filter(([, inner]) => inner.size > 0))
  const { members, accounts } = state
  const revocations = new Map([...state.revocations].map(([issuer, index]) => [issuer, new Map(index)]))
  const inner = { members: filled(members), accounts: filled(accounts), revocations: filled(revocations) }
  return { ...Object.fromEntries(Object.entries(state)), ...inner, deploymentsByHost: new Map(hosts) }
}
