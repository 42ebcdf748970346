// Something that is done again and again until it is stopped, one after the other. It keeps no process alive.
export interface Repeating {
  /** Resolves when nothing goes on any more. */
  stop(): Promise<void>
}

/** The first time after `milliseconds`. `act` does not reject. */
export function repeat(milliseconds: number, act: () => Promise<void>): Repeating {
  let timer: NodeJS.Timeout | undefined
  let going: Promise<void> = Promise.resolve()
  let isStopped = false
  const next = (): void => {
    if (isStopped) return
    timer = setTimeout(() => {
      going = act().then(next)
    }, milliseconds).unref()
  }
  next()
  return {
    stop: async () => {
      isStopped = true
      clearTimeout(timer)
      await going
    },
  }
}
