// What a suite has to undo, noted as it is done: a suite whose beginning fails leaves no process and no mount behind.

export class Undo {
  readonly #steps: (() => void | Promise<void>)[] = []

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step)
  }

  /** The last one first. Throws what failed, after the others were undone. */
  async all(): Promise<void> {
    const failures: unknown[] = []
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'something was left behind')
  }
}
