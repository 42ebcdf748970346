// Connections for reading, made when they are needed and kept. One that failed is thrown away.
import type { Session } from './session.ts'
import { StorageClosed } from './errors.ts'

export class SessionPool {
  readonly #connect: () => Promise<Session>
  readonly #size: number
  readonly #idle: Session[] = []
  readonly #waiting: { give: (session: Session | undefined) => void; refuse: (error: unknown) => void }[] = []
  #open = 0
  #closed = false

  constructor(connect: () => Promise<Session>, size: number) {
    this.#connect = connect
    this.#size = size
  }

  /** Lends one connection until `work` is done. */
  async use<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const session = await this.#take()
    try {
      return await work(session)
    } finally {
      this.#giveBack(session)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { refuse } of this.#waiting.splice(0)) refuse(new StorageClosed())
    for (const session of this.#idle.splice(0)) await session.connection.close()
  }

  async #take(): Promise<Session> {
    if (this.#closed) throw new StorageClosed()
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.connection.usable) return idle
      this.#discard(idle)
    }
    if (this.#open < this.#size) return this.#make()
    const given = await new Promise<Session | undefined>((give, refuse) => this.#waiting.push({ give, refuse }))
    return given ?? this.#take()
  }

  async #make(): Promise<Session> {
    this.#open += 1
    try {
      return await this.#connect()
    } catch (error) {
      this.#open -= 1
      this.#waiting.shift()?.give(undefined)
      throw error
    }
  }

  #giveBack(session: Session): void {
    if (this.#closed || !session.connection.usable || session.doom !== undefined) {
      this.#discard(session)
      this.#waiting.shift()?.give(undefined)
      return
    }
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(session)
    else next.give(session)
  }

  #discard({ connection }: Session): void {
    this.#open -= 1
    connection.abandon()
  }
}
