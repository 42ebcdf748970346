// An installation opened as a second process, whose acts can be stopped between signing and recording: what another process
// ends meanwhile is then seen, or not, by the second look.
import type { Clock } from '../../src/domain/clock.ts'
import type { ActContext } from '../../src/enrollment/act-context.ts'
import type { Acts, UnitOfWork } from '../../src/enrollment/unit-of-work.ts'
import { actContext, type OpenInstallation, openInstallation } from '../../src/main/installation.ts'
import type { Configuration } from '../../src/ops/configuration.ts'

export interface HeldActs {
  readonly context: ActContext
  readonly opened: OpenInstallation
  /** Signatures made so far. */
  readonly signatures: () => number
  /** Stops the next transaction, or a later one, before it begins; `waits` resolves then. */
  hold(transaction: number): { readonly waits: Promise<void>; readonly letGo: () => void }
  /** Stops the next transaction that inserts a certificate right before it does, after its second look. */
  holdNextInsert(): { readonly waits: Promise<void>; readonly letGo: () => void }
  close(): Promise<void>
}

interface Gate {
  readonly arrived: () => void
  readonly open: Promise<void>
}

export async function holdActs(configuration: Configuration, clock: Clock): Promise<HeldActs> {
  const opened = await openInstallation(configuration, undefined, clock)
  let signatures = 0
  let transactions = 0
  const before = new Map<number, Gate>()
  let beforeInsert: Gate | undefined
  const pass = async (gate: Gate | undefined): Promise<void> => {
    gate?.arrived()
    await gate?.open
  }
  const acts: Acts = {
    run: async (act) => {
      transactions += 1
      await pass(before.get(transactions))
      return opened.storage.run((tx) => act(stoppingAtInsert(tx)))
    },
  }
  function stoppingAtInsert(tx: UnitOfWork): UnitOfWork {
    return {
      ...tx,
      insertCertificate: async (record) => {
        const gate = beforeInsert
        beforeInsert = undefined
        await pass(gate)
        return tx.insertCertificate(record)
      },
    }
  }
  const context = actContext(opened)
  return {
    opened,
    context: { ...context, acts, issuingKeyFor: (profile) => counted(context.issuingKeyFor(profile)) },
    signatures: () => signatures,
    hold: (transaction) => held((gate) => before.set(transactions + transaction, gate)),
    holdNextInsert: () => held((gate) => (beforeInsert = gate)),
    close: () => opened.storage.close(),
  }

  function counted({ issuer, signer }: ReturnType<ActContext['issuingKeyFor']>) {
    const { purpose, algorithm, publicKey } = signer
    const sign = (bytes: Uint8Array): Promise<Uint8Array> => {
      signatures += 1
      return signer.sign(bytes)
    }
    return { issuer, signer: { purpose, algorithm, publicKey, sign } }
  }
}

function held(install: (gate: Gate) => void): { readonly waits: Promise<void>; readonly letGo: () => void } {
  const arrived = Promise.withResolvers<undefined>()
  const opened = Promise.withResolvers<undefined>()
  install({ arrived: () => arrived.resolve(undefined), open: opened.promise })
  return { waits: arrived.promise, letGo: () => opened.resolve(undefined) }
}
