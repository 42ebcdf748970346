// Which faults begin a load, and that there is one at a time.
import { expect, test } from 'vitest'
import { SnapshotGap } from '../../src/access/live-snapshot.ts'
import { Reload } from '../../src/main/reload.ts'
import { ChangeLogGap, StorageUnavailable } from '../../src/storage/errors.ts'

function watched() {
  const loads: PromiseWithResolvers<undefined>[] = []
  const failures: unknown[] = []
  const load = async (): Promise<void> => {
    const begun = Promise.withResolvers<undefined>()
    loads.push(begun)
    await begun.promise
  }
  return { reload: new Reload(load, (error) => failures.push(error)), loads, failures }
}
const turn = () => new Promise((resolve) => void setImmediate(resolve))

test.each([
  ['a gap in the change log', new ChangeLogGap(1, 3), 1],
  ['a gap between log and snapshot', new SnapshotGap(1, 3), 1],
  ['a database that is down', new StorageUnavailable('down'), 0],
  ['anything else', new Error('snapshot_gap'), 0],
])('%s', (_, fault, loads) => {
  const begun = watched()
  begun.reload.after(fault)
  expect(begun.loads).toHaveLength(loads)
})

test('a gap that is met again while the state is loaded begins no second load', async () => {
  const { reload, loads } = watched()
  reload.after(new ChangeLogGap(1, 3))
  reload.after(new ChangeLogGap(1, 3))
  reload.after(new SnapshotGap(1, 4))
  expect(loads).toHaveLength(1)
  loads[0]?.resolve(undefined)
  await turn()
  reload.after(new SnapshotGap(5, 7))
  expect(loads).toHaveLength(2)
})

test('a load that fails is told, and the gap begins another', async () => {
  const { reload, loads, failures } = watched()
  const down = new StorageUnavailable('down')
  reload.after(new ChangeLogGap(1, 3))
  loads[0]?.reject(down)
  await turn()
  expect(failures).toEqual([down])
  reload.after(new ChangeLogGap(1, 3))
  expect(loads).toHaveLength(2)
})
