// A pause that a signal can end.

/** Over when the time is, or as soon as `stop` is aborted. */
export function pause(seconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((over) => {
    if (stop.aborted) {
      over()
      return
    }
    const done = (): void => {
      clearTimeout(timer)
      stop.removeEventListener('abort', done)
      over()
    }
    const timer = setTimeout(done, seconds * 1000)
    stop.addEventListener('abort', done)
  })
}
